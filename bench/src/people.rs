//! A large community: a million people with names of many languages, a million friendships. Measures the search by length and
//! script of the query, and the suggestions of somebody with a thousand friends, over REST with one client.

mod fill;
mod names;

use std::{io::Write as _, time::Instant};

use anyhow::ensure;
use hdrhistogram::Histogram;
use kith_e2e::{Node, Person};
use kith_sdk::rest::Paging;

use crate::postgres::Server;
use names::{Dice, Name};

/// Searches of one kind, and calls for suggestions.
const CALLS: usize = 300;
/// Friends of the ordinary viewer and of the one whom everybody knows.
const FRIENDS: [usize; 2] = [150, 1_000];

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) users: usize,
    pub(crate) friendships: usize,
}

/// Figures of one run.
pub(crate) struct People {
    pub(crate) size: Size,
    pub(crate) fill_s: f64,
    /// Each kind of query.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) searches: Taken,
    pub(crate) suggestions: Taken,
}

/// Searches of one kind.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) taken: Taken,
    /// People found, on average, of at most a page.
    pub(crate) found: f64,
}

/// How long calls took, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
}

/// How a query is made out of somebody's name.
type Make = fn(&Name, &mut Dice) -> Option<String>;

const KINDS: [(&str, Make); 10] = [
    ("2 characters", |name, _| name.beginning(2)),
    ("3 characters", |name, _| name.beginning(3)),
    ("4 to 6 characters", |name, dice| {
        name.beginning(4 + dice.below(3))
    }),
    ("7 to 12 characters", |name, dice| {
        name.beginning(7 + dice.below(6))
    }),
    ("13 to 20 characters, two words", |name, dice| {
        name.words(13 + dice.below(8))
    }),
    ("a part inside a word, 3 to 6 characters", |name, dice| {
        let length = 3 + dice.below(4);
        name.inside(length, dice)
    }),
    ("a misspelled word", Name::misspelled),
    ("Chinese and Japanese, 2 characters", |name, dice| {
        name.part_of(names::Script::Han, 2, dice)
    }),
    ("Arabic, 3 to 5 characters", |name, dice| {
        let length = 3 + dice.below(3);
        name.part_of(names::Script::Arabic, length, dice)
    }),
    ("Cyrillic, 3 to 5 characters", |name, dice| {
        let length = 3 + dice.below(3);
        name.part_of(names::Script::Cyrillic, length, dice)
    }),
];

/// Fills the node, which must be new, and measures; gives the node back as it was restarted on the way.
pub(crate) async fn measure(node: Node, size: Size) -> anyhow::Result<(People, Node)> {
    let begin = Instant::now();
    let names = ["bench_ordinary", "bench_known"];
    let viewers = Person::sign_up_all(&node, names).await;
    let friends = [
        (viewers[0].id().to_string(), FRIENDS[0]),
        (viewers[1].id().to_string(), FRIENDS[1]),
    ];
    let postgres = Server::of(&node);
    progress("making people")?;
    let people = fill::users(&postgres, size.users)?;
    progress("waiting until the node has taken them into its search")?;
    let node = fill::index(node, &postgres).await?;
    progress("making friendships")?;
    fill::friendships(&postgres, &people, size.friendships, &friends)?;
    // Tokens may have run out meanwhile.
    let [ordinary, known] = [
        viewers[0].log_in(&node).await,
        viewers[1].log_in(&node).await,
    ];
    let fill_s = begin.elapsed().as_secs_f64();
    progress("measuring")?;

    let mut dice = Dice::new(11);
    let mut all = Histogram::<u64>::new(3)?;
    let mut kinds = Vec::new();
    for (name, make) in KINDS {
        let queries = queries(&people, make, &mut dice);
        let (times, found) = search(&[&ordinary, &known], &queries).await?;
        all.add(&times)?;
        kinds.push(Kind {
            name,
            taken: Taken::of(&times),
            found,
        });
    }
    let suggestions = Taken::of(&suggest(&known).await?);
    let people = People {
        size,
        fill_s,
        kinds,
        searches: Taken::of(&all),
        suggestions,
    };
    Ok((people, node))
}

/// Says what takes long now.
fn progress(what: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{what} …")?)
}

fn queries(people: &[Name], make: Make, dice: &mut Dice) -> Vec<String> {
    let mut queries = Vec::with_capacity(CALLS);
    while queries.len() < CALLS {
        let name = &people[dice.below(people.len())];
        queries.extend(make(name, dice));
    }
    queries
}

/// Each query once, the viewers in turn; and how many people were found on average.
async fn search(viewers: &[&Person], queries: &[String]) -> anyhow::Result<(Histogram<u64>, f64)> {
    let mut times = Histogram::new(3)?;
    let mut found = 0;
    for (number, query) in queries.iter().enumerate() {
        let viewer = viewers[number % viewers.len()];
        let begin = Instant::now();
        let page = viewer.api.search_users(query, &Paging::default()).await?;
        times.record(u64::try_from(begin.elapsed().as_micros())?)?;
        found += page.items.len();
    }
    Ok((times, ratio(found, queries.len())))
}

async fn suggest(viewer: &Person) -> anyhow::Result<Histogram<u64>> {
    let mut times = Histogram::new(3)?;
    for _ in 0..CALLS {
        let begin = Instant::now();
        let page = viewer.api.suggestions(&Paging::default()).await?;
        times.record(u64::try_from(begin.elapsed().as_micros())?)?;
        ensure!(!page.items.is_empty(), "nobody was suggested");
    }
    Ok(times)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of one run are far below 2^52"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

impl Taken {
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds of one run are far below 2^52"
    )]
    fn of(times: &Histogram<u64>) -> Self {
        let at = |micros: u64| micros as f64 / 1000.0;
        Self {
            p50: at(times.value_at_quantile(0.5)),
            p99: at(times.value_at_quantile(0.99)),
            longest: at(times.max()),
        }
    }
}

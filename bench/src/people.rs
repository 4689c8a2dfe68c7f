//! A large community: a million people with names of many languages, a million friendships. Measures the search by length and
//! script of the query, and the suggestions of somebody with a thousand friends, over REST with one client.

mod community;
mod fill;
mod names;

use std::time::Instant;

use anyhow::ensure;
use hdrhistogram::Histogram;
use kith_e2e::{Node, Person};
use kith_sdk::rest::Paging;

use crate::cost::{Each, Parties, Spent};
pub(crate) use community::{Community, Size};
use names::{Dice, Name};

/// Searches of one kind, and calls for suggestions.
const CALLS: usize = 300;
/// Calls of each kind before those that count: what the server reads from the disk after its start, it reads once.
const WARM_UP: usize = 30;

/// Figures of one run.
pub(crate) struct People {
    pub(crate) size: Size,
    /// None when the community was kept from an earlier run.
    pub(crate) fill_s: Option<f64>,
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

/// How long calls took, and the processor time of one, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
    pub(crate) server_cpu: f64,
    pub(crate) postgres_cpu: f64,
}

/// Calls under way or done.
struct Calls {
    times: Histogram<u64>,
    cpu: Each,
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

/// Measures the search and the suggestions of this community.
pub(crate) async fn measure(community: &Community) -> anyhow::Result<People> {
    let Community {
        node,
        people,
        size,
        fill_s,
    } = community;
    let mut viewers = Vec::new();
    for (name, _) in community::VIEWERS {
        viewers.push(Person::returning(node, name).await);
    }
    let mut dice = Dice::new(11);
    let mut all = Calls::new()?;
    let mut kinds = Vec::new();
    for (name, make) in KINDS {
        search(node, &viewers, &queries(people, make, WARM_UP, &mut dice)).await?;
        let queries = queries(people, make, CALLS, &mut dice);
        let (calls, found) = search(node, &viewers, &queries).await?;
        all.add(&calls)?;
        kinds.push(Kind {
            name,
            taken: calls.taken(),
            found,
        });
    }
    let known = &viewers[1];
    suggest(node, known, WARM_UP).await?;
    let suggestions = suggest(node, known, CALLS).await?;
    Ok(People {
        size: *size,
        fill_s: *fill_s,
        kinds,
        searches: all.taken(),
        suggestions: suggestions.taken(),
    })
}

fn queries(people: &[Name], make: Make, count: usize, dice: &mut Dice) -> Vec<String> {
    let mut queries = Vec::with_capacity(count);
    while queries.len() < count {
        let name = &people[dice.below(people.len())];
        queries.extend(make(name, dice));
    }
    queries
}

/// Each query once, the viewers in turn; and how many people were found on average.
async fn search(
    node: &Node,
    viewers: &[Person],
    queries: &[String],
) -> anyhow::Result<(Calls, f64)> {
    let mut calls = Calls::new()?;
    let mut found = 0;
    let parties = Parties::of(node);
    let mut spent = Spent::begin(&parties)?;
    for (number, query) in queries.iter().enumerate() {
        let viewer = &viewers[number % viewers.len()];
        let begin = Instant::now();
        let page = viewer.api.search_users(query, &Paging::default()).await?;
        calls.took(begin)?;
        found += page.items.len();
    }
    spent.end(&parties)?;
    calls.cpu = spent.used();
    Ok((calls, ratio(found, queries.len())))
}

async fn suggest(node: &Node, viewer: &Person, count: usize) -> anyhow::Result<Calls> {
    let mut calls = Calls::new()?;
    let parties = Parties::of(node);
    let mut spent = Spent::begin(&parties)?;
    for _ in 0..count {
        let begin = Instant::now();
        let page = viewer.api.suggestions(&Paging::default()).await?;
        calls.took(begin)?;
        ensure!(!page.items.is_empty(), "nobody was suggested");
    }
    spent.end(&parties)?;
    calls.cpu = spent.used();
    Ok(calls)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of one run are far below 2^52"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

impl Calls {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            times: Histogram::new(3)?,
            cpu: Each::default(),
        })
    }

    fn took(&mut self, begin: Instant) -> anyhow::Result<()> {
        let micros = u64::try_from(begin.elapsed().as_micros())?;
        Ok(self.times.record(micros)?)
    }

    fn add(&mut self, others: &Self) -> anyhow::Result<()> {
        self.cpu.kith += others.cpu.kith;
        self.cpu.postgres += others.cpu.postgres;
        Ok(self.times.add(&others.times)?)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds of one run are far below 2^52"
    )]
    fn taken(&self) -> Taken {
        let at = |micros: u64| micros as f64 / 1000.0;
        let each = |seconds: f64| seconds * 1000.0 / self.times.len().max(1) as f64;
        Taken {
            p50: at(self.times.value_at_quantile(0.5)),
            p99: at(self.times.value_at_quantile(0.99)),
            longest: at(self.times.max()),
            server_cpu: each(self.cpu.kith),
            postgres_cpu: each(self.cpu.postgres),
        }
    }
}

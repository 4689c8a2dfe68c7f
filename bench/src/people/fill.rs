//! Puts people and friendships into a node's database, past the API: a million sign-ups would hash a million passwords. What the
//! search keeps of them the node writes itself, as it does for people who were there before the search.

use std::{collections::HashSet, fmt::Write as _, time::Duration};

use kith_e2e::{Node, eventually_within};

use super::names::{Dice, Name};
use crate::postgres::Server;

const DATABASE: &str = "kith";
/// The node's own work on a million people.
const INDEXING: Duration = Duration::from_mins(30);
/// Rows of one COPY.
const ROWS: usize = 100_000;
const INTERESTS: [&str; 24] = [
    "climbing",
    "chess",
    "tea",
    "running",
    "novels",
    "film",
    "cats",
    "dogs",
    "football",
    "baking",
    "maps",
    "surf",
    "yoga",
    "drums",
    "vinyl",
    "plants",
    "trains",
    "sauna",
    "poetry",
    "cricket",
    "judo",
    "knitting",
    "photography",
    "languages",
];
/// Large indexes are made at once afterwards: row by row would take the node far longer.
const LARGE_INDEXES: [&str; 2] = ["findable_text_idx", "findable_spellings_idx"];

/// Makes these people; their ids are in the order of the list.
pub(super) fn users(postgres: &Server, people: &[Name]) -> anyhow::Result<()> {
    for (chunk, people) in people.chunks(ROWS).enumerate() {
        let mut rows = String::new();
        for (place, name) in people.iter().enumerate() {
            let number = chunk * ROWS + place;
            let interest = |step: usize| INTERESTS[(number * 7 + step * number) % INTERESTS.len()];
            // Columns and order as below.
            writeln!(
                rows,
                "{}\t{}\t{}\t{}\t{{\"{}\",\"{}\"}}",
                id(number),
                name.username,
                name.display,
                name.display.to_lowercase(),
                interest(1),
                interest(5),
            )?;
        }
        postgres.copy(DATABASE, ("bench_people", PEOPLE), INTO_USERS, &rows)?;
    }
    Ok(())
}

const PEOPLE: &str =
    "user_id uuid, username text, display_name text, name_key text, interests text[]";
const INTO_USERS: &str = "INSERT INTO friends.users
    (user_id, username, display_name, name_key, bio, interests, locale, create_time, disabled, deleted, version)
    SELECT user_id, username, display_name, name_key, '', interests, 'en', now() - interval '100 days', false, false, 1
    FROM bench_people";

/// Lets the node take everybody into its search, and makes the large indexes.
pub(super) async fn index(mut node: Node, postgres: &Server) -> anyhow::Result<Node> {
    let mut definitions = String::new();
    for index in LARGE_INDEXES {
        let name = format!("SELECT pg_get_indexdef('friends.{index}'::regclass)");
        definitions.push_str(postgres.query(DATABASE, &name)?.trim());
        definitions.push(';');
        postgres.sql(DATABASE, &format!("DROP INDEX friends.{index}"))?;
    }
    let end = node.stop().await;
    anyhow::ensure!(end.success(), "kith ended with {end}");
    let node = node.restart().await;
    eventually_within(INDEXING, "everybody is in the search", async || {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let left =
            "SELECT count(*) FROM (SELECT FROM friends.users WHERE NOT indexed LIMIT 1) AS waiting";
        (postgres.query(DATABASE, left).ok()?.trim() == "0").then_some(())
    })
    .await;
    postgres.sql(
        DATABASE,
        &format!("SET maintenance_work_mem = '512MB'; {definitions}"),
    )?;
    postgres.sql(
        DATABASE,
        "VACUUM (ANALYZE) friends.users, friends.findable, friends.findable_words",
    )?;
    Ok(node)
}

/// Makes friendships: most between people who are near each other, so that friends have friends in common, some far; and so many
/// for each of the viewers, whose friends are people with many friends.
pub(super) fn friendships(
    postgres: &Server,
    people: usize,
    count: usize,
    viewers: &[(String, usize)],
) -> anyhow::Result<()> {
    let mut dice = Dice::new(3);
    let mut pairs = HashSet::with_capacity(count);
    for (viewer, friends) in viewers {
        for number in 0..*friends {
            pairs.insert(ordered(viewer.clone(), id(number * 7 % people)));
        }
    }
    // A fifth of the people have nearly all the friends.
    let active = (people / 5).max(2);
    while pairs.len() < count {
        let one = dice.skewed(active);
        let other = if dice.below(10) < 7 {
            (one + 1 + dice.below(40)) % active
        } else {
            dice.below(people)
        };
        if one != other {
            pairs.insert(ordered(id(one), id(other)));
        }
    }
    let pairs: Vec<(String, String)> = pairs.into_iter().collect();
    for pairs in pairs.chunks(ROWS) {
        let mut rows = String::new();
        for (lo, hi) in pairs {
            writeln!(rows, "{lo}\t{hi}")?;
        }
        postgres.copy(
            DATABASE,
            ("bench_pairs", "lo uuid, hi uuid"),
            INTO_FRIENDSHIPS,
            &rows,
        )?;
    }
    postgres.sql(DATABASE, "VACUUM (ANALYZE) friends.friendships")
}

const INTO_FRIENDSHIPS: &str = "INSERT INTO friends.friendships (lo, hi, create_time)
    SELECT lo, hi, now() FROM bench_pairs";

/// A version 7 id: the time counts up, so they are in order.
fn id(number: usize) -> String {
    let time = 1_760_000_000_000 + number;
    format!(
        "{:08x}-{:04x}-7000-8000-000000000000",
        time >> 16,
        time & 0xffff
    )
}

fn ordered(one: String, other: String) -> (String, String) {
    if one < other {
        (one, other)
    } else {
        (other, one)
    }
}

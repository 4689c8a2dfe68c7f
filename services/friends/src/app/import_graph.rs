//! Brings the graph of another system, many rows in one transaction, under the rules that hold for everybody.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::{
    App, Result,
    notices::Notices,
    pair_sync::{Unknown, judge_pairs},
};
use crate::{
    domain::{
        import::{Link, Made, Outcome, Step, judge_friendship, judge_request},
        pair::Pair,
        request::{FriendRequest, RequestStatus},
        visibility::VisibilityChange,
    },
    store::{self, imports, pairs, requests, users},
};

/// A row, its pair, and what is known to have become of it.
struct Row {
    link: Link,
    pair: Option<Pair>,
    outcome: Option<Outcome>,
}

impl App {
    /// Makes pairs friends; gives what became of each, in order. People's devices are told after the commit.
    pub(crate) async fn import_friendships(&self, links: Vec<Link>) -> Result<Vec<Outcome>> {
        let mut rows = self.import_rows(links).await?;
        let now = self.now();
        let mut tx = store::begin(&self.pool).await?;
        lock(&mut tx, &mut rows).await?;

        let mut seen = HashSet::new();
        let open = open_rows(&rows, &mut |pair| seen.insert(pair));
        let facts = imports::list_facts(&mut tx, &ends(&rows, &open)).await?;
        let mut made = Vec::new();
        for (&place, facts) in open.iter().zip(facts) {
            let row = &mut rows[place];
            let outcome = judge_friendship(facts);
            if let (Outcome::Created, Some(pair)) = (&outcome, row.pair) {
                let since = row.link.since.map_or(now, |since| since.min(now));
                made.push((pair, self.made(&row.link), since));
            }
            row.outcome = Some(outcome);
        }
        let mut notices = Notices::new(self);
        befriend_all(&mut tx, &made, &mut notices).await?;
        notices.write(&mut tx).await?;
        store::commit(tx).await?;

        self.wake.notify_one();
        // A row without an outcome repeats an earlier one of this call.
        Ok(outcomes(rows))
    }

    /// Makes pending requests; gives what became of each, in order.
    pub(crate) async fn import_friend_requests(&self, links: Vec<Link>) -> Result<Vec<Outcome>> {
        let mut rows = self.import_rows(links).await?;
        let mut tx = store::begin(&self.pool).await?;
        lock(&mut tx, &mut rows).await?;

        let mut notices = Notices::new(self);
        loop {
            // Each pair once a round, so that of two who ask each other the second meets the first's request.
            let mut seen = HashSet::new();
            let open = open_rows(&rows, &mut |pair| seen.insert(pair));
            if open.is_empty() {
                break;
            }
            let facts = imports::list_facts(&mut tx, &ends(&rows, &open)).await?;
            let (mut asked, mut made) = (Vec::new(), Vec::new());
            for (&place, facts) in open.iter().zip(facts) {
                let row = &mut rows[place];
                match (judge_request(facts), row.pair) {
                    (Ok(Step::Ask { hidden }), _) => asked.push(self.asked(&row.link, hidden)),
                    (Ok(Step::Befriend), Some(pair)) => {
                        made.push((pair, self.made(&row.link), self.now()));
                    }
                    (Ok(Step::Befriend), None) => {}
                    (Err(outcome), _) => {
                        row.outcome = Some(outcome);
                        continue;
                    }
                }
                row.outcome = Some(Outcome::Created);
            }
            imports::insert_requests(&mut tx, &asked).await?;
            notices.imported_requests(&asked);
            befriend_all(&mut tx, &made, &mut notices).await?;
        }
        notices.write(&mut tx).await?;
        store::commit(tx).await?;

        self.wake.notify_one();
        Ok(outcomes(rows))
    }

    /// The rows with what is clear without looking; the people are in the projection afterwards, as far as they exist.
    async fn import_rows(&self, links: Vec<Link>) -> Result<Vec<Row>> {
        let rows: Vec<Row> = links
            .into_iter()
            .map(|link| {
                let pair = Pair::of(link.from, link.to);
                let outcome = pair.is_none().then(Outcome::refused_self);
                Row {
                    link,
                    pair,
                    outcome,
                }
            })
            .collect();
        self.know_users(&people(&rows)).await?;
        Ok(rows)
    }

    fn made(&self, link: &Link) -> Made {
        Made {
            id: self.clock.new_id().into(),
            from: link.from,
            to: link.to,
        }
    }

    fn asked(&self, link: &Link, hidden: bool) -> FriendRequest {
        FriendRequest {
            id: self.clock.new_id().into(),
            sender: link.from,
            receiver: link.to,
            note: link.note.clone(),
            status: RequestStatus::Pending,
            hidden,
            create_time: self.now(),
            respond_time: None,
        }
    }
}

/// Pairs, then people, as everything about two people; refuses rows about somebody who does not exist.
async fn lock(conn: &mut PgConnection, rows: &mut [Row]) -> Result<()> {
    let wanted: HashSet<Pair> = rows.iter().filter_map(|row| row.pair).collect();
    pairs::lock(conn, &wanted.into_iter().collect::<Vec<_>>()).await?;
    let living: HashSet<UserId> = users::lock_shared(conn, &people(rows))
        .await?
        .into_iter()
        .collect();
    for row in rows.iter_mut().filter(|row| row.outcome.is_none()) {
        for (field, id) in [("id", row.link.from), ("friend_id", row.link.to)] {
            if !living.contains(&id) {
                row.outcome = Some(Outcome::refused(
                    field,
                    "not_found",
                    "there is no such user",
                ));
            }
        }
    }
    Ok(())
}

fn people(rows: &[Row]) -> Vec<UserId> {
    let ids: HashSet<UserId> = rows
        .iter()
        .flat_map(|row| [row.link.from, row.link.to])
        .collect();
    ids.into_iter().collect()
}

/// The places of rows without an outcome whose pair `take` accepts.
fn open_rows(rows: &[Row], take: &mut impl FnMut(Pair) -> bool) -> Vec<usize> {
    rows.iter()
        .enumerate()
        .filter(|(_, row)| row.outcome.is_none() && row.pair.is_some_and(&mut *take))
        .map(|(place, _)| place)
        .collect()
}

fn ends(rows: &[Row], places: &[usize]) -> Vec<(UserId, UserId)> {
    places
        .iter()
        .map(|&place| (rows[place].link.from, rows[place].link.to))
        .collect()
}

fn outcomes(rows: Vec<Row>) -> Vec<Outcome> {
    rows.into_iter()
        .map(|row| row.outcome.unwrap_or(Outcome::Unchanged))
        .collect()
}

/// Friendships, with what was open between the pairs, and chat's idea of those that it knows.
async fn befriend_all(
    conn: &mut PgConnection,
    made: &[(Pair, Made, DateTime<Utc>)],
    notices: &mut Notices<'_>,
) -> Result<()> {
    if made.is_empty() {
        return Ok(());
    }
    let pairs: Vec<Pair> = made.iter().map(|(pair, ..)| *pair).collect();
    let times: Vec<DateTime<Utc>> = made.iter().map(|(.., since)| *since).collect();
    imports::insert_friendships(conn, &pairs, &times).await?;
    let mut answered = HashSet::new();
    for id in imports::update_requests_accepted(conn, &pairs, notices.now()).await? {
        // What both saw waiting ends for both as it always does; of a hidden one its receiver knows nothing.
        if let Some(request) = requests::find(conn, id).await?.filter(|it| !it.hidden) {
            notices.request(conn, &request).await?;
            answered.extend(Pair::of(request.sender, request.receiver));
        }
    }
    for pair in &answered {
        notices.visibility(VisibilityChange::Between(*pair));
    }
    let unasked = made.iter().filter(|(pair, ..)| !answered.contains(pair));
    notices.imported_friends(&unasked.map(|(_, made, _)| *made).collect::<Vec<_>>());
    judge_pairs(conn, &pairs, Unknown::Skip, notices).await
}

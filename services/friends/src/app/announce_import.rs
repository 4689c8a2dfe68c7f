//! Tells people of what an import has made, after its commit: only those who are signed in, because who logs in later loads everything anyway.
//! So an import of new people tells nobody anything, and one into a living community reaches all devices.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::{PgConnection, PgTransaction};

use super::{App, Result, notices::Notices};
use crate::{
    domain::{
        import::Made,
        pair::Pair,
        request::{FriendRequest, RequestStatus},
        visibility::VisibilityChange,
    },
    store::{
        self, imports,
        outbox::{self, Entry},
        pairs, requests, users,
    },
};

impl App {
    /// Tells of friendships: the logs of both, and presence. May be repeated.
    pub(crate) async fn announce_friendships(&self, entry: &Entry) -> Result<()> {
        let (mut made, signed_in) = self.made_for_somebody(entry).await?;
        let Some(mut tx) = self.begin_announcement(entry, &mut made).await? else {
            return Ok(());
        };
        let mut notices = Notices::new(self);
        // Whoever is no friend any more has an event about that, which must be the last one.
        let known = imports::list_friendships(&mut tx, &pairs_of(&made)).await?;
        let since: HashMap<Pair, DateTime<Utc>> = known.into_iter().collect();
        let mut accepted = Vec::new();
        for one in &made {
            let Some(pair) = Pair::of(one.from, one.to) else {
                continue;
            };
            let Some(time) = since.get(&pair) else {
                continue;
            };
            notices.visibility(VisibilityChange::Between(pair));
            accepted.push(accepted_since(one, *time));
        }
        tell(&mut tx, &mut notices, accepted, &signed_in).await?;
        self.end_announcement(tx, notices).await
    }

    /// Tells of requests that are still open. May be repeated.
    pub(crate) async fn announce_requests(&self, entry: &Entry) -> Result<()> {
        let (mut made, signed_in) = self.made_for_somebody(entry).await?;
        let Some(mut tx) = self.begin_announcement(entry, &mut made).await? else {
            return Ok(());
        };
        let mut notices = Notices::new(self);
        let mut open = Vec::new();
        for one in &made {
            let request = requests::find(&mut tx, one.id).await?;
            open.extend(request.filter(|request| request.status == RequestStatus::Pending));
        }
        tell(&mut tx, &mut notices, open, &signed_in).await?;
        self.end_announcement(tx, notices).await
    }

    /// What somebody who is signed in is to be told, and who is. Asked after the commit: who signs in after that sees it in their lists.
    async fn made_for_somebody(&self, entry: &Entry) -> Result<(Vec<Made>, HashSet<UserId>)> {
        let mut made = Made::decode(&entry.payload);
        let people: HashSet<UserId> = made.iter().flat_map(|one| [one.from, one.to]).collect();
        let people: Vec<UserId> = people.into_iter().collect();
        let signed_in = self.siblings.list_signed_in_users(&people).await?;
        let signed_in: HashSet<UserId> = signed_in.into_iter().collect();
        made.retain(|one| signed_in.contains(&one.from) || signed_in.contains(&one.to));
        Ok((made, signed_in))
    }

    /// Takes the row, so that of two nodes one tells, then the pairs and their people, so that nothing happens to them meanwhile. Leaves out who is
    /// no more; nothing when there is nothing to tell.
    async fn begin_announcement(
        &self,
        entry: &Entry,
        made: &mut Vec<Made>,
    ) -> Result<Option<PgTransaction<'static>>> {
        if made.is_empty() {
            return Ok(None);
        }
        let people: HashSet<UserId> = made.iter().flat_map(|one| [one.from, one.to]).collect();
        let people: Vec<UserId> = people.into_iter().collect();
        let mut tx = store::begin(&self.pool).await?;
        if !outbox::delete_one(&mut tx, entry.id).await? {
            return Ok(None);
        }
        pairs::lock(&mut tx, &pairs_of(made)).await?;
        let living = users::lock_shared(&mut tx, &people).await?;
        let living: HashSet<UserId> = living.into_iter().collect();
        made.retain(|one| living.contains(&one.from) && living.contains(&one.to));
        Ok(Some(tx))
    }

    async fn end_announcement(
        &self,
        mut tx: PgTransaction<'static>,
        notices: Notices<'_>,
    ) -> Result<()> {
        notices.write(&mut tx).await?;
        store::commit(tx).await?;
        self.wake.notify_one();
        Ok(())
    }
}

/// Tells each who sees them and is signed in, person by person: somebody with many friends is looked at once, not once a friend.
async fn tell(
    conn: &mut PgConnection,
    notices: &mut Notices<'_>,
    requests: Vec<FriendRequest>,
    signed_in: &HashSet<UserId>,
) -> Result<()> {
    let mut of: BTreeMap<UserId, Vec<FriendRequest>> = BTreeMap::new();
    for request in requests {
        for viewer in request.viewers() {
            if signed_in.contains(&viewer) {
                of.entry(viewer).or_default().push(request.clone());
            }
        }
    }
    for (viewer, requests) in of {
        notices.requests_to(conn, &requests, viewer).await?;
    }
    Ok(())
}

fn pairs_of(made: &[Made]) -> Vec<Pair> {
    made.iter()
        .filter_map(|one| Pair::of(one.from, one.to))
        .collect()
}

/// An imported friendship as devices know friendships: an accepted request of the first one in the row.
fn accepted_since(made: &Made, since: DateTime<Utc>) -> FriendRequest {
    FriendRequest {
        id: made.id,
        sender: made.from,
        receiver: made.to,
        note: String::new(),
        status: RequestStatus::Accepted,
        hidden: false,
        create_time: since,
        respond_time: Some(since),
    }
}

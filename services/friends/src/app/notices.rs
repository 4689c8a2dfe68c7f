//! What a transaction has to tell others, written to the outbox with the change itself.

use std::{collections::HashMap, slice, time::Duration};

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::{App, Result};
use crate::{
    domain::{
        event::UserEvent, import::Made, pair::Pair, person::Person, request::FriendRequest,
        visibility::VisibilityChange,
    },
    siblings::encode_event,
    store::{
        outbox::{self, Kind, NewEntry},
        people,
    },
};

/// How long the relay leaves a delivery to the use case that makes it before it answers: a little more than such a call takes.
const OWN_DELIVERY: Duration = Duration::from_secs(2);

/// Collects entries for the outbox.
#[derive(Debug)]
pub(crate) struct Notices<'a> {
    app: &'a App,
    entries: Vec<NewEntry>,
}

impl<'a> Notices<'a> {
    pub(crate) const fn new(app: &'a App) -> Self {
        Self {
            app,
            entries: Vec::new(),
        }
    }

    /// The time at which all this happens.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.app.now()
    }

    /// An event for all devices of a person.
    pub(crate) fn event(&mut self, user: UserId, event: &UserEvent) {
        metrics::counter!("kith_friends_events_total", "type" => event.name()).increment(1);
        let payload = encode_event(event);
        self.entries.push(NewEntry {
            payload,
            delay: Duration::ZERO,
            ..self.entry(Kind::UserEvent, user)
        });
    }

    /// What became of a request, to each who sees it. Read in the transaction that changed it, so that relations and counts fit.
    pub(crate) async fn request(
        &mut self,
        conn: &mut PgConnection,
        request: &FriendRequest,
    ) -> Result<()> {
        for viewer in request.viewers() {
            self.request_to(conn, request, viewer).await?;
        }
        Ok(())
    }

    /// The same, to one of the two.
    pub(crate) async fn request_to(
        &mut self,
        conn: &mut PgConnection,
        request: &FriendRequest,
        viewer: UserId,
    ) -> Result<()> {
        self.requests_to(conn, slice::from_ref(request), viewer)
            .await
    }

    /// The same of several, in their order: one look for everybody whom they show.
    pub(crate) async fn requests_to(
        &mut self,
        conn: &mut PgConnection,
        requests: &[FriendRequest],
        viewer: UserId,
    ) -> Result<()> {
        let seen = requests.iter().filter_map(|request| {
            let direction = request.direction_for(viewer)?;
            Some((request, direction, request.other(viewer)))
        });
        let seen: Vec<_> = seen.collect();
        if seen.is_empty() {
            return Ok(());
        }
        let others: Vec<UserId> = seen.iter().map(|(.., other)| *other).collect();
        let others = people::list(conn, viewer, &others).await?.into_iter();
        let others: HashMap<UserId, Person> = others.map(|person| (person.id, person)).collect();
        for (request, direction, other) in seen {
            if let Some(person) = others.get(&other) {
                let view = request.view(direction, person.clone());
                self.event(viewer, &UserEvent::Request(view));
            }
        }
        Ok(())
    }

    /// Who may see whom has changed.
    pub(crate) fn visibility(&mut self, change: VisibilityChange) {
        let entry = self.entry(Kind::Visibility, change.user());
        self.entries.push(match change {
            VisibilityChange::Between(pair) => NewEntry {
                other: Some(pair.hi()),
                ..entry
            },
            VisibilityChange::Of(_) => entry,
            VisibilityChange::Gone(_) => NewEntry {
                payload: vec![1],
                ..entry
            },
        });
    }

    /// Two people who are no friends any more.
    pub(crate) fn friendship_ended(&mut self, pair: Pair) {
        self.event(pair.lo(), &UserEvent::FriendRemoved(pair.hi()));
        self.event(pair.hi(), &UserEvent::FriendRemoved(pair.lo()));
    }

    /// A pair of which chat must have the newest version.
    pub(crate) fn pair(&mut self, pair: Pair) {
        let entry = self.entry(Kind::Pair, pair.lo());
        self.entries.push(NewEntry {
            other: Some(pair.hi()),
            ..entry
        });
    }

    /// A person whose pairs are to be judged again.
    pub(crate) fn recompute(&mut self, user: UserId) {
        let entry = self.entry(Kind::Recompute, user);
        self.entries.push(entry);
    }

    /// The same, left to the relay.
    pub(crate) fn recompute_soon(&mut self, user: UserId) {
        let entry = self.entry(Kind::Recompute, user);
        self.entries.push(NewEntry {
            delay: Duration::ZERO,
            ..entry
        });
    }

    /// A person who changed whether they show what they read.
    pub(crate) fn read_receipts(&mut self, user: UserId) {
        let entry = self.entry(Kind::ReadReceipts, user);
        self.entries.push(entry);
    }

    /// Friendships that an import made, of which people are told after the commit.
    pub(crate) fn imported_friends(&mut self, made: &[Made]) {
        self.announcement(Kind::ImportedFriends, made);
    }

    /// The same of requests.
    pub(crate) fn imported_requests(&mut self, asked: &[FriendRequest]) {
        let made = asked.iter().map(|request| Made {
            id: request.id,
            from: request.sender,
            to: request.receiver,
        });
        self.announcement(Kind::ImportedRequests, &made.collect::<Vec<_>>());
    }

    fn announcement(&mut self, kind: Kind, made: &[Made]) {
        // The person only gives the row its lane: each row stands for itself.
        let Some(first) = made.first() else { return };
        self.entries.push(NewEntry {
            payload: Made::encode(made),
            delay: Duration::ZERO,
            ..self.entry(kind, first.from)
        });
    }

    /// Somebody who can be matched by these digests now.
    pub(crate) fn contact_joined(&mut self, user: UserId, digests: &[Vec<u8>]) {
        self.entries.push(NewEntry {
            payload: digests.concat(),
            delay: Duration::ZERO,
            ..self.entry(Kind::ContactJoined, user)
        });
    }

    /// Writes them into the transaction.
    pub(crate) async fn write(self, conn: &mut PgConnection) -> Result<()> {
        if !self.entries.is_empty() {
            outbox::insert(conn, &self.entries, self.now()).await?;
        }
        Ok(())
    }

    fn entry(&self, kind: Kind, user: UserId) -> NewEntry {
        NewEntry {
            kind,
            user,
            other: None,
            event_id: self.app.clock.new_id(),
            payload: Vec::new(),
            delay: OWN_DELIVERY,
        }
    }
}

//! One bounded read of the feed: stretches first, then what is wanted of the logs below them.

use kith_api::chat::v1::{RoomEvent, UserEvent, UserEventBody, room_event};
use kith_ids::{RoomId, UserId};
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Error,
    app::App,
    domain::feed::{Filter, LogKind, Plan, READ_ENTRIES, Stretch, plan},
    store::{
        events, feed,
        log::{self, Window},
        user_log::{self, UserEventRow},
    },
    wire,
};

/// Stretches looked at in one read.
const STRETCHES: i64 = 512;

/// An event at its place.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) pos: i64,
    pub(crate) kind: LogKind,
    pub(crate) event: Event,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    Room(Box<RoomEvent>),
    User(Box<UserEvent>),
}

impl Entry {
    /// About what it takes on the wire.
    pub(super) fn weight(&self) -> usize {
        32 + match &self.event {
            Event::Room(event) => event.encoded_len(),
            Event::User(event) => event.encoded_len(),
        }
    }
}

/// What a read gives.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) entries: Vec<Entry>,
    /// Everything up to here is in it, or not wanted.
    pub(super) reached: i64,
}

/// The entries after a position that the filter wants.
pub(super) async fn next(
    app: &App,
    filter: &Filter,
    (epoch, after): (i64, i64),
) -> Result<Read, Error> {
    let mut db = app.pool.acquire().await?;
    let ahead = feed::list(&mut db, after, STRETCHES).await?;
    let plan = plan(&ahead, after, filter.budget(), |kind| {
        filter.wants_kind(kind)
    });
    if plan.stretches.is_empty() {
        return Ok(Read {
            entries: Vec::new(),
            reached: plan.reached,
        });
    }
    let mut reached = plan.reached;
    let rooms = room_entries(&mut db, &plan, filter, epoch).await?;
    let users = user_entries(&mut db, &plan, filter).await?;
    // A read that was cut short by its limit has seen nothing after its last entry.
    if !filter.wants_type("message.created") {
        for cut in [&rooms, &users] {
            if let Some(last) = cut.last()
                && i64::try_from(cut.len()).unwrap_or(i64::MAX) >= READ_ENTRIES
            {
                reached = reached.min(last.pos);
            }
        }
    }
    let mut entries = rooms;
    entries.extend(users);
    entries.retain(|entry| entry.pos <= reached && filter.wants_type(entry.event.word()));
    entries.sort_unstable_by_key(|entry| entry.pos);
    Ok(Read { entries, reached })
}

async fn room_entries(
    db: &mut PgConnection,
    plan: &Plan<Uuid>,
    filter: &Filter,
    epoch: i64,
) -> Result<Vec<Entry>, Error> {
    let windows: Vec<Window> = plan
        .stretches
        .iter()
        .filter(|stretch| stretch.kind != LogKind::User)
        .map(|stretch| Window {
            room_id: RoomId::new(stretch.log),
            from: stretch.from_seq,
            to: stretch.to_seq,
        })
        .collect();
    if windows.is_empty() {
        return Ok(Vec::new());
    }
    let events = if filter.wants_type("message.created") {
        log::list_windows(db, &windows, epoch, None).await?
    } else {
        log::list_kinds(db, &windows, (epoch, READ_ENTRIES), &filter.types).await?
    };
    let mut places = Places::new(plan);
    let entries = events.into_iter().map(|event| {
        let log = event.room_id.parse::<RoomId>().ok().map(Uuid::from);
        let stretch = places.of(log, event.seq)?;
        Ok(Entry {
            pos: stretch.pos_of(i64::try_from(event.seq).unwrap_or(i64::MAX)),
            kind: stretch.kind,
            event: Event::Room(Box::new(event)),
        })
    });
    entries.collect()
}

async fn user_entries(
    db: &mut PgConnection,
    plan: &Plan<Uuid>,
    filter: &Filter,
) -> Result<Vec<Entry>, Error> {
    let windows: Vec<(UserId, i64, i64)> = plan
        .stretches
        .iter()
        .filter(|stretch| stretch.kind == LogKind::User)
        .map(|stretch| (UserId::new(stretch.log), stretch.from_seq, stretch.to_seq))
        .collect();
    if windows.is_empty() {
        return Ok(Vec::new());
    }
    let rows = user_log::list_windows(db, &windows, &filter.types, READ_ENTRIES).await?;
    let mut places = Places::new(plan);
    let entries = rows.into_iter().map(|row| {
        let stretch = places.of(Some(*row.user_id.as_uuid()), wire::seq(row.useq))?;
        Ok(Entry {
            pos: stretch.pos_of(row.useq),
            kind: LogKind::User,
            event: Event::User(Box::new(user_event(&row)?)),
        })
    });
    entries.collect()
}

/// As it is kept: rooms in it are ids alone, because what a room looks like depends on who looks.
fn user_event(row: &UserEventRow) -> Result<UserEvent, Error> {
    Ok(UserEvent {
        user_id: row.user_id.to_string(),
        useq: wire::seq(row.useq),
        time: Some(wire::timestamp(row.created_at)),
        body: Some(UserEventBody::decode(row.body.as_slice())?),
    })
}

/// Finds the stretches of events that come in the stretches' order.
struct Places<'a> {
    stretches: std::slice::Iter<'a, Stretch<Uuid>>,
    current: Option<&'a Stretch<Uuid>>,
}

impl<'a> Places<'a> {
    fn new(plan: &'a Plan<Uuid>) -> Self {
        Self {
            stretches: plan.stretches.iter(),
            current: None,
        }
    }

    fn of(&mut self, log: Option<Uuid>, seq: u64) -> Result<&'a Stretch<Uuid>, Error> {
        loop {
            if let Some(current) = self.current
                && Some(current.log) == log
                && (wire::seq(current.from_seq)..=wire::seq(current.to_seq)).contains(&seq)
            {
                return Ok(current);
            }
            self.current = Some(self.stretches.next().ok_or(Error::Inconsistent {
                table: "feed",
                column: "feed_pos",
            })?);
        }
    }
}

impl Event {
    /// The type that clients see; empty for one of a newer release.
    fn word(&self) -> &'static str {
        match self {
            Self::Room(event) => event
                .body
                .as_ref()
                .map_or("", |body: &room_event::Body| events::kind(body)),
            Self::User(event) => event
                .body
                .as_ref()
                .and_then(|body| body.body.as_ref())
                .map_or("", wire::user_event::kind),
        }
    }
}

//! Shows rooms live to other backends: what the fan-out hands to gateways, put into the order of each room's log. What a hint lost is read from the log; a
//! reader that is too slow is told what it missed.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use kith_api::chat::v1::{
    Delivery, Ended, RoomEvent, Skipped, Watching, delivery::Delivery as Kind, room_event::Body,
    watch_rooms_response::Happening,
};
use kith_auth::Caller;
use kith_ids::{RoomId, UserId};
use prost::Message as _;
use sqlx::PgConnection;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

use super::{App, consume_feed};
use crate::{
    Error,
    domain::watch::{Heads, Seen},
    fanout::{Fanout, Queue, StreamId, Topics},
    store::{
        heads,
        log::{self, Tail},
    },
    wire,
};

/// Streams of a node at once; each may hold a queue of hints.
pub(crate) const MAX_STREAMS: usize = 256;
/// How often heads are compared, so that a lost hint costs seconds.
const COMPARE: Duration = Duration::from_secs(5);
/// Entries that are filled in at once; with more missing, the reader is told what was skipped.
const MAX_FILL: i64 = 1_000;

/// A stream's subscriptions; forgotten with it.
struct Open {
    fanout: Fanout,
    stream: StreamId,
    queue: Arc<Queue>,
}

struct Watcher {
    app: Arc<App>,
    open: Open,
    /// Who looks; nobody: a backend for itself, which sees every room.
    viewer: Option<UserId>,
    heads: Heads<RoomId>,
    compare_at: Instant,
    ready: VecDeque<Happening>,
    /// Held for the stream's life.
    _place: OwnedSemaphorePermit,
}

/// Opens the stream. Every room must be there, and be the viewer's.
pub(crate) async fn watch_rooms(
    app: &Arc<App>,
    caller: &Caller,
    rooms: &[RoomId],
) -> Result<impl Stream<Item = Result<Happening, Error>> + Send + 'static, Error> {
    let viewer = match caller {
        Caller::User { user_id, .. } => Some(*user_id),
        Caller::Service { on_behalf_of, .. } => *on_behalf_of,
        Caller::Node { .. } => None,
    };
    let place = Arc::clone(&app.watchers)
        .try_acquire_owned()
        .map_err(|_| Error::TooMany("this node serves no more streams of rooms"))?;
    let open = Open::new(&app.fanout, rooms).await;
    // Only now: what commits after this read is told by the subscription.
    let mut db = app.pool.acquire().await?;
    let heads = list_heads(&mut db, rooms, viewer).await?;
    drop(db);
    if heads.len() < rooms.len() {
        return Err(Error::RoomNotFound);
    }
    let watching = Watching {
        last_seqs: heads
            .iter()
            .map(|(room, head)| (room.to_string(), wire::seq(*head)))
            .collect(),
    };
    let watcher = Watcher {
        app: Arc::clone(app),
        open,
        viewer,
        heads: Heads::new(heads),
        compare_at: Instant::now() + COMPARE,
        ready: VecDeque::from([Happening::Watching(watching)]),
        _place: place,
    };
    let shutdown = app.tasks.shutdown().clone();
    let happenings = stream::try_unfold(watcher, async |mut watcher| {
        let next = watcher.next().await?;
        Ok(next.map(|happening| (happening, watcher)))
    });
    Ok(happenings.take_until(async move { shutdown.signalled().await }))
}

/// Where the rooms' logs end; rooms that are not there, or that the viewer is not in, are absent.
async fn list_heads(
    db: &mut PgConnection,
    rooms: &[RoomId],
    viewer: Option<UserId>,
) -> Result<BTreeMap<RoomId, i64>, Error> {
    let Some(viewer) = viewer else {
        return Ok(heads::list_rooms(db, rooms).await?.into_iter().collect());
    };
    let stays = heads::list_stays(db, viewer, rooms).await?;
    Ok(stays
        .into_iter()
        .filter(|stay| stay.left_seq.is_none())
        .map(|stay| (stay.room_id, stay.last_seq))
        .collect())
}

impl Open {
    async fn new(fanout: &Fanout, rooms: &[RoomId]) -> Self {
        let (stream, queue) = fanout.open();
        let open = Self {
            fanout: fanout.clone(),
            stream,
            queue,
        };
        let add = Topics {
            rooms: rooms.iter().map(RoomId::to_string).collect(),
            users: Vec::new(),
        };
        fanout.subscribe(stream, add, Topics::default(), 0).await;
        open
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.fanout.close(self.stream);
    }
}

impl Watcher {
    /// The next thing to show; none when no room is left.
    async fn next(&mut self) -> Result<Option<Happening>, Error> {
        loop {
            if let Some(happening) = self.ready.pop_front() {
                return Ok(Some(happening));
            }
            if self.heads.is_empty() {
                return Ok(None);
            }
            match timeout_at(self.compare_at, self.open.queue.take()).await {
                Ok(deliveries) => {
                    for delivery in deliveries {
                        self.take(delivery).await?;
                    }
                }
                Err(_) => self.compare().await?,
            }
        }
    }

    async fn take(&mut self, delivery: Bytes) -> Result<(), Error> {
        let Ok(Delivery { delivery }) = Delivery::decode(delivery) else {
            // A hint that cannot be read is one that was lost.
            return self.compare().await;
        };
        match delivery {
            Some(Kind::RoomEvent(event)) => self.take_event(event).await?,
            Some(Kind::Typing(mut typing)) => {
                if let Some(hidden) = self.shown(&typing.room_id, &typing.hidden_from_ids) {
                    typing.hidden_from_ids = hidden;
                    self.ready.push_back(Happening::Typing(typing));
                }
            }
            Some(Kind::Receipt(mut receipt)) => {
                if let Some(hidden) = self.shown(&receipt.room_id, &receipt.hidden_from_ids) {
                    receipt.hidden_from_ids = hidden;
                    self.ready.push_back(Happening::Receipt(receipt));
                }
            }
            Some(Kind::Lagged(_)) => self.compare().await?,
            Some(Kind::EpochChanged(_)) => return Err(consume_feed::cursor_invalid()),
            Some(Kind::UserEvent(_) | Kind::Confirmed(_)) | None => {}
        }
        Ok(())
    }

    /// From whom it is hidden, as far as the viewer may know; none when it is hidden from them, or the room is not watched any more.
    fn shown(&self, room: &str, hidden_from: &[String]) -> Option<Vec<String>> {
        let watched = room.parse().is_ok_and(|room| self.heads.contains(room));
        match self.viewer {
            _ if !watched => None,
            None => Some(hidden_from.to_vec()),
            Some(viewer) if hidden_from.contains(&viewer.to_string()) => None,
            Some(_) => Some(Vec::new()),
        }
    }

    async fn take_event(&mut self, event: RoomEvent) -> Result<(), Error> {
        let Ok(room) = event.room_id.parse::<RoomId>() else {
            return Ok(());
        };
        match self
            .heads
            .see(room, i64::try_from(event.seq).unwrap_or(i64::MAX))
        {
            Seen::Next => self.show(room, event),
            Seen::Known => {}
            Seen::Ahead { of } => self.fill(room, of).await?,
        }
        Ok(())
    }

    /// Shows an entry, and ends the room when it ends the viewer's stay.
    fn show(&mut self, room: RoomId, mut event: RoomEvent) {
        let viewer = self.viewer.map(String::from);
        if let (Some(viewer), Some(Body::MessageCreated(message))) = (&viewer, &mut event.body)
            && *viewer != message.sender_id
        {
            message.client_id = None;
        }
        let ends = matches!(
            (&viewer, &event.body),
            (Some(viewer), Some(Body::ParticipantLeft(left))) if left.user.as_ref().is_some_and(|user| user.user_id == *viewer)
        );
        self.ready.push_back(Happening::RoomEvent(event));
        if ends {
            self.end(room);
        }
    }

    fn end(&mut self, room: RoomId) {
        self.heads.remove(room);
        self.ready.push_back(Happening::Ended(Ended {
            room_id: room.to_string(),
        }));
    }

    /// Reads what lies above a head; with too much of it, says where it goes on.
    async fn fill(&mut self, room: RoomId, after: i64) -> Result<(), Error> {
        let tail = Tail {
            room_id: room,
            stay_of: self.viewer,
            after,
            limit: MAX_FILL,
        };
        let reading = async {
            let mut db = self.app.pool.acquire().await?;
            log::list_tail(&mut db, tail, self.viewer).await
        };
        let Some(read) = kith_postgres::patiently(reading).await? else {
            // Kicked, or left: the entry that says so is not theirs to read any more.
            self.end(room);
            return Ok(());
        };
        if read.last_seq - after > MAX_FILL {
            self.heads.jump(room, read.last_seq);
            self.ready.push_back(Happening::Skipped(Skipped {
                room_id: room.to_string(),
                last_seq: wire::seq(read.last_seq),
            }));
            return Ok(());
        }
        self.heads.jump(room, read.last_seq.max(after));
        for event in read.events {
            self.show(room, event);
        }
        Ok(())
    }

    /// Finds what no hint told of.
    async fn compare(&mut self) -> Result<(), Error> {
        self.compare_at = Instant::now() + COMPARE.mul_f64(kith_clock::jitter(0.2));
        let rooms = self.heads.all();
        let reading = async {
            let mut db = self.app.pool.acquire().await?;
            list_heads(&mut db, &rooms, self.viewer).await
        };
        let now = kith_postgres::patiently(reading).await?;
        for room in rooms {
            match now.get(&room) {
                Some(&head) => {
                    if let Some(after) = self.heads.behind(room, head) {
                        self.fill(room, after).await?;
                    }
                }
                None => self.end(room),
            }
        }
        Ok(())
    }
}

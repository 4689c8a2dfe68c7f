//! Hands the feed to a named consumer, in bounded answers: one is read while the one before is on its way, and no more until the consumer takes it.

mod read;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::{Stream, stream};
use kith_auth::Caller;
use kith_error::{Failure, Reason};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use uuid::Uuid;

use super::{App, feed::Place, relay_feed::relay_feed};
use crate::{
    Error,
    domain::feed::{self as rules, Filter},
    store::feed_consumers::{self, Standing},
};

pub(crate) use read::{Entry, Event};

/// Consumers at once: each is a row that somebody must watch.
const MAX_CONSUMERS: i64 = 100;
/// How often a stream with nothing to hand out looks whether it is still the consumer's.
const LOOK: Duration = Duration::from_secs(1);
/// What an answer may weigh: well below the 4 MiB that a gRPC client takes.
const MAX_BYTES: usize = 1024 * 1024;
/// How often a consumer that wants little is told how far it is.
const TELL: Duration = Duration::from_secs(1);

/// What a consumer asks for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) consumer: String,
    /// Epoch and position to go on after; none: after the last ack.
    pub(crate) position: Option<(i64, i64)>,
    pub(crate) filter: Filter,
    /// Without a position and an ack: begin with what is committed from now on.
    pub(crate) from_now: bool,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Portion {
    pub(crate) epoch: i64,
    pub(crate) reached: i64,
    pub(crate) head: i64,
    pub(crate) entries: Vec<Entry>,
}

/// The state of a stream.
struct Reader {
    app: Arc<App>,
    wish: Wish,
    stream: Uuid,
    epoch: i64,
    at: i64,
    /// What the consumer has been told.
    told: (i64, Instant),
    head: watch::Receiver<i64>,
    /// Read, and too heavy for the answers before.
    waiting: VecDeque<Portion>,
    /// Held for the stream's life.
    _place: Place,
}

/// Opens the stream: makes the consumer if it is new, takes it over from an older stream, and gives what follows its position.
pub(crate) async fn consume_feed(
    app: &Arc<App>,
    caller: &Caller,
    wish: Wish,
) -> Result<impl Stream<Item = Result<Portion, Error>> + Send + 'static, Error> {
    caller.require_trusted()?;
    check_name(&wish.consumer)?;
    let place = app.feed.take_place()?;
    let head = app.feed.follow();
    let stream_id = app.clock.new_id();
    let mut db = app.pool.acquire().await?;
    let mut standing = feed_consumers::find(&mut db, &wish.consumer).await?;
    if standing.consumer.is_none() {
        if feed_consumers::find_count(&mut db).await? >= MAX_CONSUMERS {
            return Err(Error::TooMany("there are too many consumers; delete one"));
        }
        drop(db);
        // What is committed already is not "from now on".
        standing.head_pos = relay_feed(&app.pool).await?.head;
        db = app.pool.acquire().await?;
    }
    let at = begin(&wish, &standing)?;
    let epoch = standing.epoch;
    feed_consumers::insert(&mut db, &wish.consumer, epoch, at, stream_id).await?;
    drop(db);
    let reader = Reader {
        app: Arc::clone(app),
        wish,
        stream: stream_id,
        epoch,
        at,
        told: (at, Instant::now()),
        head,
        waiting: VecDeque::new(),
        _place: place,
    };
    let (answers, mut portions) = mpsc::channel(1);
    app.tasks
        .spawn("chat.feed.read", reader.read_ahead(answers));
    Ok(stream::poll_fn(move |cx| portions.poll_recv(cx)))
}

pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if rules::is_name(name) {
        return Ok(());
    }
    Err(Error::invalid_field(
        "consumer",
        if name.is_empty() {
            "required"
        } else {
            "invalid"
        },
        "1 to 64 characters of a-z, 0-9, -, _ and .",
    ))
}

/// Where a stream begins.
fn begin(wish: &Wish, standing: &Standing) -> Result<i64, Error> {
    if let Some((epoch, position)) = wish.position {
        if epoch != standing.epoch || position > standing.head_pos {
            return Err(cursor_invalid());
        }
        return Ok(position);
    }
    match &standing.consumer {
        Some(consumer) if consumer.epoch != standing.epoch => Err(cursor_invalid()),
        Some(consumer) => Ok(consumer.acked_pos),
        None if wish.from_now => Ok(standing.head_pos),
        None => Ok(0),
    }
}

pub(crate) fn cursor_invalid() -> Error {
    let message = "the position is of another epoch, or of nothing that was handed out";
    Failure::new(Reason::CursorInvalid, message).into()
}

impl Reader {
    /// Reads as soon as the answer before was taken. Ends with its consumer; with the node, whose server would wait for its consumers for ever; or
    /// after what went wrong.
    async fn read_ahead(mut self, answers: mpsc::Sender<Result<Portion, Error>>) {
        let shutdown = self.app.tasks.shutdown().clone();
        loop {
            let reading = async {
                let place = answers.reserve().await.ok()?;
                Some((place, self.next().await))
            };
            let read = tokio::select! {
                read = reading => read,
                () = answers.closed() => return,
                () = shutdown.signalled() => return,
            };
            let Some((place, portion)) = read else {
                return;
            };
            let is_last = portion.is_err();
            place.send(portion);
            if is_last {
                return;
            }
        }
    }

    /// The next answer; waits until there is one.
    async fn next(&mut self) -> Result<Portion, Error> {
        if let Some(portion) = self.waiting.pop_front() {
            return Ok(portion);
        }
        loop {
            // Marked before the read: what is stamped after it is a change that the wait below sees.
            let head = *self.head.borrow_and_update();
            let reading = read::next(&self.app, &self.wish.filter, (self.epoch, self.at));
            let read = kith_postgres::patiently(reading).await?;
            if read.reached == self.at {
                self.wait().await?;
                continue;
            }
            self.note_delivered(read.reached).await?;
            self.at = read.reached;
            if read.entries.is_empty() && self.told.1.elapsed() < TELL && self.at < head {
                continue;
            }
            self.told = (self.at, Instant::now());
            metrics::counter!("kith_chat_feed_delivered_total")
                .increment(u64::try_from(read.entries.len()).unwrap_or(0));
            self.waiting = self.portions(read.entries, head.max(self.at));
            return Ok(self
                .waiting
                .pop_front()
                .unwrap_or_else(|| self.portion(head)));
        }
    }

    /// Spreads entries over answers that a client can take; the last one reaches as far as was read.
    fn portions(&self, entries: Vec<Entry>, head: i64) -> VecDeque<Portion> {
        let mut portions = VecDeque::new();
        let mut portion = self.portion(head);
        let mut bytes = 0;
        for entry in entries {
            let weight = entry.weight();
            if bytes + weight > MAX_BYTES && !portion.entries.is_empty() {
                portion.reached = portion.entries.last().map_or(0, |last| last.pos);
                portions.push_back(std::mem::replace(&mut portion, self.portion(head)));
                bytes = 0;
            }
            bytes += weight;
            portion.entries.push(entry);
        }
        portions.push_back(portion);
        portions
    }

    /// An answer with nothing in it, that reaches as far as was read.
    fn portion(&self, head: i64) -> Portion {
        Portion {
            epoch: self.epoch,
            reached: self.at,
            head: head.max(self.at),
            entries: Vec::new(),
        }
    }

    /// Before anything is handed out, so that whatever the consumer acknowledges is known to have been.
    async fn note_delivered(&self, reached: i64) -> Result<(), Error> {
        let (name, epoch, stream) = (&self.wish.consumer, self.epoch, self.stream);
        let noting = async {
            let mut db = self.app.pool.acquire().await?;
            feed_consumers::update_delivered(&mut db, name, epoch, reached, stream).await
        };
        if kith_postgres::patiently(noting).await? {
            return Ok(());
        }
        self.look().await?;
        // It was deleted and made anew between the two looks.
        Err(superseded())
    }

    /// Waits for something new, and looks whether the stream is still the consumer's.
    async fn wait(&mut self) -> Result<(), Error> {
        let moved = tokio::time::timeout(LOOK, self.head.changed()).await;
        if moved.is_err() {
            self.look().await?;
        }
        Ok(())
    }

    async fn look(&self) -> Result<(), Error> {
        let finding = async {
            let mut db = self.app.pool.acquire().await?;
            feed_consumers::find(&mut db, &self.wish.consumer).await
        };
        let standing = kith_postgres::patiently(finding).await?;
        if standing.epoch != self.epoch {
            return Err(cursor_invalid());
        }
        match standing.consumer {
            Some(consumer) if consumer.stream_id == self.stream => Ok(()),
            Some(_) | None => Err(superseded()),
        }
    }
}

fn superseded() -> Error {
    let message = "another stream has taken this consumer over, or it was deleted";
    Failure::new(Reason::Conflict, message).into()
}

//! One lane: collects a batch, appends it, answers, publishes.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use kith_api::chat::v1::SendMessageResponse;
use kith_ids::RoomId;
use kith_postgres::{Trouble, is_lock_timeout, trouble};
use kith_runtime::Tasks;
use sqlx::{Postgres, pool::PoolConnection};
use tokio::sync::mpsc;
use tracing::{Instrument as _, Span};

use super::{Answer, Deps, Item, Refusal, Responder, batch::Batch, held::Held, respond_all};
use crate::{
    domain::message::{Draft, Message},
    store::{
        message_rows,
        messages::{self, Appended, Entry, Verdict},
        rooms,
    },
    wire::message::{created_from, message},
};

/// Longer than Postgres gives any statement of an append: what takes longer has lost its connection without a word, and the
/// lane must not wait for that one for ever.
const APPEND_TIMEOUT: Duration = Duration::from_secs(4);

struct Lane {
    deps: Arc<Deps>,
    queue: mpsc::Receiver<Item>,
    /// Given back by the last batch; the first of the next.
    carried: Option<Item>,
    patience: Duration,
    /// Kept between batches: taking one from the pool costs a round trip.
    connection: Option<PoolConnection<Postgres>>,
    held: Held,
}

/// A draft with its outcome.
type Outcome = Result<(Message, Appended), Refusal>;

pub(super) fn spawn(
    deps: Arc<Deps>,
    queue: mpsc::Receiver<Item>,
    patience: Duration,
    tasks: &Tasks,
) {
    let shutdown = tasks.shutdown().clone();
    let mut lane = Lane {
        deps,
        queue,
        carried: None,
        patience,
        connection: None,
        held: Held::default(),
    };
    tasks.critical("chat.lane", async move {
        loop {
            let first = if let Some(carried) = lane.carried.take() {
                Some(carried)
            } else {
                tokio::select! {
                    item = lane.queue.recv() => item,
                    () = shutdown.signalled(), if !lane.queue.is_closed() => {
                        // What has queued is still appended and answered; then the queue is empty and the lane ends.
                        lane.queue.close();
                        continue;
                    }
                }
            };
            let Some(first) = first else { return };
            let span = append_span(&first.span);
            let batch = lane.collect(first);
            lane.append(batch).instrument(span).await;
        }
    });
}

/// The batch belongs to the trace of its first send, if that has one: streams carry none, and a trace of their own for each
/// of their batches would tell nothing.
fn append_span(first: &Span) -> Span {
    if first.is_disabled() {
        return Span::none();
    }
    tracing::info_span!(parent: first, "chat.append")
}

impl Lane {
    /// Takes what has queued, without waiting for more.
    fn collect(&mut self, first: Item) -> Batch {
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(item) = next {
            if item.is_older_than(self.patience) {
                item.responder.respond(Err(Refusal::Unavailable));
            } else if let Some(item) = batch.take(item) {
                self.carried = Some(item);
                break;
            }
            next = self.queue.try_recv().ok();
        }
        batch
    }

    async fn append(&mut self, batch: Batch) {
        if batch.leaders.is_empty() {
            return;
        }
        metrics::histogram!("kith_chat_append_batch").record(u32_of(batch.leaders.len()));
        let (drafts, responders): (Vec<Draft>, Vec<Responder>) = batch
            .leaders
            .into_iter()
            .map(|item| (item.draft, item.responder))
            .unzip();
        let outcomes = self.outcomes(&drafts).await;
        let repeated = self.load_repeated(&drafts, &outcomes).await;
        let mut events = Vec::with_capacity(drafts.len());
        let mut answers = Vec::with_capacity(drafts.len());
        for ((draft, outcome), repeated) in drafts.iter().zip(outcomes).zip(repeated) {
            let answer = answer(draft, outcome, repeated);
            if let Ok(SendMessageResponse {
                message: Some(message),
                duplicate: false,
            }) = &answer
            {
                events.push(created_from(message.clone(), *self.deps.epoch.borrow()));
            }
            answers.push(answer);
        }
        let followers: Vec<_> = batch
            .followers
            .into_iter()
            .map(|(place, follower)| (follower, answers[place].clone().map(as_duplicate)))
            .collect();
        let leaders = responders.into_iter().zip(answers);
        respond_all(followers.into_iter().chain(leaders));
        metrics::counter!("kith_chat_messages_total").increment(events.len() as u64);
        self.deps.fanout.publish_room_events(events);
    }

    /// What becomes of the drafts, in their order.
    async fn outcomes(&mut self, drafts: &[Draft]) -> Vec<Outcome> {
        let known = self.held.among(drafts);
        if !known.is_empty() {
            self.look(&known).await;
        }
        let error = match self.append_free(drafts).await {
            Ok(outcomes) => return outcomes,
            Err(error) => error,
        };
        tracing::warn!(error = %error, messages = drafts.len(), "a batch failed and is tried again");
        metrics::counter!("kith_chat_append_retries_total").increment(1);
        if is_lock_timeout(&error) {
            let rooms = drafts.iter().map(|draft| draft.room_id).collect();
            let held = self.look(&rooms).await;
            if !held.is_empty() {
                tracing::warn!(rooms = ?held, "somebody holds these rooms; what is sent there is refused until they are free");
                match self.append_free(drafts).await {
                    Ok(outcomes) => return outcomes,
                    Err(error) => tracing::warn!(%error, "nor could the rest be appended together"),
                }
            }
        }
        self.one_by_one(drafts).await
    }

    /// Appends together what is sent to rooms that nobody holds; the rest is refused.
    async fn append_free(&mut self, drafts: &[Draft]) -> Result<Vec<Outcome>, sqlx::Error> {
        let held = self.held.among(drafts);
        if held.is_empty() {
            let appended = self.attempt(drafts).await?;
            return Ok(appended.into_iter().map(Ok).collect());
        }
        let is_free = |draft: &&Draft| !held.contains(&draft.room_id);
        let free: Vec<Draft> = drafts.iter().filter(is_free).cloned().collect();
        let appended = if free.is_empty() {
            Vec::new()
        } else {
            self.attempt(&free).await?
        };
        let mut appended = appended.into_iter();
        let outcomes = drafts.iter().map(|draft| {
            if held.contains(&draft.room_id) {
                return Err(Refusal::Unavailable);
            }
            appended.next().ok_or(Refusal::Internal)
        });
        Ok(outcomes.collect())
    }

    /// Looks which of the rooms are held. Where that cannot be told, none is: then an append waits for it.
    async fn look(&mut self, rooms: &HashSet<RoomId>) -> Vec<RoomId> {
        let rooms: Vec<RoomId> = rooms.iter().copied().collect();
        let looking = tokio::time::timeout(APPEND_TIMEOUT, self.list_held(&rooms));
        let held = looking.await.ok().and_then(Result::ok).unwrap_or_default();
        self.held.looked(&rooms, &held, Instant::now());
        held
    }

    async fn list_held(&mut self, rooms: &[RoomId]) -> Result<Vec<RoomId>, sqlx::Error> {
        let mut connection = self.take_connection().await?;
        let held = rooms::list_held(&mut connection, rooms).await?;
        self.connection = Some(connection);
        Ok(held)
    }

    /// Each draft in a transaction of its own, in order. An earlier try may have committed without our hearing of it: it is
    /// then found by its `client_id`.
    async fn one_by_one(&mut self, drafts: &[Draft]) -> Vec<Outcome> {
        let mut stuck = self.held.among(drafts);
        let mut is_gone = false;
        let mut outcomes = Vec::with_capacity(drafts.len());
        for draft in drafts {
            // Neither a room that somebody else holds nor a database that is away gets its wait for each message again.
            if is_gone || stuck.contains(&draft.room_id) {
                outcomes.push(Err(Refusal::Unavailable));
                continue;
            }
            let outcome = self.attempt(std::slice::from_ref(draft)).await;
            outcomes.push(match outcome.map(|mut one| one.pop()) {
                Ok(Some(outcome)) => Ok(outcome),
                Ok(None) => Err(Refusal::Internal),
                Err(error) => {
                    is_gone = error.as_database_error().is_none();
                    if trouble(&error).is_some() {
                        stuck.insert(draft.room_id);
                    }
                    refusal(&error)
                }
            });
        }
        outcomes
    }

    /// The same within the time that an append may take; past it the connection is given up, and the outcome is unknown.
    async fn attempt(&mut self, drafts: &[Draft]) -> Result<Vec<(Message, Appended)>, sqlx::Error> {
        tokio::time::timeout(APPEND_TIMEOUT, self.attempt_patiently(drafts))
            .await
            .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
    }

    /// Looks up what replies and mentions need, and appends.
    async fn attempt_patiently(
        &mut self,
        drafts: &[Draft],
    ) -> Result<Vec<(Message, Appended)>, sqlx::Error> {
        let mut connection = self.take_connection().await?;
        let entries = super::lookup::entries(&mut connection, drafts).await?;
        let appended = messages::insert(&mut connection, &entries).await?;
        self.connection = Some(connection);
        let messages = entries
            .into_iter()
            .zip(appended)
            .map(|(entry, appended)| (as_message(entry, appended), appended));
        Ok(messages.collect())
    }

    /// To be given back after a success; after an error the pool looks whether it still works.
    async fn take_connection(&mut self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.deps.pool.acquire().await,
        }
    }

    /// The first sendings of those that were sent before, as they stand now; at the place of their drafts.
    async fn load_repeated(
        &mut self,
        drafts: &[Draft],
        outcomes: &[Outcome],
    ) -> Vec<Option<Message>> {
        let mut loaded = vec![None; drafts.len()];
        let (mut places, mut rooms, mut seqs) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (draft, outcome)) in drafts.iter().zip(outcomes).enumerate() {
            if let Ok((_, appended)) = outcome
                && appended.verdict == Verdict::Repeated
            {
                places.push(place);
                rooms.push(draft.room_id);
                seqs.push(appended.seq);
            }
        }
        let Some(connection) = self.connection.as_mut().filter(|_| !places.is_empty()) else {
            return loaded;
        };
        let reading = message_rows::list_at(connection, &rooms, &seqs);
        let reading = tokio::time::timeout(APPEND_TIMEOUT, reading).await;
        match reading.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
        {
            Ok(found) => {
                for place in places {
                    loaded[place] = found
                        .iter()
                        .find(|message| {
                            message.room_id == drafts[place].room_id
                                && message.client_id == drafts[place].client_id.as_str()
                                && message.sender_id == drafts[place].sender_id
                        })
                        .cloned();
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, "first sendings could not be read");
                self.connection = None;
            }
        }
        loaded
    }
}

fn answer(draft: &Draft, outcome: Outcome, repeated: Option<Message>) -> Answer {
    let (sent, appended) = outcome?;
    let refused = match appended.verdict {
        Verdict::Accepted => {
            return Ok(SendMessageResponse {
                message: Some(message(sent, None)),
                duplicate: false,
            });
        }
        Verdict::Repeated => {
            // The id is made anew for each send: the same one means that an earlier try of this very send did commit, and
            // that nobody has heard of it yet.
            return repeated
                .map(|first| SendMessageResponse {
                    message: Some(message(first, None)),
                    duplicate: appended.id != draft.id,
                })
                .ok_or(Refusal::Unavailable);
        }
        Verdict::Reused => Refusal::Reused,
        Verdict::NoRoom => Refusal::NoRoom,
        Verdict::Privacy => Refusal::Privacy,
        Verdict::NoReply => Refusal::NoReply,
        Verdict::TooEarly => Refusal::TooEarly,
    };
    Err(refused)
}

fn as_message(entry: Entry<'_>, appended: Appended) -> Message {
    Message {
        id: appended.id,
        room_id: entry.draft.room_id,
        seq: appended.seq,
        sender_id: entry.draft.sender_id,
        client_id: entry.draft.client_id.as_str().to_owned(),
        text: Some(entry.draft.text.clone()),
        mention_ids: entry.mention_ids,
        reply_to: entry.reply_to,
        created_at: appended.created_at,
        edited_at: None,
        deleted_at: None,
    }
}

fn as_duplicate(response: SendMessageResponse) -> SendMessageResponse {
    SendMessageResponse {
        duplicate: true,
        ..response
    }
}

fn refusal(error: &sqlx::Error) -> Outcome {
    match trouble(error) {
        Some(Trouble::Unavailable | Trouble::Timeout) => Err(Refusal::Unavailable),
        None => {
            tracing::error!(error = %error, "a message could not be appended");
            Err(Refusal::Internal)
        }
    }
}

fn u32_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

//! One device, whole and without IO: its cursors, its outbox, what it is fetching, when it connects again. It is told what
//! happened (a frame came, an answer came, the connection ended, time passed) and says what to do; the times and the
//! randomness are arguments. Whoever runs it stores [`Device::saved`] in one transaction with what it was told to apply, so
//! that a crash neither skips nor repeats anything.

mod fetching;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use self::fetching::Fetching;
use crate::{
    backoff::Backoff,
    model::{Event, Fetched, Heads, Ready, RoomId, ServerFrame, Turn, UserEvent},
    outbox::{Outbox, Pending, Refusal},
    rest::SyncAnswer,
    sync::{Cursors, Resume, Standing, Verdict},
};

/// Before something that failed is asked for again.
const RETRY: Duration = Duration::from_millis(500);

/// What must survive a crash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Where the device stands.
    pub cursors: Cursors,
    /// What is not acknowledged.
    pub unsent: Vec<Pending>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Open a connection; once it is open, say hello with [`Device::hello`].
    Connect,
    /// Nothing that is here is known to be true: drop it, load the lists, and go on from this `ready`.
    StartOver(Box<Ready>),
    /// The next entry of a room's log.
    Apply(Box<Event>),
    /// The next entry of my own log.
    ApplyOwn(Box<UserEvent>),
    /// The room was skipped up to this seq: page its messages from there.
    Page {
        /// Which.
        room: RoomId,
        /// Where it stands now.
        last_seq: u64,
    },
    /// The room is not known here: load it, then [`Device::track`] it.
    Load(RoomId),
    /// Load the lists of rooms and friends anew.
    LoadLists,
    /// Ask for a stretch of a room's log; the answer goes to [`Device::fetched`].
    Fetch {
        /// Which room.
        room: RoomId,
        /// Above which seq.
        after: u64,
    },
    /// Ask what is missing in one piece; the answer goes to [`Device::synced`].
    Sync(Resume),
    /// Send this; the answer goes to [`Device::sent`].
    Send(Pending),
    /// It will never be sent: show the person.
    Failed(Pending),
}

/// A device.
#[derive(Debug, Default)]
pub struct Device {
    cursors: Cursors,
    outbox: Outbox,
    fetching: Fetching,
    link: Link,
    backoff: Backoff,
    own: OwnLog,
    /// A refused send goes out again then.
    resend_at: Option<Instant>,
}

/// How the device is connected.
#[derive(Debug, Default)]
enum Link {
    /// Not, and it tries again then; at once, when there is no time.
    #[default]
    Idle,
    /// Not, until then.
    Waiting(Instant),
    /// On the way, with cursors or without.
    Opening { resumed: bool },
    /// Live.
    Open { ready: Box<Ready>, resuming: bool },
}

/// The repair of a hole in the device's own log.
#[derive(Debug, Default)]
struct OwnLog {
    /// The highest `useq` heard of.
    known: u64,
    is_asked: bool,
    /// Rooms whose last entries are asked for.
    asked_ends: Vec<RoomId>,
    ask_at: Option<Instant>,
}

impl Device {
    /// A device that was switched on with what it had stored.
    pub fn restore(saved: Saved) -> Self {
        Self {
            cursors: saved.cursors,
            outbox: Outbox::restore(saved.unsent),
            ..Self::default()
        }
    }

    /// What to store, together with what was applied.
    pub fn saved(&self) -> Saved {
        Saved {
            cursors: self.cursors.clone(),
            unsent: self.outbox.entries().cloned().collect(),
        }
    }

    /// Where it stands.
    pub fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    /// Whether everything typed is acknowledged.
    pub fn has_sent_all(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Whether it is live, with everything missed told.
    pub fn is_live(&self) -> bool {
        matches!(
            self.link,
            Link::Open {
                resuming: false,
                ..
            }
        )
    }

    /// The connection is open: what to say in `hello`.
    pub fn hello(&mut self) -> Option<Resume> {
        let resume = self.cursors.resume();
        self.link = Link::Opening {
            resumed: resume.is_some(),
        };
        resume
    }

    /// Takes in something typed.
    pub fn say(&mut self, pending: Pending, actions: &mut Vec<Action>) {
        self.outbox.put(pending);
        self.send_due(actions);
    }

    /// Takes in a frame.
    pub fn frame(&mut self, frame: ServerFrame, actions: &mut Vec<Action>) {
        match frame {
            ServerFrame::Ready(ready) => self.ready(ready, actions),
            ServerFrame::Event(event) => self.event(event, actions),
            ServerFrame::User(event) => self.own_event(event, actions),
            ServerFrame::Heads(heads) => self.heads(&heads, actions),
            ServerFrame::Behind(behind) => {
                // Detached until fetched, wherever the cursor stands.
                for (&room, &head) in &behind.rooms {
                    if let Some(cursor) = self.cursors.room(room) {
                        self.fetching.want(room, head.max(cursor));
                    }
                }
                self.fetch_due(actions);
            }
            ServerFrame::Resumed(resumed) => {
                for room in &resumed.too_long {
                    actions.push(Action::Page {
                        room: room.room_id,
                        last_seq: room.last_seq,
                    });
                }
                self.cursors.resumed(&resumed);
                if resumed.user_too_long {
                    actions.push(Action::LoadLists);
                }
                self.has_resumed(actions);
            }
            ServerFrame::Err(err) if err.code == "cursor_invalid" => {
                if let Link::Open { ready, .. } = &self.link {
                    let ready = ready.clone();
                    self.start_over(ready, actions);
                }
            }
            _ => {}
        }
    }

    /// Tracks a room that was loaded up to `seq`.
    pub fn track(&mut self, room: RoomId, seq: u64, actions: &mut Vec<Action>) {
        self.cursors.track(room, seq);
        self.fetch_due(actions);
    }

    /// Takes in the answer to a fetch; none when it failed and may be asked again.
    pub fn fetched(
        &mut self,
        room: RoomId,
        answer: Option<Fetched>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(answer) = answer else {
            self.fetching.failed(room, now + RETRY);
            return;
        };
        if self.cursors.room(room).is_none() {
            // The stay has ended meanwhile. If this is of a later one, my own log tells of it first.
            self.fetching.postpone(room, answer.last_seq);
            return;
        }
        self.cursors.fetched(room, answer.from_seq);
        let before = self.cursors.room(room);
        let last = answer.events.last().map(|event| event.seq);
        let through = last.unwrap_or_else(|| answer.from_seq.saturating_sub(1));
        for event in answer.events {
            self.event(event, actions);
        }
        if through < answer.last_seq {
            if self.cursors.room(room) == before && before.is_some_and(|seq| seq <= through) {
                // An answer that leads nowhere must not be asked for again at once.
                self.fetching.failed(room, now + RETRY);
            } else {
                // Wherever the cursor got meanwhile: only a fetch up to the head ends a detachment.
                self.fetching.again(room);
                self.fetch_due(actions);
            }
            return;
        }
        self.fetching.done(room, answer.last_seq);
        self.fetch_due(actions);
    }

    /// The room is not ours to fetch; our own log will say so, or has.
    pub fn fetch_refused(&mut self, room: RoomId) {
        self.fetching.forget(room);
    }

    /// Takes in the answer to a sync; none when it failed.
    pub fn synced(&mut self, answer: Option<SyncAnswer>, now: Instant, actions: &mut Vec<Action>) {
        self.own.is_asked = false;
        let Some(answer) = answer else {
            self.own.ask_at = Some(now + RETRY);
            return;
        };
        if answer.user_too_long {
            actions.push(Action::LoadLists);
        }
        for event in answer.user_events {
            if self.cursors.missed_user_event(event.useq) == Verdict::Apply {
                self.apply_own(event, actions);
            }
        }
        for event in answer.events {
            self.event(event, actions);
        }
        self.cursors.reach(answer.useq);
        for room in std::mem::take(&mut self.own.asked_ends) {
            // All that was left of the stay has been told, or another one has begun.
            self.cursors.end(room);
        }
        self.sync_if_behind(actions);
    }

    /// Takes in the answer to a send: settled, or refused and whether the same may succeed later.
    pub fn sent(
        &mut self,
        (room, client_id): (RoomId, &str),
        answer: Result<(), bool>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        match answer {
            Ok(()) => {
                self.outbox.settle_as(room, client_id);
            }
            Err(retryable) => match self.outbox.refuse(client_id, retryable) {
                Refusal::Retries => {
                    self.resend_at = Some(now + RETRY);
                    return;
                }
                Refusal::Failed(pending) => actions.push(Action::Failed(pending)),
                Refusal::Unknown => {}
            },
        }
        self.send_due(actions);
    }

    /// The connection has ended, or was never made. `share` of the longest wait is waited, after `at_least`, which the server may have told many at once.
    pub fn closed(&mut self, now: Instant, share: f64, at_least: Duration) {
        let wait = self.backoff.delay_at(share) + at_least;
        self.link = Link::Waiting(now + wait);
        self.outbox.disconnect();
        self.fetching = Fetching::default();
        self.own = OwnLog::default();
        self.resend_at = None;
    }

    /// The network is back, as far as the system knows: what waits to be tried again is tried with the next tick.
    pub fn hurry(&mut self, now: Instant) {
        if let Link::Waiting(at) = &mut self.link {
            *at = now;
        }
    }

    /// When [`Device::tick`] wants to be called.
    pub fn due(&self) -> Option<Instant> {
        let link = match self.link {
            Link::Waiting(at) => Some(at),
            _ => None,
        };
        [link, self.resend_at, self.own.ask_at, self.fetching.due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant, actions: &mut Vec<Action>) {
        match self.link {
            Link::Idle => self.connect(actions),
            Link::Waiting(at) if at <= now => self.connect(actions),
            _ => {}
        }
        if self.resend_at.is_some_and(|at| at <= now) {
            self.resend_at = None;
            self.send_due(actions);
        }
        if self.own.ask_at.is_some_and(|at| at <= now) {
            self.own.ask_at = None;
            self.sync_if_behind(actions);
        }
        self.fetching.wake(now);
        self.fetch_due(actions);
    }

    fn connect(&mut self, actions: &mut Vec<Action>) {
        self.link = Link::Opening { resumed: false };
        actions.push(Action::Connect);
    }

    fn ready(&mut self, ready: Ready, actions: &mut Vec<Action>) {
        let resumed = matches!(self.link, Link::Opening { resumed: true });
        let standing = self.cursors.ready(&ready, resumed);
        let ready = Box::new(ready);
        match standing {
            Standing::Continues => {
                self.link = Link::Open {
                    ready,
                    resuming: true,
                };
            }
            Standing::Fresh => self.start_over(ready, actions),
        }
        self.send_due(actions);
    }

    fn start_over(&mut self, ready: Box<Ready>, actions: &mut Vec<Action>) {
        self.backoff.reset();
        // What was missing was missing of a log that is gone.
        self.fetching = Fetching::default();
        self.own = OwnLog::default();
        self.cursors.start(ready.epoch, ready.useq);
        for (&room, &head) in &ready.rooms {
            self.cursors.track(room, head);
        }
        actions.push(Action::StartOver(ready.clone()));
        self.link = Link::Open {
            ready,
            resuming: false,
        };
    }

    fn has_resumed(&mut self, actions: &mut Vec<Action>) {
        self.backoff.reset();
        if let Link::Open { ready, resuming } = &mut self.link {
            *resuming = false;
            // Rooms that did not fit into the resume.
            for (room, _) in self.cursors.behind(&ready.rooms) {
                self.fetching.want(room, ready.rooms[&room]);
            }
        }
        self.fetch_due(actions);
        self.sync_if_behind(actions);
    }

    fn heads(&mut self, heads: &Heads, actions: &mut Vec<Action>) {
        for (room, _) in self.cursors.behind(&heads.rooms) {
            self.fetching.want(room, heads.rooms[&room]);
        }
        self.fetch_due(actions);
        self.own.known = self.own.known.max(heads.useq);
        self.sync_if_behind(actions);
    }

    fn event(&mut self, event: Event, actions: &mut Vec<Action>) {
        let (room, seq) = (event.room_id, event.seq);
        match self.cursors.event(&event) {
            Verdict::Apply => {
                if let Some(client_id) = event.data.get("client_id").and_then(|id| id.as_str()) {
                    self.outbox.settle_as(room, client_id);
                }
                actions.push(Action::Apply(Box::new(event)));
                self.send_due(actions);
            }
            Verdict::Repeated => {}
            Verdict::Missing { .. } => {
                self.fetching.want(room, seq);
                self.fetch_due(actions);
            }
            Verdict::Unknown => {
                if self.fetching.load(room, seq) {
                    actions.push(Action::Load(room));
                }
            }
        }
    }

    fn own_event(&mut self, event: UserEvent, actions: &mut Vec<Action>) {
        match self.cursors.user_event(event.useq) {
            Verdict::Apply => self.apply_own(event, actions),
            Verdict::Missing { .. } => {
                self.own.known = self.own.known.max(event.useq);
                self.sync_if_behind(actions);
            }
            Verdict::Repeated | Verdict::Unknown => {}
        }
    }

    fn apply_own(&mut self, event: UserEvent, actions: &mut Vec<Action>) {
        match event.turn() {
            Some(Turn::Added { room, joined_seq }) => self.cursors.room_added(room, joined_seq),
            Some(Turn::Removed { room, leave_seq }) => {
                self.cursors.room_removed(room, leave_seq);
                // It may be a later stay that is being fetched.
                if self.cursors.room(room).is_none() {
                    self.fetching.forget(room);
                }
            }
            None => {}
        }
        actions.push(Action::ApplyOwn(Box::new(event)));
        self.fetch_due(actions);
        self.sync_if_behind(actions);
    }

    fn send_due(&mut self, actions: &mut Vec<Action>) {
        if matches!(self.link, Link::Open { .. }) && self.resend_at.is_none() {
            actions.extend(self.outbox.take_due().into_iter().map(Action::Send));
        }
    }

    fn fetch_due(&mut self, actions: &mut Vec<Action>) {
        if matches!(self.link, Link::Open { .. }) {
            for (room, after) in self.fetching.take_due(&self.cursors) {
                actions.push(Action::Fetch { room, after });
            }
        }
    }

    fn sync_if_behind(&mut self, actions: &mut Vec<Action>) {
        // The end of a stay may not come over the socket any more: who was detached then has no seat.
        let ending = self.cursors.ending();
        let is_behind = self.cursors.useq() < self.own.known || !ending.is_empty();
        if !is_behind || self.own.is_asked || self.own.ask_at.is_some() || !self.is_live() {
            return;
        }
        if let Some(resume) = self.cursors.resume() {
            self.own.is_asked = true;
            self.own.asked_ends = ending.keys().copied().collect();
            actions.push(Action::Sync(Resume {
                rooms: ending,
                ..resume
            }));
        }
    }
}

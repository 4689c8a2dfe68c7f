//! Commands that wait for their answers, in the order in which the sockets gave them. Pure bookkeeping: what to send on which
//! stream, whom to answer, what has waited too long.
//!
//! What one socket does in one room is a *talk*. A talk that has anything unanswered stays with the stream that has it, and then moves as a whole and in
//! its order, or a second node could be quicker with the later ones. A talk that has nothing unanswered begins with the room's owner, of those nodes that
//! are well.

mod health;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque, hash_map},
    sync::Arc,
};

use kith_api::chat::v1::{Command, Detach, command};
use tokio::time::{Duration, Instant};

use self::health::Health;
use super::owner::{Owner, Room};
use crate::{admission::Admitted, ws::socket::Socket};

/// Commands in one request.
const BATCH: usize = 512;
/// A node that says nothing for this long, though it was asked, is taken for dead while there is another one: nodes refuse what they cannot do sooner.
const SILENCE: Duration = Duration::from_secs(3);

/// A command that will be answered.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) socket: Arc<Socket>,
    /// The client's `ref`.
    pub(crate) reference: Box<str>,
    pub(crate) command: command::Command,
    pub(crate) deadline: Instant,
    /// The trace that the frame began, when traces are collected.
    pub(crate) traceparent: Option<String>,
    /// Its place among the node's commands.
    #[expect(dead_code, reason = "free again when this is dropped")]
    pub(crate) admitted: Admitted,
}

/// What the sockets give.
#[derive(Debug)]
pub(crate) enum Submission {
    /// Answered, and repeated on the next stream when this one breaks.
    Request(Pending),
    /// Not answered and not repeated.
    Notice(Arc<Socket>, command::Command),
    /// The socket has closed.
    Gone(u64),
}

/// One opening of a stream to a node; never the same again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StreamId(pub(super) u64);

/// Everything unanswered.
#[derive(Debug, Default)]
pub(super) struct Unanswered {
    pending: BTreeMap<u64, (Talk, Pending)>,
    /// Those that have anything unanswered.
    talks: HashMap<Talk, Held>,
    /// The open ones.
    streams: BTreeMap<StreamId, Stream>,
    health: Health,
    last_id: u64,
}

/// A socket, and a room that it does something in.
type Talk = (u64, Room);

#[derive(Debug)]
struct Held {
    /// None while no stream is open.
    by: Option<StreamId>,
    unanswered: usize,
}

#[derive(Debug)]
struct Stream {
    node: Owner,
    unsent: VecDeque<Unsent>,
    attached: HashSet<u64>,
    /// Sent and unanswered.
    sent: usize,
    /// When it last said something, or was first asked after it had said everything.
    heard_at: Instant,
}

#[derive(Debug)]
enum Unsent {
    Request(u64),
    Notice(Arc<Socket>, command::Command),
    Gone(u64),
}

impl Unanswered {
    /// Takes a submission into the queue of the stream that it belongs to.
    pub(super) fn add(&mut self, submission: Submission) {
        match submission {
            Submission::Request(pending) => {
                let talk = (pending.socket.id, Room::of(&pending.command));
                let by = self.hold(talk);
                self.last_id += 1;
                self.pending.insert(self.last_id, (talk, pending));
                self.queue(by, Unsent::Request(self.last_id));
            }
            Submission::Notice(socket, command) => {
                let room = Room::of(&command);
                let held = self.talks.get(&(socket.id, room));
                let by = held.map_or_else(|| self.owner(room), |held| held.by);
                self.queue(by, Unsent::Notice(socket, command));
            }
            Submission::Gone(id) => {
                for stream in self.streams.values_mut() {
                    // What is unsent may attach it yet.
                    if stream.attached.contains(&id) || !stream.unsent.is_empty() {
                        stream.unsent.push_back(Unsent::Gone(id));
                    }
                }
            }
        }
    }

    /// A stream to a node is open: nobody is attached to it, and it gets what had none.
    pub(super) fn open(&mut self, id: StreamId, node: Owner, now: Instant) {
        let stream = Stream {
            node,
            unsent: VecDeque::new(),
            attached: HashSet::new(),
            sent: 0,
            heard_at: now,
        };
        self.streams.insert(id, stream);
        self.rehome(None);
    }

    /// A stream is no more: everything unanswered on it goes to others, oldest first; what is not repeated is lost.
    pub(super) fn close(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.remove(&id) {
            self.health.broke(stream.node);
        }
        self.rehome(Some(id));
    }

    /// The streams on which something is to be sent.
    pub(super) fn unsent(&self) -> Vec<StreamId> {
        let streams = self.streams.iter();
        let unsent = streams.filter(|(_, stream)| !stream.unsent.is_empty());
        unsent.map(|(id, _)| *id).collect()
    }

    /// Whether something is to be sent on this stream.
    pub(super) fn has_unsent(&self, id: StreamId) -> bool {
        self.streams
            .get(&id)
            .is_some_and(|stream| !stream.unsent.is_empty())
    }

    /// The next commands for a stream. `sign` makes a socket's caller context.
    pub(super) fn next_batch(
        &mut self,
        id: StreamId,
        now: Instant,
        sign: impl Fn(&Socket) -> command::Command,
    ) -> Vec<Command> {
        let Some(stream) = self.streams.get_mut(&id) else {
            return Vec::new();
        };
        let mut commands = Vec::with_capacity(stream.unsent.len().min(BATCH));
        while commands.len() < BATCH
            && let Some(unsent) = stream.unsent.pop_front()
        {
            match unsent {
                Unsent::Request(id) => {
                    // It may have waited too long in the meantime.
                    let Some((_, pending)) = self.pending.get(&id) else {
                        continue;
                    };
                    stream.attach(&pending.socket, &sign, &mut commands);
                    stream.asked(now);
                    commands.push(Command {
                        request_id: id,
                        handle: pending.socket.id,
                        command: Some(pending.command.clone()),
                        traceparent: pending.traceparent.clone(),
                    });
                }
                Unsent::Notice(socket, command) => {
                    stream.attach(&socket, &sign, &mut commands);
                    commands.push(silent(socket.id, command));
                }
                Unsent::Gone(id) => {
                    if stream.attached.remove(&id) {
                        commands.push(silent(id, command::Command::Detach(Detach {})));
                    }
                }
            }
        }
        commands
    }

    /// A stream has said something; gives whom it answers: nobody when they have been told already that it takes too long.
    pub(super) fn answer(
        &mut self,
        id: StreamId,
        request_id: u64,
        now: Instant,
    ) -> Option<Pending> {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.heard(now);
        }
        let (talk, pending) = self.pending.remove(&request_id)?;
        self.release(talk);
        Some(pending)
    }

    /// What its answers say of a node: whether it did what it was asked, or could not.
    pub(super) fn judge(&mut self, id: StreamId, did_it: bool, now: Instant) {
        let Some(stream) = self.streams.get(&id) else {
            return;
        };
        if did_it {
            self.health.accepted(stream.node);
        } else {
            self.health.refused(stream.node, now);
        }
    }

    /// Those that have waited too long. Deadlines rise with the ids. Called again and again: nodes that were passed over are tried by it.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Pending> {
        let streams = &self.streams;
        let is_open = |node| streams.values().any(|stream| stream.node == node);
        self.health.tick(now, is_open);
        let mut expired = Vec::new();
        while let Some(first) = self.pending.first_entry()
            && first.get().1.deadline <= now
        {
            let (talk, pending) = first.remove();
            self.release(talk);
            expired.push(pending);
        }
        expired
    }

    /// Streams that were asked and say nothing, while there are others. They are passed over for a while also when they are open again.
    pub(super) fn silent(&mut self, now: Instant) -> Vec<StreamId> {
        let is_silent = |stream: &Stream| stream.sent > 0 && now - stream.heard_at >= SILENCE;
        let silent = self.streams.iter().filter(|(_, stream)| is_silent(stream));
        let silent: Vec<StreamId> = silent.map(|(id, _)| *id).collect();
        if silent.len() == self.streams.len() {
            return Vec::new();
        }
        for id in &silent {
            self.health.fell_silent(self.streams[id].node, now);
        }
        silent
    }

    /// One more of this talk; gives the stream that has it.
    fn hold(&mut self, talk: Talk) -> Option<StreamId> {
        if let Some(held) = self.talks.get_mut(&talk) {
            held.unanswered += 1;
            return held.by;
        }
        let by = self.give(talk.1);
        self.talks.insert(talk, Held { by, unanswered: 1 });
        by
    }

    /// The stream that a talk in this room begins on, or goes on on.
    fn give(&mut self, room: Room) -> Option<StreamId> {
        let by = self.owner(room)?;
        self.health.asked(self.streams[&by].node);
        Some(by)
    }

    /// The open stream to the room's owner. Nodes that are passed over own nothing, unless all are.
    fn owner(&self, room: Room) -> Option<StreamId> {
        if self.streams.len() < 2 {
            return self.streams.keys().next().copied();
        }
        let worth = |node: Owner| (self.health.takes(node), node.rank(room));
        let ranked = self
            .streams
            .iter()
            .max_by_key(|(_, stream)| worth(stream.node));
        ranked.map(|(id, _)| *id)
    }

    /// One less of this talk.
    fn release(&mut self, talk: Talk) {
        if let hash_map::Entry::Occupied(mut held) = self.talks.entry(talk) {
            held.get_mut().unanswered -= 1;
            if held.get().unanswered == 0 {
                held.remove();
            }
        }
    }

    /// Queues for a stream. Without one, requests wait for the next and the rest is lost.
    fn queue(&mut self, by: Option<StreamId>, unsent: Unsent) {
        if let Some(stream) = by.and_then(|id| self.streams.get_mut(&id)) {
            stream.unsent.push_back(unsent);
        }
    }

    /// Gives the talks that this stream had, or that had none, to those who own them now, each in its order.
    fn rehome(&mut self, from: Option<StreamId>) {
        let held_by = |talk: &Talk| self.talks.get(talk).map(|held| held.by);
        let all = self.pending.iter();
        let moving: Vec<(u64, Talk)> = all
            .filter(|(_, (talk, _))| held_by(talk) == Some(from))
            .map(|(id, (talk, _))| (*id, *talk))
            .collect();
        for (id, talk) in moving {
            let Some(mut by) = self.talks.get(&talk).map(|held| held.by) else {
                continue;
            };
            if by == from {
                by = self.give(talk.1);
                if let Some(held) = self.talks.get_mut(&talk) {
                    held.by = by;
                }
            }
            self.queue(by, Unsent::Request(id));
        }
    }
}

impl Stream {
    /// Presents a socket's caller, once, before its first command.
    fn attach(
        &mut self,
        socket: &Socket,
        sign: impl Fn(&Socket) -> command::Command,
        commands: &mut Vec<Command>,
    ) {
        if self.attached.insert(socket.id) {
            commands.push(silent(socket.id, sign(socket)));
        }
    }

    fn asked(&mut self, now: Instant) {
        if self.sent == 0 {
            self.heard_at = now;
        }
        self.sent += 1;
    }

    fn heard(&mut self, now: Instant) {
        self.sent = self.sent.saturating_sub(1);
        self.heard_at = now;
    }
}

fn silent(handle: u64, command: command::Command) -> Command {
    Command {
        request_id: 0,
        handle,
        command: Some(command),
        traceparent: None,
    }
}

#[cfg(test)]
mod tests;

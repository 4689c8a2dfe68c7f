//! One log on this node, and the sockets that follow it: brings its entries into order, holds back what came too early,
//! and gives each socket every entry once, in order, up to the one that ends its stay. Pure: it does no reading itself, it
//! says which reading it wants.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use kith_ids::UserId;

use crate::entry::{Effect, Entry};

/// Entries held back while one is missing; past it only the highest seq is kept, and the rest is read.
const HELD: usize = 256;
/// Bytes held back.
const HELD_BYTES: usize = 1024 * 1024;
/// Entries kept for those who catch up.
const TAIL: usize = 256;
/// Bytes kept for those who catch up; bounds what very many busy rooms can hold.
const TAIL_BYTES: usize = 256 * 1024;

/// Who follows a log.
pub trait Receiver {
    /// What the log consists of.
    type Entry: Entry + 'static;
    /// What it needs to act, for example the list of sockets to wake.
    type Context;

    /// Names the follower within the log.
    fn id(&self) -> u64;
    /// The person.
    fn user_id(&self) -> UserId;
    /// Takes an entry; false when its queue is full.
    fn deliver(&self, entry: &Self::Entry, context: &mut Self::Context) -> bool;
    /// It gets nothing more until it asks, and should know.
    fn fell_behind(&self, context: &mut Self::Context);
    /// Its stay is over.
    fn ended(&self);
}

/// A log and its followers.
#[derive(Debug)]
pub struct Log<R: Receiver> {
    /// Followers more than this behind must page for themselves. None: nobody ever must.
    too_long: Option<u64>,
    /// Everything up to here has been seen; none until the log's head is known.
    high: Option<u64>,
    /// The highest seq heard of.
    known: u64,
    held: BTreeMap<u64, Arc<R::Entry>>,
    held_bytes: usize,
    /// All entries above `tail_from`, up to `high`.
    tail: VecDeque<Arc<R::Entry>>,
    tail_from: u64,
    tail_bytes: usize,
    seats: Vec<Seat<R>>,
    /// A reading is under way; set and cleared by whoever reads.
    pub(crate) is_read: bool,
    /// The log was given up; a new one takes its place.
    pub(crate) is_closed: bool,
}

#[derive(Debug)]
struct Seat<R> {
    receiver: R,
    /// The last seq it has, or that it shall not get.
    cursor: u64,
    state: State,
    /// First seq of a stay that began before the current one was seen to end.
    next_stay: Option<u64>,
    /// The stay is known to end with an entry that is still to come.
    is_ending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Has everything up to `high`.
    Live,
    /// Lacks something that will be read.
    Waiting,
    /// Gets nothing until it asks.
    Behind,
}

impl<R: Receiver> Log<R> {
    /// Nothing is known yet.
    pub fn new(too_long: Option<u64>) -> Self {
        Self {
            too_long,
            high: None,
            known: 0,
            held: BTreeMap::new(),
            held_bytes: 0,
            tail: VecDeque::new(),
            tail_from: 0,
            tail_bytes: 0,
            seats: Vec::new(),
            is_read: false,
            is_closed: false,
        }
    }

    /// Up to where it is complete.
    pub const fn high(&self) -> Option<u64> {
        self.high
    }

    /// Whether somebody follows it.
    pub fn is_followed(&self) -> bool {
        !self.seats.is_empty()
    }

    /// Its followers.
    pub fn receivers(&self) -> impl Iterator<Item = &R> {
        self.seats.iter().map(|seat| &seat.receiver)
    }

    /// The head, read after the subscription took effect: what comes from now on is heard of.
    pub fn establish(&mut self, head: u64, context: &mut R::Context) {
        if self.high.is_some() {
            self.hear_of(head);
            return;
        }
        self.high = Some(head);
        self.tail_from = head;
        self.known = self.known.max(head);
        self.release_held(context);
        self.settle(context);
    }

    /// There is an entry of this seq somewhere.
    pub fn hear_of(&mut self, head: u64) {
        self.known = self.known.max(head);
    }

    /// Takes a live entry.
    pub fn receive(&mut self, entry: Arc<R::Entry>, context: &mut R::Context) {
        self.hear_of(entry.seq());
        match self.high {
            Some(high) if entry.seq() <= high => {}
            Some(high) if entry.seq() == high + 1 => {
                self.advance(entry, context);
                self.release_held(context);
                self.settle_ended(context);
            }
            _ => self.hold(entry),
        }
    }

    /// Adds a follower that has everything up to `cursor`.
    pub fn join(&mut self, receiver: R, cursor: u64, context: &mut R::Context) {
        self.seats.push(Seat {
            receiver,
            cursor,
            state: State::Waiting,
            next_stay: None,
            is_ending: false,
        });
        self.settle(context);
    }

    /// Begins a stay at `joined_seq`, of somebody who may still be seeing the end of their last one.
    pub fn begin_stay(&mut self, receiver: R, joined_seq: u64, context: &mut R::Context) {
        let cursor = joined_seq.saturating_sub(1);
        match self.seat(receiver.id()) {
            None => self.join(receiver, cursor, context),
            Some(seat) if seat.cursor >= cursor => {}
            Some(seat) if seat.state == State::Behind => {
                seat.cursor = cursor;
                seat.state = State::Waiting;
                self.settle(context);
            }
            Some(seat) => {
                seat.next_stay = Some(joined_seq);
                seat.is_ending = false;
            }
        }
    }

    /// Ends a stay of which `leave_seq` is the last entry. Who is on the way there gets it; who cannot get there is out. Who
    /// is beyond it has fetched what follows: they are in a later stay, of which their own log has yet to tell.
    pub fn end_stay(&mut self, id: u64, leave_seq: u64) {
        self.seats.retain_mut(|seat| {
            if seat.receiver.id() != id || seat.cursor > leave_seq {
                return true;
            }
            seat.is_ending = true;
            if seat.cursor >= leave_seq {
                seat.state = State::Behind;
            }
            !seat.is_over()
        });
    }

    /// Removes a follower.
    pub fn leave(&mut self, id: u64) {
        self.seats.retain(|seat| seat.receiver.id() != id);
    }

    /// Somebody who was behind has now everything up to `cursor`, or goes on where they stood.
    pub fn rejoin(&mut self, id: u64, cursor: Option<u64>, context: &mut R::Context) {
        if let Some(seat) = self.seat(id)
            && seat.state == State::Behind
        {
            seat.cursor = cursor.unwrap_or(seat.cursor).max(seat.cursor);
            seat.state = State::Waiting;
            self.settle(context);
        }
    }

    /// Whether somebody waits for a reading, rather than for a straggler that may yet come by itself.
    pub fn has_waiting(&self) -> bool {
        self.high.is_some() && self.seats.iter().any(|seat| seat.state == State::Waiting)
    }

    /// The seq after which it wants to be read.
    pub fn wants_reading(&mut self, context: &mut R::Context) -> Option<u64> {
        let high = self.skip_if_too_long(context)?;
        let gap = (self.known > high).then_some(high);
        let waiting = self
            .seats
            .iter()
            .filter(|seat| seat.state == State::Waiting)
            .map(|seat| seat.cursor)
            .min();
        match (gap, waiting) {
            (Some(gap), Some(waiting)) => Some(gap.min(waiting)),
            (gap, waiting) => gap.or(waiting),
        }
    }

    /// Takes what was read: all entries above `after` and up to `through`, of a log that ended at `head`.
    pub fn apply_reading(&mut self, reading: Reading<R::Entry>, context: &mut R::Context) {
        let Reading {
            after,
            entries,
            through,
            head,
        } = reading;
        self.hear_of(head);
        self.seats.retain_mut(|seat| {
            let lacks_these = seat.state == State::Waiting
                && (after..through.max(after + 1)).contains(&seat.cursor);
            if !lacks_these {
                return true;
            }
            let stays = seat.offer_all(entries.iter(), context);
            // A full queue has stopped it in the middle; a new stay may have moved it beyond.
            if stays && seat.state == State::Waiting {
                seat.cursor = seat.cursor.max(through);
            }
            stays
        });
        if self
            .high
            .is_some_and(|high| (after..through).contains(&high))
        {
            for entry in entries {
                if self.high.is_some_and(|high| entry.seq() > high) {
                    self.advance(entry, context);
                }
            }
            self.high = self.high.max(Some(through));
        }
        self.release_held(context);
        self.settle(context);
    }

    /// Forgets tail entries learned before `oldest`.
    pub fn forget_tail(&mut self, oldest: Instant) {
        while self
            .tail
            .front()
            .is_some_and(|entry| entry.learned_at() < oldest)
        {
            self.forget_first();
        }
        if self.tail.is_empty() {
            self.tail = VecDeque::new();
        }
    }

    fn seat(&mut self, id: u64) -> Option<&mut Seat<R>> {
        self.seats.iter_mut().find(|seat| seat.receiver.id() == id)
    }

    fn hold(&mut self, entry: Arc<R::Entry>) {
        let size = entry.size();
        if self.held.len() < HELD && self.held_bytes + size <= HELD_BYTES {
            self.held_bytes += size;
            if let Some(same) = self.held.insert(entry.seq(), entry) {
                self.held_bytes -= same.size();
            }
        }
    }

    /// Lets go of what was held back and is now old, or next.
    fn release_held(&mut self, context: &mut R::Context) {
        while let (Some(high), Some(first)) = (self.high, self.held.first_entry()) {
            if *first.key() > high + 1 {
                return;
            }
            let entry = first.remove();
            self.held_bytes -= entry.size();
            if entry.seq() == high + 1 {
                self.advance(entry, context);
            }
        }
    }

    /// Gives the next entry to all that are live, and keeps it.
    fn advance(&mut self, entry: Arc<R::Entry>, context: &mut R::Context) {
        self.high = Some(entry.seq());
        self.seats
            .retain_mut(|seat| seat.state != State::Live || seat.offer(&entry, context));
        self.tail_bytes += entry.size();
        self.tail.push_back(entry);
        while self.tail.len() > TAIL || self.tail_bytes > TAIL_BYTES {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some(entry) = self.tail.pop_front() {
            self.tail_bytes -= entry.size();
            self.tail_from = entry.seq();
        }
    }

    /// On the hot path only a stay that ended can leave somebody waiting.
    fn settle_ended(&mut self, context: &mut R::Context) {
        if self.seats.iter().any(|seat| seat.state == State::Waiting) {
            self.settle(context);
        }
    }

    /// Makes live whoever has everything, or can get it from the tail.
    fn settle(&mut self, context: &mut R::Context) {
        let Some(high) = self.high else { return };
        let (tail, tail_from, too_long) = (&self.tail, self.tail_from, self.too_long);
        self.seats.retain_mut(|seat| {
            if seat.state != State::Waiting {
                return true;
            }
            if too_long.is_some_and(|limit| high.saturating_sub(seat.cursor) > limit) {
                seat.fall_behind(context);
                return !seat.is_over();
            }
            if (tail_from..high).contains(&seat.cursor) {
                if !seat.offer_all(tail.iter(), context) {
                    return false;
                }
                if seat.state == State::Waiting {
                    seat.cursor = seat.cursor.max(high);
                }
            }
            if seat.state == State::Waiting && seat.cursor >= high {
                seat.state = State::Live;
            }
            true
        });
    }

    /// A gap too long to be filled is skipped, and the followers are told. Gives `high`.
    fn skip_if_too_long(&mut self, context: &mut R::Context) -> Option<u64> {
        let high = self.high?;
        if self.too_long.is_none_or(|limit| self.known - high <= limit) {
            return Some(high);
        }
        self.high = Some(self.known);
        self.tail.clear();
        self.tail_bytes = 0;
        self.tail_from = self.known;
        for seat in &mut self.seats {
            // Who had more than this log (its head was read later) may not lack anything.
            if seat.state == State::Live && seat.cursor < self.known {
                seat.fall_behind(context);
            }
        }
        self.seats.retain(|seat| !seat.is_over());
        self.release_held(context);
        self.settle(context);
        self.high
    }
}

/// What was read of a log.
#[derive(Debug)]
pub struct Reading<E> {
    /// Entries above this were asked for.
    pub after: u64,
    /// All that there are up to `through`, in order.
    pub entries: Vec<Arc<E>>,
    /// Complete up to here.
    pub through: u64,
    /// Where the log ended.
    pub head: u64,
}

impl<R: Receiver> Seat<R> {
    /// Gives all of these that it lacks; false when its stay ended with one of them.
    fn offer_all<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Arc<R::Entry>>,
        context: &mut R::Context,
    ) -> bool {
        for entry in entries {
            if self.state == State::Behind {
                return true;
            }
            if !self.offer(entry, context) {
                return false;
            }
        }
        true
    }

    /// Gives one entry if it lacks it; false when its stay ended with it.
    fn offer(&mut self, entry: &R::Entry, context: &mut R::Context) -> bool {
        if entry.seq() <= self.cursor {
            return true;
        }
        if !self.receiver.deliver(entry, context) {
            self.fall_behind(context);
            return !self.is_over();
        }
        self.cursor = entry.seq();
        if entry.effect() != Effect::Left(self.receiver.user_id()) {
            return true;
        }
        // A stay that began before this end is the one that ends here.
        let next_stay = self.next_stay.take();
        if let Some(joined_seq) = next_stay.filter(|joined_seq| *joined_seq > entry.seq()) {
            self.cursor = joined_seq - 1;
            self.state = State::Waiting;
            return true;
        }
        self.receiver.ended();
        false
    }

    /// Who cannot get to the end of their stay any more has no seat.
    fn is_over(&self) -> bool {
        let is_over = self.is_ending && self.state == State::Behind;
        if is_over {
            self.receiver.ended();
        }
        is_over
    }

    fn fall_behind(&mut self, context: &mut R::Context) {
        self.state = State::Behind;
        self.receiver.fell_behind(context);
    }
}

#[cfg(test)]
mod tests;

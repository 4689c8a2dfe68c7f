//! One run of a load, from the first message to the last delivery.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use hdrhistogram::Histogram;

use super::{Outcome, Pace, Progress, Seat, Span};
use crate::{
    cost::{Parties, Spent},
    driver::{
        Player,
        frames::{self, Frame, Heard},
        wire::Wire,
    },
    numbers::{float, micros},
};

/// How long the last deliveries may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether everybody has everything.
const LOOK: Duration = Duration::from_millis(10);
/// Microseconds; past a minute nothing is measured any more.
const LONGEST: u64 = 60_000_000;
/// In rooms above this size the moment is read in every sixteenth delivery only: there are enough of them, and reading it costs.
const EACH_IN_ROOMS_TO: u64 = 50;
const SAMPLE: u64 = 16;

enum Phase {
    WarmUp { until: Instant },
    Measuring { until: Instant },
    Draining { since: Instant },
}

/// What is counted while measuring.
pub(super) struct Tally {
    pub(super) acknowledged: u64,
    /// To everybody in the room, the sender too.
    pub(super) delivered: u64,
    /// The same without the sender.
    pub(super) to_others: f64,
    pub(super) refused: u64,
    pub(super) delivery: Histogram<u64>,
    pub(super) answer: Histogram<u64>,
    pub(super) read: Histogram<u64>,
    pub(super) reads_refused: u64,
}

pub(super) struct Pass<'a> {
    seats: &'a mut [Seat],
    rooms: &'a mut [Progress],
    parties: &'a Parties,
    pace: Pace,
    span: Span,
    /// Of the bench: moments in messages are counted from it.
    begin: Instant,
    phase: Phase,
    unanswered: u64,
    /// When the next message of a steady pace is due, and whose turn it is.
    due: Instant,
    turn: usize,
    tally: Tally,
    spent: Option<Spent>,
    has_begun: bool,
}

impl<'a> Pass<'a> {
    pub(super) fn begin(
        seats: &'a mut [Seat],
        rooms: &'a mut [Progress],
        parties: &'a Parties,
        (pace, span, begin): (Pace, Span, Instant),
    ) -> anyhow::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            seats,
            rooms,
            parties,
            pace,
            span,
            begin,
            phase: Phase::WarmUp {
                until: now + span.warm_up,
            },
            unanswered: 0,
            due: now,
            turn: 0,
            tally: Tally {
                acknowledged: 0,
                delivered: 0,
                to_others: 0.0,
                refused: 0,
                delivery: Histogram::new_with_max(LONGEST, 3)?,
                answer: Histogram::new_with_max(LONGEST, 3)?,
                read: Histogram::new_with_max(LONGEST, 3)?,
                reads_refused: 0,
            },
            spent: None,
            has_begun: false,
        })
    }

    pub(super) fn outcome(self) -> anyhow::Result<Outcome> {
        let Some(spent) = self.spent else {
            bail!("nothing was measured");
        };
        Ok(Outcome::of(&self.tally, &spent))
    }

    fn is_sending(&self) -> bool {
        !matches!(self.phase, Phase::Draining { .. })
    }

    fn is_measuring(&self) -> bool {
        matches!(self.phase, Phase::Measuring { .. })
    }

    fn say_next(&mut self, at: usize, wire: &mut Wire) {
        if self.is_sending() {
            self.seats[at].say_next(self.begin, wire);
            self.unanswered += 1;
        }
    }

    fn say_first(&mut self, wires: &mut [Wire]) {
        let each = match self.pace {
            Pace::InFlight(each) => each,
            Pace::OwnCopy => 1,
            Pace::Steady(_) | Pace::Reading(_) => 0,
        };
        for (at, wire) in wires.iter_mut().enumerate() {
            for _ in 0..if self.seats[at].sends { each } else { 0 } {
                self.say_next(at, wire);
            }
        }
    }

    /// Says what a steady pace has due by now; gives when the next one is.
    fn keep_pace(&mut self, per_s: f64, now: Instant, wires: &mut [Wire]) -> Instant {
        let step = Duration::from_secs_f64(1.0 / per_s);
        while self.due <= now {
            self.due += step;
            let start = self.turn;
            // Neighbours in the list share a room; a stride spreads the messages over the rooms.
            loop {
                self.turn = (self.turn + 11) % self.seats.len();
                if self.seats[self.turn].sends || self.turn == start {
                    break;
                }
            }
            self.say_next(self.turn, &mut wires[self.turn]);
        }
        self.due
    }

    fn take(&mut self, at: usize, text: &[u8], wire: &mut Wire) -> anyhow::Result<()> {
        match frames::hear(text) {
            Heard::Message { seq } => {
                self.seats[at].step(seq)?;
                self.deliver(at, seq, text);
                self.go_on(at, wire);
                self.read(at, wire)?;
            }
            Heard::Event { seq } => self.seats[at].step(seq)?,
            Heard::Read { seq } => {
                let asked = self.seats[at].reader.answered(seq)?;
                if self.is_measuring() {
                    self.tally
                        .read
                        .saturating_record(micros(asked.elapsed()).max(1));
                }
                self.read(at, wire)?;
            }
            Heard::Unread => {
                self.tally.reads_refused += 1;
                self.seats[at].reader.refused();
                self.read(at, wire)?;
            }
            Heard::Acknowledged { seq, .. } => {
                self.acknowledge(at, seq, text);
                match self.pace {
                    Pace::InFlight(_) => self.say_next(at, wire),
                    Pace::OwnCopy => {
                        self.seats[at].awaited.push(seq);
                        self.go_on(at, wire);
                    }
                    Pace::Steady(_) | Pace::Reading(_) => {}
                }
            }
            Heard::Refused { number } => {
                self.tally.refused += 1;
                self.seats[at].say(number, self.begin, wire);
            }
            Heard::Behind => bail!(
                "a socket was told that it is behind: {}",
                String::from_utf8_lossy(text)
            ),
            Heard::Other => {}
        }
        Ok(())
    }

    fn go_on(&mut self, at: usize, wire: &mut Wire) {
        if self.seats[at].awaited.is_empty() {
            return;
        }
        for _ in 0..self.seats[at].returned() {
            self.say_next(at, wire);
        }
    }

    /// Whoever reads what they hear does so.
    fn read(&mut self, at: usize, wire: &mut Wire) -> anyhow::Result<()> {
        let seat = &mut self.seats[at];
        match self.pace {
            Pace::Reading(_) => seat.reader.read(seat.seen, wire),
            Pace::InFlight(_) | Pace::OwnCopy | Pace::Steady(_) => Ok(()),
        }
    }

    fn deliver(&mut self, at: usize, seq: u64, text: &[u8]) {
        if !self.is_measuring() {
            return;
        }
        let size = self.rooms[self.seats[at].room].size;
        self.tally.delivered += 1;
        self.tally.to_others += float(size - 1) / float(size);
        if (size <= EACH_IN_ROOMS_TO || seq.is_multiple_of(SAMPLE))
            && let Some(sent) = frames::stamp(text)
        {
            let taken = micros(self.begin.elapsed()).saturating_sub(sent);
            self.tally.delivery.saturating_record(taken.max(1));
        }
    }

    fn acknowledge(&mut self, at: usize, seq: u64, text: &[u8]) {
        self.unanswered -= 1;
        let room = &mut self.rooms[self.seats[at].room];
        room.head = room.head.max(seq);
        room.acknowledged += 1;
        if self.is_measuring() {
            self.tally.acknowledged += 1;
            if let Some(sent) = frames::stamp(text) {
                let taken = micros(self.begin.elapsed()).saturating_sub(sent);
                self.tally.answer.saturating_record(taken.max(1));
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.unanswered == 0 && self.lacking(|seat| seat.seen) == 0 && self.unread() == 0
    }

    /// Sockets whose place is not their room's head.
    fn lacking(&self, place: impl Fn(&Seat) -> u64) -> usize {
        let lacks = |seat: &&Seat| place(seat) != self.rooms[seat.room].head;
        self.seats.iter().filter(lacks).count()
    }

    /// The same of those who read.
    fn unread(&self) -> usize {
        match self.pace {
            Pace::Reading(_) => self.lacking(|seat| seat.reader.position),
            Pace::InFlight(_) | Pace::OwnCopy | Pace::Steady(_) => 0,
        }
    }

    fn lost(&self) -> String {
        format!(
            "{} messages are unanswered, {} sockets lack messages, and {} have not read all",
            self.unanswered,
            self.lacking(|seat| seat.seen),
            self.unread()
        )
    }
}

impl Player for Pass<'_> {
    fn hear(&mut self, at: usize, frame: Frame<'_>, wire: &mut Wire) -> anyhow::Result<()> {
        match frame {
            Frame::Text(text) => self.take(at, text, wire)?,
            Frame::Ping => wire.pong(),
            Frame::Close(why) => bail!("the server closed a socket: {why}"),
            Frame::Other => {}
        }
        Ok(())
    }

    fn tick(&mut self, now: Instant, wires: &mut [Wire]) -> anyhow::Result<Option<Instant>> {
        if !self.has_begun {
            self.has_begun = true;
            self.say_first(wires);
        }
        match self.phase {
            Phase::WarmUp { until } if now >= until => {
                self.spent = Some(Spent::begin(self.parties)?);
                self.phase = Phase::Measuring {
                    until: Instant::now() + self.span.measured,
                };
            }
            Phase::Measuring { until } if now >= until => {
                self.phase = Phase::Draining { since: now };
                if let Some(spent) = &mut self.spent {
                    spent.end(self.parties)?;
                }
            }
            Phase::Draining { since } => {
                if self.is_complete() {
                    return Ok(None);
                }
                ensure!(now < since + PATIENCE, "lost: {}", self.lost());
            }
            Phase::WarmUp { .. } | Phase::Measuring { .. } => {}
        }
        let next = match self.pace {
            Pace::Steady(per_s) | Pace::Reading(per_s) if self.is_sending() => {
                self.keep_pace(per_s, now, wires)
            }
            _ => now + LOOK,
        };
        Ok(Some(next.min(now + LOOK)))
    }
}

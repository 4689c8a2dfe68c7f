//! A load: people in rooms who send, hear and check. Nothing lost, nothing twice, in order: every socket must see its room's `seq` rise by one
//! up to the highest acknowledged one, and what was acknowledged must be in Postgres.

mod outcome;
mod pass;
mod reader;
mod seat;

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::{
    cost::Parties,
    crowd::DATABASE,
    driver::{Driver, Visitor},
    postgres::Server,
};

pub(crate) use outcome::Outcome;
use pass::Pass;
use seat::Seat;

/// How messages follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Every sender has so many unanswered, all the time.
    InFlight(u32),
    /// Every sender has one under way, which is answered and has come back to its sender: in a large room the answer is early.
    OwnCopy,
    /// So many a second in all, the senders in turn, whatever is unanswered.
    Steady(f64),
    /// The same, and everybody reads what they hear: one read under way each, and the next one as soon as there is more.
    Reading(f64),
}

/// Not counted, then counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// A room of a load: its id, who is in it, and its head.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub(crate) id: String,
    pub(crate) people: Vec<Visitor>,
    pub(crate) head: u64,
}

/// Highest acknowledged `seq` of a room, and how many messages of it were acknowledged.
struct Progress {
    id: String,
    size: u64,
    first: u64,
    head: u64,
    acknowledged: u64,
}

/// Rooms with everybody connected.
pub(crate) struct Load {
    driver: Driver,
    seats: Vec<Seat>,
    rooms: Vec<Progress>,
    begin: Instant,
    parties: Parties,
}

impl Load {
    /// Connects everybody; of each room only the first `senders` will send.
    pub(crate) fn connect(
        rooms: &[Room],
        senders: usize,
        parties: Parties,
    ) -> anyhow::Result<Self> {
        let visitors: Vec<Visitor> = rooms.iter().flat_map(|room| room.people.clone()).collect();
        let driver = Driver::connect(&visitors)?;
        let mut seats = Vec::with_capacity(visitors.len());
        for (at, room) in rooms.iter().enumerate() {
            for place in 0..room.people.len() {
                let number = seats.len();
                seats.push(Seat::new(number, at, room, place < senders)?);
            }
        }
        Ok(Self {
            driver,
            seats,
            rooms: rooms.iter().map(Progress::of).collect(),
            begin: Instant::now(),
            parties,
        })
    }

    /// Sends at this pace for a while, then waits until every socket has everything.
    pub(crate) fn run(&mut self, pace: Pace, span: Span) -> anyhow::Result<Outcome> {
        let mut pass = Pass::begin(
            &mut self.seats,
            &mut self.rooms,
            &self.parties,
            (pace, span, self.begin),
        )?;
        self.driver.play(&mut pass)?;
        pass.outcome()
    }

    /// Compares what was acknowledged with the rows; gives how many there are.
    pub(crate) fn verify(&self, postgres: &Server) -> anyhow::Result<u64> {
        let mut rows = 0;
        for room in &self.rooms {
            let query = format!(
                "SELECT count(*), coalesce(max(seq), {}) FROM chat.chat_messages WHERE room_id = '{}' AND seq > {}",
                room.first, room.id, room.first
            );
            let answer = postgres.query(DATABASE, &query)?;
            let expected = format!("{}|{}", room.acknowledged, room.head);
            ensure!(
                answer.trim() == expected,
                "room {}: acknowledged (count|head) {expected}, in Postgres {}",
                room.id,
                answer.trim()
            );
            rows += room.acknowledged;
        }
        Ok(rows)
    }
}

impl Progress {
    fn of(room: &Room) -> Self {
        Self {
            id: room.id.clone(),
            size: u64::try_from(room.people.len()).unwrap_or(u64::MAX),
            first: room.head,
            head: room.head,
            acknowledged: 0,
        }
    }
}

//! One socket of a load: the frame that it sends again and again with other numbers, and how far it has seen its room.

use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::{Room, reader::Reader};
use crate::{
    driver::{
        frames::{self, DIGITS, TEXT},
        wire::Wire,
    },
    numbers::micros,
};

/// The length of a message's text, which is that of an ordinary chat message with some links and emoji.
pub(crate) const TEXT_BYTES: usize = 200;

/// One socket.
pub(super) struct Seat {
    pub(super) room: usize,
    pub(super) sends: bool,
    /// Highest `seq` seen; they come without gaps.
    pub(super) seen: u64,
    /// Places of answered messages whose own copy has not come yet.
    pub(super) awaited: Vec<u64>,
    pub(super) reader: Reader,
    next: u64,
    frame: Vec<u8>,
    /// Where in the frame the number stands (as `ref`, and at the end of the `client_id`), and the moment.
    places: [usize; 3],
}

impl Seat {
    pub(super) fn new(number: usize, at: usize, room: &Room, sends: bool) -> anyhow::Result<Self> {
        let (blank, filler) = ("#".repeat(DIGITS), ".".repeat(TEXT_BYTES - DIGITS - 1));
        let text = format!(
            r#"{{"t":"send","ref":"{blank}","room_id":"{}","client_id":"{number:06}-{blank}","text":"{blank} {filler}"}}"#,
            room.id
        );
        let mut frame = Vec::new();
        frames::write(&mut frame, TEXT, text.as_bytes())?;
        let places: Vec<usize> = memchr::memmem::find_iter(&frame, blank.as_bytes()).collect();
        let places = places
            .try_into()
            .ok()
            .context("a frame without its numbers")?;
        Ok(Self {
            room: at,
            sends,
            seen: room.head,
            awaited: Vec::new(),
            reader: Reader::new(room),
            next: 1,
            frame,
            places,
        })
    }

    /// Says the next message.
    pub(super) fn say_next(&mut self, begin: Instant, wire: &mut Wire) {
        self.say(self.next, begin, wire);
        self.next += 1;
    }

    /// Says this message, for the first time or again: the same `client_id` has the same effect once.
    pub(super) fn say(&mut self, number: u64, begin: Instant, wire: &mut Wire) {
        for place in [self.places[0], self.places[1]] {
            self.put(place, number);
        }
        self.put(self.places[2], micros(begin.elapsed()));
        wire.say(&self.frame);
    }

    fn put(&mut self, place: usize, mut number: u64) {
        for digit in self.frame[place..place + DIGITS].iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
    }

    /// Moves on by exactly one.
    pub(super) fn step(&mut self, seq: u64) -> anyhow::Result<()> {
        ensure!(
            seq == self.seen + 1,
            "a socket saw seq {seq} after {}",
            self.seen
        );
        self.seen = seq;
        Ok(())
    }

    /// How many of one's own messages have come back meanwhile.
    pub(super) fn returned(&mut self) -> usize {
        let before = self.awaited.len();
        let seen = self.seen;
        self.awaited.retain(|seq| *seq > seen);
        before - self.awaited.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_sees_its_room_without_gaps_and_repeats() {
        let mut seat = seat();

        seat.step(6).unwrap();
        assert!(seat.step(6).is_err());
        assert!(seat.step(8).is_err());
        seat.step(7).unwrap();
    }

    #[test]
    fn own_messages_are_awaited_until_they_were_seen() {
        let mut seat = seat();
        seat.awaited.extend([6, 8]);

        seat.step(6).unwrap();
        assert_eq!(seat.returned(), 1);
        assert_eq!(seat.returned(), 0);
        assert_eq!(seat.awaited, [8]);
    }

    #[test]
    fn numbers_stand_where_they_belong() {
        let mut seat = seat();

        seat.put(seat.places[0], 7);
        seat.put(seat.places[1], 7);
        seat.put(seat.places[2], 123_456);

        let frame = String::from_utf8_lossy(&seat.frame);
        assert!(frame.contains(r#""ref":"000000000007""#));
        assert!(frame.contains(r#""client_id":"000003-000000000007""#));
        assert!(frame.contains(r#""text":"000000123456 ."#));
    }

    fn seat() -> Seat {
        let room = Room {
            id: "01970000-0000-7000-8000-000000000001".to_owned(),
            people: Vec::new(),
            head: 5,
        };
        Seat::new(3, 0, &room, true).unwrap()
    }
}

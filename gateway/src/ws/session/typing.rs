//! How often one socket may say that its person writes: what is more is swallowed here, before it costs anybody anything.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use kith_ids::RoomId;

/// Between two beginnings in one room; the others show each for twice as long.
const PAUSE: Duration = Duration::from_secs(3);
/// Rooms remembered; nobody writes in so many at once.
const ROOMS: usize = 64;

/// What a socket said lately.
#[derive(Debug, Default)]
pub(super) struct TypingPace(HashMap<RoomId, Said>);

#[derive(Debug, Clone, Copy)]
struct Said {
    began_at: Instant,
    is_active: bool,
    /// Who stops and goes on at once may do so once in a pause.
    has_gone_on: bool,
}

impl TypingPace {
    /// Whether the others are to hear of it.
    pub(super) fn admit(&mut self, room_id: RoomId, active: bool, now: Instant) -> bool {
        let is_over = |said: &Said| now.saturating_duration_since(said.began_at) >= PAUSE;
        let Some(said) = self.0.get_mut(&room_id) else {
            if !active {
                return false;
            }
            if self.0.len() >= ROOMS {
                self.0.retain(|_, said| !is_over(said));
            }
            return self.0.len() < ROOMS && {
                self.0.insert(room_id, Said::now(now, false));
                true
            };
        };
        if !active {
            return std::mem::take(&mut said.is_active);
        }
        if is_over(said) {
            *said = Said::now(now, false);
            return true;
        }
        if said.is_active || said.has_gone_on {
            return false;
        }
        *said = Said::now(now, true);
        true
    }

    /// Whether the person writes there, as far as this socket said.
    pub(super) fn is_active(&self, room_id: RoomId) -> bool {
        self.0.get(&room_id).is_some_and(|said| said.is_active)
    }

    /// A message was sent: what is written now is another one.
    pub(super) fn sent(&mut self, room_id: RoomId) {
        self.0.remove(&room_id);
    }
}

impl Said {
    const fn now(began_at: Instant, has_gone_on: bool) -> Self {
        Self {
            began_at,
            is_active: true,
            has_gone_on,
        }
    }
}

#[cfg(test)]
mod tests {
    use kith_clock::Clock;

    use super::*;

    fn room() -> RoomId {
        RoomId::new(Clock::system().new_id())
    }

    #[test]
    fn a_beginning_is_said_once_in_a_pause() {
        let (mut pace, room, now) = (TypingPace::default(), room(), Instant::now());

        let heard = (0..90)
            .filter(|tenth| pace.admit(room, true, now + PAUSE / 30 * *tenth))
            .count();

        assert_eq!(heard, 3);
    }

    #[test]
    fn stopping_is_said_once_and_starting_again_cannot_flood() {
        let (mut pace, room, now) = (TypingPace::default(), room(), Instant::now());

        assert!(!pace.admit(room, false, now), "nothing to stop");
        assert!(pace.admit(room, true, now));
        assert!(pace.admit(room, false, now));
        assert!(!pace.admit(room, false, now));
        assert!(pace.admit(room, true, now), "thought again");
        assert!(pace.admit(room, false, now));
        assert!(!pace.admit(room, true, now));
        assert!(pace.admit(room, true, now + PAUSE));
    }

    #[test]
    fn a_sent_message_begins_anew_and_rooms_do_not_mix() {
        let (mut pace, one, other, now) = (TypingPace::default(), room(), room(), Instant::now());
        assert!(pace.admit(one, true, now) && pace.admit(other, true, now));

        pace.sent(one);

        assert!(pace.admit(one, true, now));
        assert!(!pace.admit(other, true, now));
    }

    #[test]
    fn a_socket_that_writes_everywhere_is_not_remembered_without_bound() {
        let (mut pace, now) = (TypingPace::default(), Instant::now());

        let heard = (0..ROOMS * 2)
            .filter(|_| pace.admit(room(), true, now))
            .count();

        assert_eq!(heard, ROOMS);
        assert!(pace.admit(room(), true, now + PAUSE));
    }
}

//! The rules one by one, and as a property: whatever the network drops, repeats or reorders, a device that follows
//! the verdicts ends complete, having applied each event once and in order.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::model::TooLong;

const ROOM: RoomId = Uuid::from_u128(7);

fn event(seq: u64) -> Event {
    Event {
        room_id: ROOM,
        seq,
        kind: "message.created".to_owned(),
        at: chrono::DateTime::UNIX_EPOCH,
        data: Value::Null,
    }
}

fn ready(epoch: u64, useq: u64) -> Ready {
    serde_json::from_value(json!({
        "session_id": Uuid::nil(), "user_id": Uuid::nil(), "epoch": epoch, "useq": useq, "heartbeat_ms": 25000,
        "server_time": "2026-01-01T00:00:00.000Z", "rooms": {}, "limits": {}, "a_later_addition": true
    }))
    .unwrap()
}

fn at(seq: u64) -> Cursors {
    let mut cursors = Cursors::default();
    cursors.ready(&ready(1, 0), false);
    cursors.track(ROOM, seq);
    cursors
}

#[test]
fn only_the_next_event_is_applied() {
    let mut cursors = at(4);

    assert_eq!(cursors.event(&event(4)), Verdict::Repeated);
    assert_eq!(cursors.event(&event(6)), Verdict::Missing { after: 4 });
    assert_eq!(cursors.event(&event(5)), Verdict::Apply);
    assert_eq!(cursors.event(&event(5)), Verdict::Repeated);
    assert_eq!(cursors.event(&event(6)), Verdict::Apply);
}

#[test]
fn an_untracked_room_is_loaded_first() {
    let mut cursors = at(0);
    cursors.forget(ROOM);

    assert_eq!(cursors.event(&event(9)), Verdict::Unknown);
}

#[test]
fn what_lies_below_from_seq_is_no_hole() {
    let mut cursors = at(2);

    cursors.fetched(ROOM, 10);

    assert_eq!(cursors.event(&event(10)), Verdict::Apply);
}

#[test]
fn from_seq_never_moves_a_cursor_back() {
    let mut cursors = at(20);

    cursors.fetched(ROOM, 10);

    assert_eq!(cursors.room(ROOM), Some(20));
}

#[test]
fn a_room_joined_late_begins_with_its_own_join() {
    let mut cursors = at(0);
    cursors.forget(ROOM);

    cursors.room_added(ROOM, 31);

    assert_eq!(cursors.event(&event(31)), Verdict::Apply);
}

#[test]
fn coming_back_skips_what_was_said_meanwhile() {
    let mut cursors = at(5);

    cursors.room_added(ROOM, 40);

    assert_eq!(cursors.event(&event(40)), Verdict::Apply);
}

#[test]
fn the_last_event_of_a_room_may_come_after_its_removal() {
    let mut cursors = at(4);

    cursors.room_removed(ROOM, 6);

    assert_eq!(cursors.event(&event(5)), Verdict::Apply);
    assert_eq!(cursors.event(&event(6)), Verdict::Apply);
    assert_eq!(cursors.event(&event(7)), Verdict::Unknown);
}

#[test]
fn a_removal_after_the_last_event_forgets_the_room() {
    let mut cursors = at(6);

    cursors.room_removed(ROOM, 6);

    assert_eq!(cursors.room(ROOM), None);
}

#[test]
fn user_events_are_contiguous_live_and_rising_on_resume() {
    let mut cursors = at(0);
    cursors.ready(&ready(1, 9), true);

    assert_eq!(cursors.user_event(3), Verdict::Apply);
    assert_eq!(cursors.user_event(7), Verdict::Apply);

    cursors.resumed(&Resumed {
        useq: 9,
        too_long: vec![],
        user_too_long: false,
    });
    assert_eq!(cursors.user_event(11), Verdict::Missing { after: 9 });
    assert_eq!(cursors.user_event(10), Verdict::Apply);
}

#[test]
fn a_room_that_is_too_long_continues_at_its_head() {
    let mut cursors = at(3);

    cursors.resumed(&Resumed {
        useq: 0,
        too_long: vec![TooLong {
            room_id: ROOM,
            last_seq: 5000,
        }],
        user_too_long: false,
    });

    assert_eq!(cursors.event(&event(5001)), Verdict::Apply);
}

#[test]
fn another_epoch_starts_fresh() {
    let mut cursors = at(3);

    assert_eq!(cursors.ready(&ready(2, 8), true), Standing::Fresh);

    assert_eq!((cursors.room(ROOM), cursors.useq()), (None, 8));
    assert_eq!(cursors.resume().unwrap().epoch, 2);
}

#[test]
fn invalid_cursors_are_dropped() {
    let mut cursors = at(3);

    cursors.invalidate();

    assert_eq!(cursors.resume(), None);
}

#[test]
fn a_resume_holds_five_hundred_rooms() {
    let mut cursors = at(0);
    for n in 0..900_u64 {
        cursors.track(Uuid::from_u128(u128::from(n) + 100), n);
    }

    let rooms = cursors.resume().unwrap().rooms;

    assert_eq!(rooms.len(), MAX_RESUMED_ROOMS);
    assert!(rooms.values().all(|&seq| seq >= 400));
}

#[test]
fn the_end_of_a_stay_does_not_end_the_one_after_it() {
    let mut cursors = at(10);
    // A fetch answers from the stay that began meanwhile; my own log comes later.
    cursors.fetched(ROOM, 15);
    cursors.event(&event(15));

    cursors.room_removed(ROOM, 12);
    cursors.room_added(ROOM, 15);

    assert_eq!(cursors.event(&event(15)), Verdict::Repeated);
    assert_eq!(cursors.event(&event(16)), Verdict::Apply);
}

#[test]
fn a_room_left_with_too_much_behind_is_forgotten() {
    let mut cursors = at(3);
    cursors.room_removed(ROOM, 5_000);

    cursors.resumed(&Resumed {
        useq: 9,
        too_long: vec![TooLong {
            room_id: ROOM,
            last_seq: 5_000,
        }],
        user_too_long: false,
    });

    assert_eq!(cursors.room(ROOM), None);
}

#[test]
fn heads_name_what_is_missing() {
    let cursors = at(3);

    assert_eq!(cursors.behind(&HashMap::from([(ROOM, 5)])), [(ROOM, 3)]);
    assert_eq!(cursors.behind(&HashMap::from([(ROOM, 3)])), []);
    assert_eq!(cursors.behind(&HashMap::from([(Uuid::nil(), 3)])), []);
}

/// What a bad network does with the event at hand.
#[derive(Debug, Clone)]
enum Fate {
    Arrives,
    IsLost,
    ArrivesTwice,
    /// Arrives again after `n` further ones.
    ComesLate(usize),
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        4 => Just(Fate::Arrives),
        1 => Just(Fate::IsLost),
        1 => Just(Fate::ArrivesTwice),
        1 => (1..5_usize).prop_map(Fate::ComesLate),
    ];
    prop::collection::vec(fate, 1..80)
}

fn arrivals(fates: &[Fate]) -> Vec<u64> {
    let mut order: Vec<(usize, u64)> = Vec::new();
    for ((index, fate), seq) in fates.iter().enumerate().zip(1..) {
        match fate {
            Fate::IsLost => {}
            Fate::Arrives => order.push((index, seq)),
            Fate::ArrivesTwice => order.extend([(index, seq), (index, seq)]),
            Fate::ComesLate(n) => order.push((index + n, seq)),
        }
    }
    order.sort_by_key(|&(index, _)| index);
    order.into_iter().map(|(_, seq)| seq).collect()
}

proptest! {
    #[test]
    fn a_device_that_follows_the_verdicts_is_complete(fates in fates(), joined_seq in 1..20_u64) {
        let head = fates.len() as u64;
        let mut cursors = at(0);
        let mut applied = Vec::new();
        let fetch = |cursors: &mut Cursors, applied: &mut Vec<u64>, after: u64, upto: u64| {
            cursors.fetched(ROOM, joined_seq);
            for seq in (after + 1).max(joined_seq)..=upto {
                if cursors.event(&event(seq)) == Verdict::Apply {
                    applied.push(seq);
                }
            }
        };

        for seq in arrivals(&fates).into_iter().filter(|&seq| seq >= joined_seq) {
            match cursors.event(&event(seq)) {
                Verdict::Apply => applied.push(seq),
                Verdict::Missing { after } => fetch(&mut cursors, &mut applied, after, seq),
                Verdict::Repeated => {}
                Verdict::Unknown => prop_assert!(false, "the room is tracked"),
            }
        }
        for (_, after) in cursors.behind(&HashMap::from([(ROOM, head)])) {
            fetch(&mut cursors, &mut applied, after, head);
        }

        let entitled: Vec<u64> = (joined_seq..=head).collect();
        prop_assert_eq!(applied, entitled);
    }
}

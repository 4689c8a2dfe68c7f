//! Histories made by hand: one that is well, and for each invariant what breaks it.

use kith_sdk::model::{RoomId, UserId};
use uuid::Uuid;

use super::{Bounds, Finding, check};
use crate::{
    dump::{Dump, LogEntry, Position, Room, Said, Stay},
    history::{Entry, What},
};

const BOUNDS: Bounds = Bounds {
    healed_p95_ms: 5_000,
    healed_ms: 10_000,
};

const ROOM: RoomId = Uuid::from_u128(1);
const ANN: UserId = Uuid::from_u128(11);
const BOB: UserId = Uuid::from_u128(12);

fn id(seq: u64) -> Uuid {
    Uuid::from_u128(u128::from(1_000 + seq))
}

/// A run under construction.
struct Story {
    what: Vec<What>,
    dump: Dump,
}

impl Story {
    /// Ann and Bob are in a room whose log has its first entry; both devices are there.
    fn new() -> Self {
        let mut story = Self {
            what: Vec::new(),
            dump: Dump::default(),
        };
        story.dump.rooms.push(Room {
            id: ROOM,
            last_seq: 1,
        });
        story.dump.entries.push(LogEntry {
            room: ROOM,
            seq: 1,
            message: None,
        });
        for (device, user) in [("ann", ANN), ("bob", BOB)] {
            story.dump.stays.push(Stay {
                room: ROOM,
                user,
                joined: 1,
                left: None,
            });
            story.what.push(What::Device {
                device: device.to_owned(),
                user,
            });
            story.what.push(What::Begin {
                device: device.to_owned(),
                room: ROOM,
                seq: 1,
            });
        }
        story
    }

    /// Ann says something, it is stored, acknowledged and arrives.
    fn said(mut self) -> Self {
        self.append();
        let seq = self.head();
        self.ok(seq);
        self.hear("ann", seq);
        self.hear("bob", seq);
        self
    }

    fn head(&self) -> u64 {
        self.dump.rooms[0].last_seq
    }

    /// Ann says something and it is stored.
    fn append(&mut self) {
        let seq = self.head() + 1;
        self.invoke(seq);
        self.store(seq);
    }

    fn invoke(&mut self, seq: u64) {
        self.what.push(What::Invoke {
            client_id: format!("c{seq}"),
            device: "ann".to_owned(),
            user: ANN,
            room: ROOM,
            body: seq,
        });
        self.what.push(What::Try {
            client_id: format!("c{seq}"),
            by: "socket".to_owned(),
        });
    }

    fn store(&mut self, seq: u64) {
        self.dump.rooms[0].last_seq = seq;
        self.dump.entries.push(LogEntry {
            room: ROOM,
            seq,
            message: Some(Said {
                id: id(seq),
                sender: ANN,
                client_id: format!("c{seq}"),
                body: seq,
            }),
        });
    }

    fn ok(&mut self, seq: u64) {
        self.what.push(What::Ok {
            client_id: format!("c{seq}"),
            device: "ann".to_owned(),
            id: id(seq),
            seq,
            duplicate: false,
        });
    }

    fn hear(&mut self, device: &str, seq: u64) {
        self.what.push(What::Recv {
            device: device.to_owned(),
            room: ROOM,
            seq,
            id: Some(id(seq)),
            body: Some(seq),
        });
    }

    fn with(mut self, what: What) -> Self {
        self.what.push(what);
        self
    }

    fn judge(&self) -> Vec<Finding> {
        self.judge_with(|place| place)
    }

    /// Each line happened when this says of its place.
    fn judge_with(&self, at: impl Fn(u64) -> u64) -> Vec<Finding> {
        check(&self.entries_with(at), &self.dump, &BOUNDS)
    }

    fn entries_with(&self, at: impl Fn(u64) -> u64) -> Vec<Entry> {
        (0..)
            .zip(self.what.clone())
            .map(|(place, what)| Entry {
                at: at(place),
                what,
            })
            .collect()
    }

    #[track_caller]
    fn breaks(&self, invariant: &str) {
        let findings = self.judge();
        assert!(
            findings
                .iter()
                .any(|finding| finding.invariant == invariant),
            "{invariant} is not among {findings:#?}"
        );
    }
}

#[test]
fn a_run_without_faults_is_well() {
    let story = Story::new()
        .said()
        .said()
        .with(What::Heal)
        .with(What::Healed {
            device: "bob".to_owned(),
            ms: 9,
        });

    assert_eq!(story.judge(), []);
}

#[test]
fn i1_an_acknowledged_message_that_is_gone() {
    let mut story = Story::new();
    story.invoke(2);
    story.ok(2);

    story.breaks("I1");
}

#[test]
fn i1_an_acknowledged_message_that_is_stored_with_another_text() {
    let mut story = Story::new().said();
    story.dump.entries[1].message.as_mut().unwrap().body = 99;

    story.breaks("I1");
}

#[test]
fn i1_an_acknowledged_message_that_somebody_never_gets() {
    let mut story = Story::new();
    story.append();
    story.ok(2);
    story.hear("ann", 2);

    story.breaks("I1");
}

#[test]
fn i1_a_device_that_skips_what_it_may_see() {
    let mut story = Story::new();
    story.append();
    story.hear("ann", 2);

    story
        .with(What::Begin {
            device: "bob".to_owned(),
            room: ROOM,
            seq: 2,
        })
        .breaks("I1");
}

#[test]
fn i1_cursors_that_are_refused_though_no_log_went_back() {
    Story::new()
        .with(What::Invalid {
            device: "bob".to_owned(),
        })
        .breaks("I1");
}

#[test]
fn i2_something_arrives_that_nobody_said() {
    let mut story = Story::new();
    story.hear("bob", 2);

    story.breaks("I2");
}

#[test]
fn i2_something_is_stored_that_nobody_said() {
    let mut story = Story::new();
    story.store(2);

    story.breaks("I2");
}

#[test]
fn i3_an_entry_is_applied_twice() {
    let mut story = Story::new().said();
    story.hear("bob", 2);

    story.breaks("I3");
}

#[test]
fn i3_a_send_has_two_rows() {
    let mut story = Story::new().said().said();
    story.dump.entries[2].message.as_mut().unwrap().client_id = "c2".to_owned();

    story.breaks("I3");
}

#[test]
fn i3_a_send_is_new_twice() {
    let mut story = Story::new().said();
    story.ok(2);

    story.breaks("I3");
}

#[test]
fn i4_another_message_arrives_at_the_same_place() {
    let mut story = Story::new().said();
    let last = story.what.len() - 1;
    story.what[last] = What::Recv {
        device: "bob".to_owned(),
        room: ROOM,
        seq: 2,
        id: Some(id(77)),
        body: Some(2),
    };

    story.breaks("I4");
}

#[test]
fn i4_a_frame_leaves_a_hole() {
    Story::new()
        .said()
        .with(What::Hole {
            device: "bob".to_owned(),
            room: ROOM,
            after: 2,
            seq: 4,
        })
        .breaks("I4");
}

#[test]
fn i4_a_page_that_is_not_what_is_stored() {
    let page = |messages| What::Page {
        by: "reader".to_owned(),
        room: ROOM,
        messages,
    };
    let all = vec![(2, id(2), 2), (3, id(3), 3), (4, id(4), 4)];
    let story = || Story::new().said().said().said();

    assert_eq!(story().with(page(all.clone())).judge(), []);
    assert_eq!(story().with(page(Vec::new())).judge(), []);
    let hole = vec![all[0], all[2]];
    story().with(page(hole)).breaks("I4");
    let turned_round = vec![all[1], all[0]];
    story().with(page(turned_round)).breaks("I4");
    let another_text = vec![(2, id(2), 77)];
    story().with(page(another_text)).breaks("I4");
}

#[test]
fn i5_a_log_with_a_gap() {
    let mut story = Story::new().said().said();
    story.dump.entries.remove(1);

    story.breaks("I5");
}

#[test]
fn i6_what_was_refused_is_stored() {
    let mut story = Story::new();
    story.append();

    let story = story.with(What::Fail {
        client_id: "c2".to_owned(),
        code: "not_found".to_owned(),
    });

    story.breaks("I6");
}

#[test]
fn i7_what_may_have_happened_happened_for_some() {
    let mut story = Story::new();
    story.append();
    story.hear("ann", 2);

    let story = story.with(What::Unknown {
        client_id: "c2".to_owned(),
        code: "timeout".to_owned(),
    });

    story.breaks("I7");
}

#[test]
fn i8_what_was_said_later_stands_earlier() {
    let mut story = Story::new().said().said();
    for (entry, client_id) in [(1, "c3"), (2, "c2")] {
        story.dump.entries[entry]
            .message
            .as_mut()
            .unwrap()
            .client_id = client_id.to_owned();
    }

    story.breaks("I8");
}

#[test]
fn i9_something_arrives_after_the_leave() {
    let mut story = Story::new().said().said();
    story.dump.stays[1].left = Some(2);

    story.breaks("I9");
}

#[test]
fn i9_something_is_sent_after_the_leave_even_if_the_device_drops_it() {
    let mut story = Story::new().said();
    story.dump.stays[1].left = Some(2);

    story
        .with(What::Stray {
            device: "bob".to_owned(),
            room: ROOM,
            seq: 3,
        })
        .breaks("I9");
}

#[test]
fn i9_somebody_speaks_who_has_left() {
    let mut story = Story::new().said();
    story.dump.stays[0].left = Some(1);

    story.breaks("I9");
}

#[test]
fn a_stay_that_ended_is_owed_up_to_its_end_and_no_further() {
    let mut story = Story::new().said();
    story.append();
    story.ok(3);
    story.hear("ann", 3);
    story.dump.stays[1].left = Some(2);
    assert_eq!(story.judge(), []);

    story.dump.stays[1].left = Some(3);
    story.breaks("I1");
}

#[test]
fn who_comes_back_is_owed_the_new_stay_only() {
    let mut story = Story::new().said().said().said();
    story.dump.stays[1].left = Some(3);
    story.dump.stays.push(Stay {
        room: ROOM,
        user: BOB,
        joined: 4,
        left: None,
    });
    // Away from before the end of the first stay to the second one.
    story
        .what
        .retain(|what| !matches!(what, What::Recv { device, seq: 3, .. } if device == "bob"));
    let at = story.what.len() - 1;
    story.what.insert(
        at,
        What::Added {
            device: "bob".to_owned(),
            room: ROOM,
            joined: 4,
        },
    );

    assert_eq!(story.judge(), []);
}

#[test]
fn i10_a_position_goes_back() {
    let position = |seq| What::Position {
        device: "bob".to_owned(),
        room: ROOM,
        seq,
    };
    let mut story = Story::new().said().with(position(2)).with(position(1));
    story.dump.positions.push(Position {
        room: ROOM,
        user: BOB,
        seq: 1,
    });

    story.breaks("I10");
}

#[test]
fn i10_a_device_was_not_told_of_the_last_position() {
    let mut story = Story::new().said().with(What::Position {
        device: "bob".to_owned(),
        room: ROOM,
        seq: 1,
    });
    story.dump.positions.push(Position {
        room: ROOM,
        user: BOB,
        seq: 2,
    });

    story.breaks("I10");
}

#[test]
fn i10_what_a_device_was_told_after_the_counting_was_told() {
    let position = |seq| What::Position {
        device: "bob".to_owned(),
        room: ROOM,
        seq,
    };
    let count = What::Unread {
        user: BOB,
        room: ROOM,
        count: 0,
    };
    let mut story = Story::new()
        .said()
        .with(position(1))
        .with(count)
        .with(position(2));
    story.dump.positions.push(Position {
        room: ROOM,
        user: BOB,
        seq: 2,
    });

    assert_eq!(story.judge(), []);
}

#[test]
fn i11_a_device_is_late_or_never_comes() {
    Story::new()
        .with(What::Healed {
            device: "bob".to_owned(),
            ms: 10_001,
        })
        .breaks("I11");
    Story::new()
        .with(What::NotAtHead {
            device: "bob".to_owned(),
            text: String::new(),
        })
        .breaks("I11");
}

#[test]
fn i11_who_is_connected_waits_too_long_for_a_hint() {
    let story = |up_at_the_time: bool, waited: u64| {
        let mut story = Story::new().with(What::OnlyHints);
        let up = What::Up {
            device: "bob".to_owned(),
            gate: 0,
            resumed: true,
        };
        let down = What::Down {
            device: "bob".to_owned(),
            why: String::new(),
        };
        story.what.push(up.clone());
        story.append();
        story.ok(2);
        story.hear("ann", 2);
        let acknowledged = story.what.len() as u64;
        if !up_at_the_time {
            story.what.extend([down, up]);
        }
        story.hear("bob", 2);
        // Everything from `bob`'s message, or from his return, is later.
        let from = if up_at_the_time {
            acknowledged
        } else {
            acknowledged + 1
        };
        story.judge_with(|at| if at >= from { at + waited } else { at })
    };

    let is_late = |findings: &[Finding]| findings.iter().any(|finding| finding.invariant == "I11");
    assert!(!is_late(&story(true, 9_000)));
    assert!(is_late(&story(true, 11_000)));
    assert!(!is_late(&story(false, 11_000)), "he was away");
}

#[test]
fn i12_files_that_stay_open() {
    Story::new()
        .with(What::Level {
            what: "files".to_owned(),
            before: 10,
            after: 20,
            slack: 9,
        })
        .breaks("I12");
}

#[test]
fn i13_a_wrong_count() {
    let unread = |count| {
        Story::new().said().with(What::Unread {
            user: BOB,
            room: ROOM,
            count,
        })
    };

    assert_eq!(unread(1).judge(), []);
    unread(0).breaks("I13");
}

#[test]
fn i13_of_counts_that_were_taken_again_the_last_one_counts() {
    let told = |counts: [u64; 2]| {
        let unread = counts.map(|count| What::Unread {
            user: BOB,
            room: ROOM,
            count,
        });
        unread.into_iter().fold(Story::new().said(), Story::with)
    };

    assert_eq!(told([0, 1]).judge(), []);
    told([1, 0]).breaks("I13");
}

#[test]
fn what_was_answered_in_the_current_stay_is_waited_for() {
    let story = |answer| {
        let mut story = Story::new().said().said().with(What::Read {
            device: "bob".to_owned(),
            room: ROOM,
            seq: answer,
            answer: Some(answer),
            ms: 1,
        });
        // Bob was in the room before, and came back with the second message.
        story.dump.stays[1].left = Some(2);
        story.dump.stays.push(Stay {
            room: ROOM,
            user: BOB,
            joined: 3,
            left: None,
        });
        story
    };
    let is_stored =
        |story: Story| super::positions_agree(&story.entries_with(|place| place), &story.dump).1;

    assert!(is_stored(story(2)), "of the stay before");
    assert!(!is_stored(story(3)), "not stored yet");
    let mut written = story(3);
    written.dump.positions.push(Position {
        room: ROOM,
        user: BOB,
        seq: 3,
    });
    assert!(is_stored(written));
}

#[test]
fn i14_answers_that_nobody_documented_and_calls_that_hang() {
    let refused = |status, code: &str, hint| {
        Story::new().with(What::Refused {
            by: "bob".to_owned(),
            call: "post".to_owned(),
            status,
            code: code.to_owned(),
            hint,
        })
    };

    assert_eq!(refused(503, "unavailable", true).judge(), []);
    refused(503, "unavailable", false).breaks("I14");
    refused(500, "internal", true).breaks("I14");
    refused(400, "odd", true).breaks("I14");
    refused(409, "client_id_reused", true).breaks("I14");
    let hang = What::Unknown {
        client_id: "c2".to_owned(),
        code: "hang".to_owned(),
    };
    Story::new().with(hang.clone()).breaks("I14");
    let read = |ms| What::Read {
        device: "bob".to_owned(),
        room: ROOM,
        seq: 1,
        answer: Some(1),
        ms,
    };
    assert_eq!(Story::new().with(read(10_000)).judge(), []);
    Story::new().with(read(13_000)).breaks("I14");
    let fault = What::Fault {
        text: String::new(),
    };
    let during = Story::new().with(fault.clone()).with(hang);
    assert_eq!(during.judge(), []);
    let asked_shortly_before = Story::new().with(fault).with(read(13_000));
    assert_eq!(asked_shortly_before.judge(), []);
}

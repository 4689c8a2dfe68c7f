//! What only a rare order of things brings about; `e2e/sim` has the others.

use serde_json::json;
use uuid::Uuid;

use super::*;

const ROOM: Uuid = Uuid::from_u128(7);

fn frame(value: serde_json::Value) -> ServerFrame {
    serde_json::from_value(value).unwrap()
}

fn event(seq: u64) -> Event {
    serde_json::from_value(json!({
        "room_id": ROOM, "seq": seq, "type": "room.updated", "at": "2026-01-01T00:00:00.000Z", "d": {}
    }))
    .unwrap()
}

fn own(useq: u64, kind: &str, body: &serde_json::Value) -> ServerFrame {
    frame(
        json!({ "t": "user", "useq": useq, "type": kind, "at": "2026-01-01T00:00:00.000Z", "d": body }),
    )
}

/// A live device that has everything of the room up to `head`.
fn live(head: u64) -> Device {
    let mut device = Device::default();
    device.hello();
    let ready = frame(json!({
        "t": "ready", "session_id": Uuid::nil(), "user_id": Uuid::nil(), "epoch": 1, "useq": 0, "heartbeat_ms": 25000,
        "server_time": "2026-01-01T00:00:00.000Z", "rooms": { ROOM.to_string(): head }, "limits": {}
    }));
    device.frame(ready, &mut Vec::new());
    device
}

#[test]
fn a_page_of_a_later_stay_waits_until_the_own_log_has_told_of_it() {
    let mut device = live(10);
    let mut actions = Vec::new();
    device.frame(
        frame(json!({ "t": "behind", "useq": 0, "rooms": { ROOM.to_string(): 12 } })),
        &mut actions,
    );
    assert_eq!(
        actions,
        [Action::Fetch {
            room: ROOM,
            after: 10
        }]
    );
    let removed = json!({ "room_id": ROOM, "leave_seq": 10 });
    device.frame(own(1, "room.removed", &removed), &mut Vec::new());

    actions.clear();
    let page = Fetched {
        events: vec![event(15)],
        from_seq: 15,
        last_seq: 15,
    };
    device.fetched(ROOM, Some(page), Instant::now(), &mut actions);

    assert_eq!(actions, []);
    let added = json!({ "id": ROOM, "joined_seq": 15 });
    device.frame(own(2, "room.added", &added), &mut actions);
    assert!(
        actions.contains(&Action::Fetch {
            room: ROOM,
            after: 14
        }),
        "{actions:?}"
    );
}

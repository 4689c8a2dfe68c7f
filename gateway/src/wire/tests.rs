//! The shapes, as text: what a client reads byte for byte.

use kith_api::{accounts, chat::v1, friends};
use prost_types::Timestamp;
use serde_json::{Value, json, to_value};

use super::*;

const ANN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const BOB: &str = "01890a5d-ac96-774b-bcce-b302099a8059";
const ROOM: &str = "01890a5d-ac96-774b-bcce-b302099a8060";

#[expect(clippy::unnecessary_wraps, reason = "fields of messages are optional")]
fn at(millis: i32) -> Option<Timestamp> {
    Some(Timestamp {
        seconds: 1_767_225_600,
        nanos: millis * 1_000_000 + 999_999,
    })
}

fn message() -> v1::Message {
    v1::Message {
        message_id: BOB.to_owned(),
        room_id: ROOM.to_owned(),
        seq: 7,
        sender_id: ANN.to_owned(),
        client_id: Some("c1".to_owned()),
        text: "hi @bob".to_owned(),
        mention_ids: vec![BOB.to_owned()],
        reply_to: Some(v1::ReplyTo {
            message_id: ROOM.to_owned(),
            seq: 3,
            sender_id: BOB.to_owned(),
            excerpt: "before".to_owned(),
        }),
        reactions: vec![v1::ReactionCount {
            emoji: "👍".to_owned(),
            count: 2,
            me: true,
        }],
        create_time: at(5),
        edit_time: None,
        delete_time: None,
    }
}

fn message_json() -> Value {
    json!({
        "id": BOB, "room_id": ROOM, "seq": 7, "sender_id": ANN, "client_id": "c1", "text": "hi @bob",
        "mentions": [BOB],
        "reply_to": {"id": ROOM, "seq": 3, "sender_id": BOB, "excerpt": "before"},
        "attachments": [], "reactions": [{"emoji": "👍", "count": 2, "me": true}],
        "created_at": "2026-01-01T00:00:00.005Z", "edited_at": null, "deleted_at": null,
    })
}

fn without(mut value: Value, fields: &[&str]) -> Value {
    for field in fields {
        value.as_object_mut().unwrap().remove(*field);
    }
    value
}

fn participant() -> v1::Participant {
    v1::Participant {
        user: Some(v1::Person {
            user_id: ANN.to_owned(),
            username: "ann".to_owned(),
            display_name: "Ann".to_owned(),
            avatar_url: None,
        }),
        role: v1::Role::Owner.into(),
        join_time: at(0),
        last_read_seq: 4,
    }
}

fn participant_json() -> Value {
    json!({
        "user": {"id": ANN, "username": "ann", "display_name": "Ann", "avatar_url": null},
        "role": "owner", "joined_at": "2026-01-01T00:00:00.000Z", "last_read_seq": 4,
    })
}

fn user() -> friends::v1::User {
    friends::v1::User {
        user_id: ANN.to_owned(),
        username: "ann".to_owned(),
        display_name: "Ann".to_owned(),
        avatar_url: None,
        bio: String::new(),
        interests: vec!["tea".to_owned()],
        friends_count: 2,
        mutual_friends_count: 0,
        relation: friends::v1::Relation::Self_.into(),
        locale: Some("de".to_owned()),
        create_time: at(0),
    }
}

fn user_json() -> Value {
    json!({
        "id": ANN, "username": "ann", "display_name": "Ann", "avatar_url": null, "bio": "",
        "interests": ["tea"], "friends_count": 2, "mutual_friends_count": 0, "relation": "self",
    })
}

fn me_json() -> Value {
    let mut me = user_json();
    me["locale"] = json!("de");
    me["created_at"] = json!("2026-01-01T00:00:00.000Z");
    me
}

#[test]
fn only_the_sender_sees_the_client_id_and_events_have_no_reactions() {
    let of = |message: Message| to_value(message).unwrap();

    assert_eq!(of(Message::for_viewer(message(), ANN)), message_json());
    assert_eq!(
        of(Message::for_viewer(message(), BOB)),
        without(message_json(), &["client_id"])
    );
    assert_eq!(
        of(Message::in_event(message(), Some(ANN))),
        without(message_json(), &["reactions"])
    );
    assert_eq!(
        of(Message::in_event(message(), None)),
        without(message_json(), &["reactions", "client_id"])
    );
}

#[test]
fn a_tombstone_keeps_its_fields() {
    let tombstone = v1::Message {
        text: String::new(),
        mention_ids: Vec::new(),
        reply_to: None,
        reactions: Vec::new(),
        edit_time: at(6),
        delete_time: at(7),
        ..message()
    };

    let json = to_value(Message::for_viewer(tombstone, BOB)).unwrap();

    assert_eq!(json["text"], "");
    assert_eq!(json["reply_to"], Value::Null);
    assert_eq!(json["edited_at"], "2026-01-01T00:00:00.006Z");
    assert_eq!(json["deleted_at"], "2026-01-01T00:00:00.007Z");
}

#[test]
fn a_room_has_every_field() {
    let room = v1::Room {
        room_id: ROOM.to_owned(),
        kind: v1::RoomKind::Direct.into(),
        last_seq: 7,
        epoch: 1,
        last_message: Some(message()),
        unread_count: 3,
        mention_count: 1,
        last_read_seq: 4,
        role: v1::Role::Member.into(),
        joined_seq: 1,
        participant_count: 2,
        participants: vec![participant()],
        create_time: at(0),
        update_time: at(1),
        ..v1::Room::default()
    };

    assert_eq!(
        to_value(Room::for_viewer(room, ANN)).unwrap(),
        json!({
            "id": ROOM, "kind": "direct", "name": null, "avatar_url": null, "external_id": null,
            "last_seq": 7, "epoch": 1, "last_message": message_json(), "unread_count": 3,
            "mention_count": 1, "last_read_seq": 4, "role": "member", "joined_seq": 1,
            "muted_until": null, "pinned": false, "archived": false, "participant_count": 2,
            "participants": [participant_json()],
            "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.001Z",
        })
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_room_event_has_its_word_and_shape() {
    use v1::room_event::Body;

    let reaction = v1::Reaction {
        message_id: BOB.to_owned(),
        user_id: ANN.to_owned(),
        emoji: "👍".to_owned(),
    };
    let reaction_json = json!({"message_id": BOB, "user_id": ANN, "emoji": "👍"});
    let of_all = without(message_json(), &["reactions", "client_id"]);
    let created = v1::RoomCreated {
        kind: v1::RoomKind::Group.into(),
        name: Some("Tea".to_owned()),
        participants: vec![participant()],
    };
    let updated = v1::RoomUpdated {
        name: Some("Tea".to_owned()),
        avatar_url: None,
        actor_id: ANN.to_owned(),
    };
    let deleted = v1::MessageDeleted {
        message_id: BOB.to_owned(),
    };
    let cases = [
        (
            Some(Body::MessageCreated(message())),
            "message.created",
            of_all.clone(),
        ),
        (
            Some(Body::MessageEdited(message())),
            "message.edited",
            of_all,
        ),
        (
            Some(Body::MessageDeleted(deleted)),
            "message.deleted",
            json!({"id": BOB}),
        ),
        (
            Some(Body::ReactionAdded(reaction.clone())),
            "reaction.added",
            reaction_json.clone(),
        ),
        (
            Some(Body::ReactionRemoved(reaction)),
            "reaction.removed",
            reaction_json,
        ),
        (
            Some(Body::ParticipantJoined(participant())),
            "participant.joined",
            participant_json(),
        ),
        (
            Some(Body::ParticipantLeft(participant())),
            "participant.left",
            participant_json(),
        ),
        (
            Some(Body::ParticipantRole(participant())),
            "participant.role",
            participant_json(),
        ),
        (
            Some(Body::RoomCreated(created)),
            "room.created",
            json!({"kind": "group", "name": "Tea", "participants": [participant_json()]}),
        ),
        (
            Some(Body::RoomUpdated(updated)),
            "room.updated",
            json!({"name": "Tea", "actor_id": ANN}),
        ),
        (None, "unknown", json!({})),
    ];
    for (body, kind, d) in cases {
        let event = v1::RoomEvent {
            room_id: ROOM.to_owned(),
            seq: 7,
            epoch: 1,
            time: at(0),
            body,
        };

        assert_eq!(
            to_value(Event::new(event, None)).unwrap(),
            json!({"room_id": ROOM, "seq": 7, "type": kind, "at": "2026-01-01T00:00:00.000Z", "d": d})
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_user_event_has_its_word_and_shape() {
    use v1::user_event_body::Body;

    let other = || v1::OtherUser {
        user_id: BOB.to_owned(),
    };
    let read = v1::ReadMoved {
        room_id: ROOM.to_owned(),
        last_read_seq: 5,
        unread_count: 2,
    };
    let removed = v1::RoomRemoved {
        room_id: ROOM.to_owned(),
        leave_seq: 9,
    };
    let session = v1::SessionRevoked {
        session_id: BOB.to_owned(),
    };
    let cases = [
        (
            Body::RoomRemoved(removed),
            "room.removed",
            json!({"room_id": ROOM, "leave_seq": 9}),
        ),
        (
            Body::ReadMoved(read),
            "read.moved",
            json!({"room_id": ROOM, "last_read_seq": 5, "unread_count": 2}),
        ),
        (
            Body::FriendRemoved(other()),
            "friend.removed",
            json!({"user_id": BOB}),
        ),
        (
            Body::BlockAdded(other()),
            "block.added",
            json!({"user_id": BOB}),
        ),
        (
            Body::BlockRemoved(other()),
            "block.removed",
            json!({"user_id": BOB}),
        ),
        (Body::ProfileUpdated(user()), "profile.updated", me_json()),
        (
            Body::ContactJoined(v1::ContactJoined { user: Some(user()) }),
            "contact.joined",
            json!({"user": user_json()}),
        ),
        (
            Body::SessionRevoked(session),
            "session.revoked",
            json!({"session_id": BOB}),
        ),
    ];
    for (body, kind, d) in cases {
        let event = v1::UserEvent {
            user_id: ANN.to_owned(),
            useq: 3,
            time: at(0),
            body: Some(v1::UserEventBody { body: Some(body) }),
        };

        assert_eq!(
            to_value(UserEvent::new(event)).unwrap(),
            json!({"useq": 3, "type": kind, "at": "2026-01-01T00:00:00.000Z", "d": d})
        );
    }
}

#[test]
fn people_look_alike_from_both_services() {
    let of_accounts = accounts::v1::User {
        user_id: ANN.to_owned(),
        username: "ann".to_owned(),
        display_name: "Ann".to_owned(),
        interests: vec!["tea".to_owned()],
        locale: "de".to_owned(),
        create_time: at(0),
        ..accounts::v1::User::default()
    };
    let mut without_counts = me_json();
    without_counts["friends_count"] = json!(0);

    assert_eq!(to_value(User::from(user())).unwrap(), user_json());
    assert_eq!(to_value(Me::from(user())).unwrap(), me_json());
    assert_eq!(to_value(Me::from(of_accounts)).unwrap(), without_counts);
}

#[test]
fn a_request_shows_the_other_one() {
    let request = friends::v1::FriendRequest {
        request_id: ROOM.to_owned(),
        direction: friends::v1::RequestDirection::Outgoing.into(),
        user: Some(user()),
        note: String::new(),
        status: friends::v1::RequestStatus::Pending.into(),
        create_time: at(0),
        respond_time: None,
    };

    assert_eq!(
        to_value(FriendRequest::from(request)).unwrap(),
        json!({
            "id": ROOM, "direction": "outgoing", "user": user_json(), "note": null,
            "status": "pending", "created_at": "2026-01-01T00:00:00.000Z", "responded_at": null,
        })
    );
}

#[test]
fn live_frames_carry_only_what_moved() {
    let receipt = v1::Receipt {
        room_id: ROOM.to_owned(),
        user_id: ANN.to_owned(),
        read_seq: Some(4),
        delivered_seq: None,
        time: at(0),
        hidden_from_ids: vec![BOB.to_owned()],
    };

    assert_eq!(
        to_value(Receipt::from(receipt)).unwrap(),
        json!({"room_id": ROOM, "user_id": ANN, "read_seq": 4, "at": "2026-01-01T00:00:00.000Z"})
    );
}

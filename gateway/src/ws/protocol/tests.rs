use kith_error::{Reason, ReasonExt as _};
use serde_json::json;

use super::*;

const ROOM: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn with(t: &str, extra: &serde_json::Value) -> String {
    let mut frame = json!({"t": t, "ref": "a"});
    let fields = frame.as_object_mut().unwrap();
    fields.extend(extra.as_object().unwrap().clone());
    frame.to_string()
}

#[test]
fn what_is_no_frame_is_a_bad_frame() {
    let deep = "[".repeat(10_000);
    let cases = [
        "",
        "null",
        "[]",
        "\"ping\"",
        "{",
        r#"{"t":"ping","ref":"a"} x"#,
        r#"{"ref":"a"}"#,
        r#"{"t":1,"ref":"a"}"#,
        r#"{"t":"nope","ref":"a"}"#,
        r#"{"t":"ready","ref":"a"}"#,
        r#"{"t":"ping"}"#,
        r#"{"t":"ping","ref":""}"#,
        r#"{"t":"ping","ref":1}"#,
        r#"{"t":"ping","ref":null}"#,
        r#"{"t":"ping","ref":"\ud800"}"#,
        r#"{"t":"ping","ref":"a","ref":"b"}"#,
        r#"{"t":"ping","t":"ping","ref":"a"}"#,
        &format!(r#"{{"t":"ping","ref":"{}"}}"#, "x".repeat(65)),
        &deep,
    ];
    for text in cases {
        assert!(
            matches!(parse(text), Err(Refusal::BadFrame { .. })),
            "{text}"
        );
    }
}

#[test]
fn a_ref_is_counted_in_characters() {
    let text = json!({"t": "ping", "ref": "é".repeat(64)}).to_string();

    assert_eq!(
        parse(&text),
        Ok(ClientFrame::Request("é".repeat(64), Request::Ping))
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn bad_fields_are_named_all_at_once() {
    let deep = format!(
        r#"{{"t":"send","ref":"a","room_id":"{ROOM}","client_id":"c","text":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let ids: Vec<&str> = vec![ROOM; MAX_WATCHED + 1];
    let cases: Vec<(String, Reason, &[&str])> = vec![
        (
            with("send", &json!({})),
            Reason::InvalidField,
            &["room_id", "client_id", "text"],
        ),
        (
            with(
                "send",
                &json!({"room_id": "x", "client_id": 1, "text": {}, "seq": 4}),
            ),
            Reason::UnknownField,
            &["room_id", "client_id", "text", "seq"],
        ),
        (
            with(
                "send",
                &json!({"room_id": ROOM, "client_id": "c", "text": "x", "attachments": [1]}),
            ),
            Reason::InvalidField,
            &["attachments"],
        ),
        (
            with(
                "send",
                &json!({"room_id": ROOM, "client_id": "c", "text": "x", "reply_to": "5"}),
            ),
            Reason::InvalidField,
            &["reply_to"],
        ),
        (
            format!(
                r#"{{"t":"send","ref":"a","room_id":"{ROOM}","client_id":"c","text":"\ud800"}}"#
            ),
            Reason::InvalidField,
            &["text"],
        ),
        (
            format!(
                r#"{{"t":"send","ref":"a","room_id":"{ROOM}","client_id":"c","text":"x","text":"y"}}"#
            ),
            Reason::InvalidField,
            &["text"],
        ),
        (deep, Reason::InvalidField, &["text"]),
        (
            with("read", &json!({"room_id": ROOM, "seq": -1})),
            Reason::InvalidField,
            &["seq"],
        ),
        (
            with("read", &json!({"room_id": ROOM, "seq": 1.5})),
            Reason::InvalidField,
            &["seq"],
        ),
        (
            format!(r#"{{"t":"read","ref":"a","room_id":"{ROOM}","seq":1e400}}"#),
            Reason::InvalidField,
            &["seq"],
        ),
        (
            format!(r#"{{"t":"read","ref":"a","room_id":"{ROOM}","seq":18446744073709551616}}"#),
            Reason::InvalidField,
            &["seq"],
        ),
        (
            format!(r#"{{"t":"delivered","room_id":"{ROOM}"}}"#),
            Reason::InvalidField,
            &["seq"],
        ),
        (
            format!(r#"{{"t":"typing","room_id":"{ROOM}","active":"yes"}}"#),
            Reason::InvalidField,
            &["active"],
        ),
        (
            with("fetch", &json!({"room_id": ROOM, "after": 0, "limit": 0})),
            Reason::InvalidField,
            &["limit"],
        ),
        (
            with(
                "fetch",
                &json!({"room_id": ROOM, "after": 0, "limit": 1001}),
            ),
            Reason::InvalidField,
            &["limit"],
        ),
        (
            with("watch", &json!({"user_ids": ids})),
            Reason::InvalidField,
            &["user_ids"],
        ),
        (
            with("watch", &json!({"user_ids": [ROOM, "x", 3]})),
            Reason::InvalidField,
            &["user_ids"],
        ),
        (
            with("watch", &json!({"user_ids": [ROOM, "x"]})),
            Reason::InvalidField,
            &["user_ids[1]"],
        ),
        (
            with("status", &json!({"status": "gone"})),
            Reason::InvalidField,
            &["status"],
        ),
        (with("reauth", &json!({})), Reason::InvalidField, &["token"]),
        (
            with("ping", &json!({"extra": 1})),
            Reason::UnknownField,
            &["extra"],
        ),
    ];
    for (text, reason, fields) in cases {
        let Err(Refusal::BadFields { failure, .. }) = parse(&text) else {
            panic!("{text:.120} passed or is a bad frame");
        };
        let named: Vec<&str> = failure
            .violations
            .iter()
            .map(|violation| violation.field.as_str())
            .collect();

        assert_eq!(failure.reason.word(), reason.word(), "{text:.120}");
        assert_eq!(named, fields, "{text:.120}");
    }
}

#[test]
fn the_fast_and_the_exact_reading_of_a_send_agree() {
    let texts = [
        format!(
            r#"{{"t":"send","ref":"a","room_id":"{ROOM}","client_id":"c","text":"h\u00e9\n"}}"#
        ),
        format!(
            r#"{{"t":"send","reply_to":"{ROOM}","ref":"a","text":"x","room_id":"{ROOM}","client_id":"c"}}"#
        ),
        format!(
            r#"{{"t":"send","reply_to":null,"ref":"a","text":"x","room_id":"{ROOM}","client_id":"c"}}"#
        ),
    ];
    for text in texts {
        let fast = parse_send(&text).unwrap();

        assert_eq!(Ok(fast), parse_any(&text), "{text}");
    }
}

#[test]
fn requests_are_read_as_they_are_meant() {
    let room_id: RoomId = ROOM.parse().unwrap();
    let cases = [
        (
            with("fetch", &json!({"room_id": ROOM, "after": 3})),
            Request::Fetch {
                room_id,
                after: 3,
                limit: 100,
            },
        ),
        (
            with(
                "fetch",
                &json!({"room_id": ROOM, "after": 3, "limit": 1_000}),
            ),
            Request::Fetch {
                room_id,
                after: 3,
                limit: 1_000,
            },
        ),
        (
            with("read", &json!({"room_id": ROOM, "seq": u64::MAX})),
            Request::Read {
                room_id,
                seq: i64::MAX as u64,
            },
        ),
        (
            with("status", &json!({"status": "away", "custom": "lunch"})),
            Request::Status(OwnStatus {
                choice: Choice::Away,
                custom: Some(Custom {
                    text: "lunch".to_owned(),
                    expires_at: None,
                }),
            }),
        ),
        (
            with("watch", &json!({"user_ids": []})),
            Request::Watch { user_ids: vec![] },
        ),
    ];
    for (text, request) in cases {
        assert_eq!(
            parse(&text),
            Ok(ClientFrame::Request("a".to_owned(), request)),
            "{text}"
        );
    }
    assert_eq!(
        parse(&format!(
            r#"{{"t":"typing","room_id":"{ROOM}","active":false}}"#
        )),
        Ok(ClientFrame::Notice(Notice::Typing {
            room_id,
            active: false
        }))
    );
}

#[test]
fn cursors_of_a_foreign_epoch_are_told_from_cursors_that_are_wrong() {
    let resume = |resume: serde_json::Value| {
        parse(&json!({"t": "hello", "token": "x", "resume": resume}).to_string())
    };
    let rooms = |count: u32| -> serde_json::Map<String, serde_json::Value> {
        (0..count)
            .map(|n| (format!("01890a5d-ac96-774b-bcce-{n:012x}"), json!(n)))
            .collect()
    };

    for epoch in [json!("1"), json!("x"), json!(1.5), json!(-1), json!(null)] {
        let Ok(ClientFrame::Hello { hello, .. }) =
            resume(json!({"epoch": epoch, "useq": 1, "rooms": {}}))
        else {
            panic!("{epoch}");
        };
        assert_eq!(hello.resume, Some(Resume::ForeignEpoch));
    }
    let Ok(ClientFrame::Hello { hello, .. }) =
        resume(json!({"epoch": 7, "useq": 5, "rooms": rooms(500)}))
    else {
        panic!();
    };
    let Some(Resume::From(cursors)) = hello.resume else {
        panic!();
    };
    assert_eq!(
        (cursors.epoch, cursors.useq, cursors.room_seqs.len()),
        (7, 5, 500)
    );
    for wrong in [
        json!({}),
        json!([]),
        json!({"epoch": 1, "useq": -1, "rooms": {}}),
        json!({"epoch": 1, "useq": 1, "rooms": rooms(501)}),
        json!({"epoch": 1, "useq": 1, "rooms": {"x": 1}}),
        json!({"epoch": 1, "useq": 1, "rooms": {ROOM: "1"}}),
        json!({"epoch": 1, "useq": 1, "rooms": {}, "extra": 1}),
    ] {
        assert!(
            matches!(
                resume(wrong.clone()),
                Err(Refusal::BadFields { is_hello: true, .. })
            ),
            "{wrong}"
        );
    }
}

#[test]
fn a_token_that_is_no_string_is_a_wrong_token() {
    for token in [json!(1), json!({}), json!(null)] {
        let frame = parse(&json!({"t": "hello", "token": token}).to_string());

        let expected = Hello {
            token: Some(String::new()).filter(|_| !token.is_null()),
            resume: None,
        };
        let hello = ClientFrame::Hello {
            reference: None,
            hello: expected,
        };
        assert_eq!(frame, Ok(hello), "{token}");
    }
}

//! Messages. Cases 20 to 27 of the catalogue.

use kith_e2e::{Node, Person, befriend, direct_room, group};
use kith_sdk::{
    outbox::fresh_client_id,
    rest::{MessagePost, Window},
};
use serde_json::{Value, json};

use super::{Case, MARK, get, post, run};

fn message(text: impl Into<Value>) -> Value {
    json!({ "client_id": fresh_client_id(), "text": text.into() })
}

#[tokio::test]
async fn messages_that_are_refused() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Any", &people).await.id();
    let elsewhere = group("Elsewhere", &people).await.id();
    let [ann, bob] = people;
    let other_room = kith_e2e::post(&ann, elsewhere, "elsewhere").await;
    let path = format!("/chat/messages/{room}");
    let text =
        |name: &str, text: Value| Case::field(name, post(&ann, &path, &message(text)), "text");
    let client_id = |name: &str, id: Value| {
        Case::field(
            name,
            post(&ann, &path, &json!({ "client_id": id, "text": MARK })),
            "client_id",
        )
    };
    let mut cases = vec![
        text("an empty text", json!("")),
        text("white space", json!(" \n\t ")),
        text("zero-width only", json!("\u{200b}\u{200d}\u{feff}")),
        text("4001 characters", json!("x".repeat(4001))),
        text("4001 characters beyond the BMP", json!("😀".repeat(4001))),
        text("a NUL in the middle", json!("a\0b")),
        client_id("an empty client_id", json!("")),
        client_id("65 characters", json!("c".repeat(65))),
        client_id("no ASCII", json!("schlüssel")),
        client_id("a control character", json!("a\nb")),
        Case::field(
            "no client_id",
            post(&ann, &path, &json!({ "text": MARK })),
            "client_id",
        ),
        Case::field(
            "no text",
            post(&ann, &path, &json!({ "client_id": "a" })),
            "text",
        ),
        Case::new(
            "attachments before there is media",
            post(
                &ann,
                &path,
                &json!({ "client_id": "a", "text": "x", "attachments": [{ "id": MARK }] }),
            ),
            400,
            &["invalid_field", "unknown_field"],
        ),
        Case::new(
            "a thousand mentions",
            post(
                &ann,
                &path,
                &json!({ "client_id": "a", "text": "x", "mentions": vec![ann.id(); 1_000] }),
            ),
            400,
            &["unknown_field", "invalid_field"],
        ),
        Case::new(
            "an answer to nothing",
            post(
                &ann,
                &path,
                &json!({ "client_id": "a", "text": "x", "reply_to": bob.id() }),
            ),
            404,
            &["not_found"],
        ),
        Case::new(
            "an answer into another room",
            post(
                &ann,
                &path,
                &json!({ "client_id": "a", "text": "x", "reply_to": other_room.id }),
            ),
            404,
            &["not_found"],
        ),
        Case::new(
            "both before and after",
            get(&ann, &format!("{path}?before=5&after=1")),
            400,
            &["invalid_request", "invalid_field"],
        ),
        Case::new(
            "limit 0",
            get(&ann, &format!("{path}?limit=0")),
            400,
            &["invalid_field", "invalid_request"],
        ),
        Case::new(
            "limit -1",
            get(&ann, &format!("{path}?limit=-1")),
            400,
            &["invalid_field", "invalid_request"],
        ),
        Case::new(
            "an unknown parameter",
            get(&ann, &format!("{path}?whatever=1")),
            400,
            &["unknown_field"],
        ),
    ];
    for (name, value) in [
        ("an object", json!({ "$gt": "" })),
        ("an array", json!([MARK])),
        ("a number", json!(7)),
        ("null", Value::Null),
    ] {
        let code: &[&str] = &["invalid_field", "malformed_json"];
        cases.push(Case::new(
            format!("{name} for a text"),
            post(&ann, &path, &message(value.clone())),
            400,
            code,
        ));
        let body = json!({ "client_id": value, "text": "x" });
        cases.push(Case::new(
            format!("{name} for a client_id"),
            post(&ann, &path, &body),
            400,
            code,
        ));
    }

    run(cases, &bob).await;

    assert_eq!(
        bob.api.room(room).await.unwrap().last_seq,
        1,
        "nothing was stored"
    );
    let clamped = get(&ann, &format!("{path}?limit=1000000000"))
        .send()
        .await
        .unwrap();
    assert_eq!(clamped.status(), 200, "more is clamped");
}

#[tokio::test]
async fn text_is_kept_to_the_byte() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let device = bob.device().await;
    let texts = [
        "😀".repeat(4000),
        format!("a{}", "\u{0301}".repeat(3999)),
        "<script>alert(1)</script> javascript:alert(1)".to_owned(),
        "\u{202e}right to left\u{202c} \u{feff}x\u{200b}".to_owned(),
        " leading and trailing \r\n\t ".to_owned(),
        "e\u{0301} is not \u{e9}".to_owned(),
        "\u{1}\u{7f}\u{fffe}\u{10ffff}".to_owned(),
    ];

    for text in &texts {
        let post = MessagePost {
            client_id: fresh_client_id(),
            text: text.clone(),
            reply_to: None,
        };
        let sent = ann.api.post_message(room, &post).await.unwrap().message;
        assert_eq!(sent.text.as_ref(), Some(text));
        device.wait_event(room, sent.seq).await;
    }

    let history = bob.api.messages(room, Window::Newest, None).await.unwrap();
    let stored: Vec<_> = history
        .items
        .into_iter()
        .filter_map(|message| message.text)
        .collect();
    assert_eq!(stored, texts);
    let live: Vec<_> = device
        .messages(room)
        .into_iter()
        .filter_map(|message| message.text)
        .collect();
    assert_eq!(live, texts);
    let answer = get(&bob, &format!("/chat/messages/{room}"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
}

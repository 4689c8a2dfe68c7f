//! Rooms. Cases 42 to 47 of the catalogue.

use kith_e2e::{Node, Person, befriend, direct_room, group};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Case, MARK, get, patch, post, run, with_body};

#[tokio::test]
async fn rooms_of_others_do_not_exist() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob", "eve"]).await;
    let room = group("Secret", &people[..2]).await.id();
    let [ann, bob, eve] = people;
    let secret = kith_e2e::post(&ann, room, "secret").await.id;
    let not_found: &[&str] = &["not_found"];
    let nothing = Value::Null;
    let mut cases = Vec::new();
    for (method, path, body) in [
        (Method::GET, format!("/chat/rooms/{room}"), &nothing),
        (
            Method::PATCH,
            format!("/chat/rooms/{room}"),
            &json!({ "name": MARK }),
        ),
        (
            Method::PATCH,
            format!("/chat/rooms/{room}/me"),
            &json!({ "pinned": true }),
        ),
        (
            Method::GET,
            format!("/chat/rooms/{room}/participants"),
            &nothing,
        ),
        (
            Method::POST,
            format!("/chat/rooms/{room}/participants"),
            &json!({ "user_ids": [eve.id()] }),
        ),
        (
            Method::PATCH,
            format!("/chat/rooms/{room}/participants/{}", ann.id()),
            &json!({ "role": "member" }),
        ),
        (
            Method::DELETE,
            format!("/chat/rooms/{room}/participants/{}", ann.id()),
            &nothing,
        ),
        (
            Method::DELETE,
            format!("/chat/rooms/{room}/participants/{}", eve.id()),
            &nothing,
        ),
        (Method::GET, format!("/chat/messages/{room}"), &nothing),
        (
            Method::POST,
            format!("/chat/messages/{room}"),
            &json!({ "client_id": "a", "text": MARK }),
        ),
        (
            Method::GET,
            format!("/chat/rooms/{room}/events?after=0"),
            &nothing,
        ),
        (
            Method::GET,
            format!("/chat/messages/{secret}/receipts"),
            &nothing,
        ),
        (
            Method::POST,
            format!("/chat/messages/{secret}/read"),
            &nothing,
        ),
        // A message's id is no room's.
        (Method::GET, format!("/chat/messages/{secret}"), &nothing),
    ] {
        let name = format!("{method} {path}");
        let request = if body.is_null() {
            eve.api.request(method, &format!("/api/v1{path}"))
        } else {
            with_body(&eve, method, &path, body)
        };
        cases.push(Case::new(name, request, 404, not_found));
    }

    run(cases, &bob).await;

    assert_eq!(
        ann.api.room(room).await.unwrap().last_seq,
        2,
        "nothing happened"
    );
}

#[tokio::test]
async fn rooms_that_are_refused() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob", "cat", "eve"]).await;
    let room = group("Any", &people[..3]).await.id();
    let [ann, bob, cat, eve] = people;
    befriend(&ann, &bob).await;
    let direct = direct_room(&ann, &bob).await.id;
    let rooms = "/chat/rooms/";
    let create = |body: Value| post(&ann, rooms, &body);
    let members = format!("/chat/rooms/{room}/participants");
    let nobody = "0198c0de-0000-7000-8000-000000000000";
    let cases = vec![
        Case::field("no kind", create(json!({ "user_id": bob.id() })), "kind"),
        Case::field("an unknown kind", create(json!({ "kind": MARK })), "kind"),
        Case::new(
            "a group's fields in a direct room",
            create(json!({ "kind": "direct", "user_id": bob.id(), "name": "x" })),
            400,
            &["unknown_field", "invalid_field"],
        ),
        Case::field("no user", create(json!({ "kind": "direct" })), "user_id"),
        Case::field(
            "no UUID",
            create(json!({ "kind": "direct", "user_id": MARK })),
            "user_id",
        ),
        Case::new(
            "oneself",
            create(json!({ "kind": "direct", "user_id": ann.id() })),
            400,
            &["cannot_target_self"],
        ),
        Case::new(
            "nobody",
            create(json!({ "kind": "direct", "user_id": nobody })),
            404,
            &["not_found"],
        ),
        Case::new(
            "a stranger",
            create(json!({ "kind": "direct", "user_id": eve.id() })),
            403,
            &["not_allowed_by_privacy"],
        ),
        Case::new(
            "a stranger in a group",
            create(
                json!({ "kind": "group", "name": "x", "participant_ids": [bob.id(), eve.id()] }),
            ),
            403,
            &["not_allowed_by_privacy"],
        ),
        Case::field(
            "no name",
            create(json!({ "kind": "group", "participant_ids": [] })),
            "name",
        ),
        Case::field(
            "an empty name",
            create(json!({ "kind": "group", "name": "", "participant_ids": [] })),
            "name",
        ),
        Case::field(
            "a blank name",
            create(json!({ "kind": "group", "name": " \u{200b}", "participant_ids": [] })),
            "name",
        ),
        Case::field(
            "a name of 81",
            create(json!({ "kind": "group", "name": "n".repeat(81), "participant_ids": [] })),
            "name",
        ),
        Case::field(
            "a bidi override in a name",
            create(json!({ "kind": "group", "name": "a\u{202e}b", "participant_ids": [] })),
            "name",
        ),
        Case::field(
            "an avatar before there is media",
            create(
                json!({ "kind": "group", "name": "x", "participant_ids": [], "avatar_media_id": nobody }),
            ),
            "avatar_media_id",
        ),
        Case::new(
            "ten thousand and one ids",
            create(
                json!({ "kind": "group", "name": "x", "participant_ids": vec![bob.id(); 10_001] }),
            ),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "adding without the right",
            post(&cat, &members, &json!({ "user_ids": [eve.id()] })),
            403,
            &["forbidden", "not_allowed_by_privacy"],
        ),
        Case::new(
            "adding one stranger among members",
            post(&ann, &members, &json!({ "user_ids": [bob.id(), eve.id()] })),
            403,
            &["not_allowed_by_privacy"],
        ),
        Case::new(
            "adding ten thousand and one",
            post(
                &ann,
                &members,
                &json!({ "user_ids": vec![bob.id(); 10_001] }),
            ),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "adding as many people as fit, none of whom exists",
            post(&ann, &members, &json!({ "user_ids": nobodies(997) })),
            404,
            &["not_found"],
        ),
        Case::new(
            "a group of nobody else who exists",
            create(json!({ "kind": "group", "name": "x", "participant_ids": nobodies(999) })),
            404,
            &["not_found"],
        ),
        Case::field(
            "adding no UUID",
            post(&ann, &members, &json!({ "user_ids": [bob.id(), MARK] })),
            "user_ids",
        ),
        Case::new(
            "a role without the right",
            patch(
                &bob,
                &format!("{members}/{}", bob.id()),
                &json!({ "role": "owner" }),
            ),
            403,
            &["forbidden"],
        ),
        Case::field(
            "an unknown role",
            patch(
                &ann,
                &format!("{members}/{}", bob.id()),
                &json!({ "role": MARK }),
            ),
            "role",
        ),
        Case::new(
            "demoting the last owner",
            patch(
                &ann,
                &format!("{members}/{}", ann.id()),
                &json!({ "role": "member" }),
            ),
            409,
            &["last_owner"],
        ),
        Case::new(
            "removing who is not in",
            ann.api
                .request(Method::DELETE, &format!("/api/v1{members}/{}", eve.id())),
            404,
            &["not_found"],
        ),
        Case::new(
            "leaving a direct room",
            ann.api.request(
                Method::DELETE,
                &format!("/api/v1/chat/rooms/{direct}/participants/{}", ann.id()),
            ),
            403,
            &["forbidden"],
        ),
        Case::new(
            "naming a direct room",
            patch(
                &ann,
                &format!("/chat/rooms/{direct}"),
                &json!({ "name": "x" }),
            ),
            403,
            &["forbidden"],
        ),
        Case::new(
            "adding to a direct room",
            post(
                &ann,
                &format!("/chat/rooms/{direct}/participants"),
                &json!({ "user_ids": [cat.id()] }),
            ),
            403,
            &["forbidden", "not_allowed_by_privacy"],
        ),
        Case::new(
            "a malformed id",
            get(&ann, &format!("/chat/rooms/{MARK}")),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "a path in an id",
            get(&ann, "/chat/rooms/..%2f..%2fusers"),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "an id of 10 kB",
            get(&ann, &format!("/chat/rooms/{}", "a".repeat(10_000))),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "a cursor of nobody",
            get(&ann, "/chat/rooms/?cursor=zq7mark"),
            400,
            &["cursor_invalid"],
        ),
        Case::new(
            "no fields of sync",
            post(&ann, "/chat/sync", &json!({})),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "a cursor that is no number",
            post(
                &ann,
                "/chat/sync",
                &json!({ "epoch": 1, "useq": 0, "rooms": { (room.to_string()): "x" } }),
            ),
            400,
            &["invalid_field", "malformed_json"],
        ),
    ];

    run(cases, &bob).await;

    assert_eq!(
        ann.api.room(room).await.unwrap().participant_count,
        3,
        "nobody came in"
    );
}

/// Ids of people who do not exist.
fn nobodies(count: usize) -> Vec<String> {
    let id = |number| format!("0198c0de-0000-7000-8000-{number:012x}");
    (1..=count).map(id).collect()
}

//! Friends and lists. Cases 48 to 50 and 52 to 56 of the catalogue.

use kith_e2e::{Node, Person, befriend_all};
use kith_sdk::rest::{Paging, Requested, Response};
use reqwest::Method;
use serde_json::json;

use super::{Case, MARK, get, patch, post, run, with_body};

#[tokio::test]
async fn friendships_that_are_refused() {
    let node = Node::start().await;
    let [ann, bob, cat, eve] = Person::sign_up_all(&node, ["ann", "bob", "cat", "eve"]).await;
    befriend_all(&ann, std::slice::from_ref(&bob)).await;
    let Requested::Pending(open) = ann.api.request_friend(cat.id(), None).await.unwrap() else {
        panic!("cat had not asked");
    };
    let Requested::Pending(closed) = eve.api.request_friend(cat.id(), None).await.unwrap() else {
        panic!("cat had not asked");
    };
    cat.api.respond(closed.id, Response::Decline).await.unwrap();
    assert_eq!(
        cat.api
            .respond(closed.id, Response::Decline)
            .await
            .unwrap()
            .status,
        "declined",
        "the same again is fine"
    );
    let nobody = "0198c0de-0000-7000-8000-000000000000";
    let ask = |body: serde_json::Value| post(&ann, "/friends/requests", &body);
    let put = |person: &Person, id: &str, action: &str| {
        with_body(
            person,
            Method::PUT,
            &format!("/friends/requests/{id}"),
            &json!({ "action": action }),
        )
    };
    let (open, closed) = (open.id.to_string(), closed.id.to_string());
    let cases = vec![
        Case::new(
            "asking oneself",
            ask(json!({ "user_id": ann.id() })),
            400,
            &["cannot_target_self"],
        ),
        Case::new(
            "asking twice",
            ask(json!({ "user_id": cat.id() })),
            409,
            &["already_requested"],
        ),
        Case::new(
            "asking a friend",
            ask(json!({ "user_id": bob.id() })),
            409,
            &["already_friends"],
        ),
        Case::new(
            "asking nobody",
            ask(json!({ "user_id": nobody })),
            404,
            &["not_found"],
        ),
        Case::field("asking no UUID", ask(json!({ "user_id": MARK })), "user_id"),
        Case::field("asking without whom", ask(json!({})), "user_id"),
        Case::field(
            "a note of 281",
            ask(json!({ "user_id": eve.id(), "note": "n".repeat(281) })),
            "note",
        ),
        Case::field(
            "a note with NUL",
            ask(json!({ "user_id": eve.id(), "note": "a\0" })),
            "note",
        ),
        Case::new(
            "somebody else's request",
            put(&eve, &open, "accept"),
            404,
            &["not_found"],
        ),
        Case::new(
            "no request at all",
            put(&ann, nobody, "accept"),
            404,
            &["not_found"],
        ),
        Case::new(
            "accepting one's own",
            put(&ann, &open, "accept"),
            403,
            &["forbidden"],
        ),
        Case::new(
            "cancelling what one was asked",
            put(&cat, &open, "cancel"),
            403,
            &["forbidden"],
        ),
        Case::field("an unknown action", put(&cat, &open, MARK), "action"),
        Case::new(
            "accepting what was declined",
            put(&cat, &closed, "accept"),
            409,
            &["request_closed"],
        ),
        Case::new(
            "cancelling what was declined",
            put(&eve, &closed, "cancel"),
            409,
            &["request_closed"],
        ),
        Case::new(
            "blocking oneself",
            ann.api
                .request(Method::POST, &format!("/api/v1/friends/block/{}", ann.id())),
            400,
            &["cannot_target_self"],
        ),
        Case::new(
            "blocking nobody",
            ann.api
                .request(Method::POST, &format!("/api/v1/friends/block/{nobody}")),
            404,
            &["not_found"],
        ),
        Case::new(
            "a malformed person",
            get(&ann, &format!("/users/{MARK}")),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "an unknown person",
            get(&ann, &format!("/users/{nobody}")),
            404,
            &["not_found"],
        ),
        Case::new(
            "a path in a person's id",
            get(&ann, "/users/..%2f..%2fchat"),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "a person's id of 10 kB",
            get(&ann, &format!("/users/{}", "a".repeat(10_000))),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "a path in whom one blocks",
            ann.api
                .request(Method::POST, "/api/v1/friends/block/..%2f..%2fusers"),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "a path in whom one is not to be suggested",
            ann.api
                .request(Method::DELETE, "/api/v1/friends/suggestions/..%2fblocked"),
            400,
            &["invalid_field"],
        ),
        Case::field(
            "an unknown direction",
            get(&ann, &format!("/friends/requests?direction={MARK}")),
            "direction",
        ),
        Case::field(
            "an unknown privacy",
            patch(
                &ann,
                "/users/me/privacy",
                &json!({ "direct_messages": MARK }),
            ),
            "direct_messages",
        ),
        Case::field(
            "a privacy of the wrong kind",
            patch(
                &ann,
                "/users/me/privacy",
                &json!({ "read_receipts": "yes" }),
            ),
            "read_receipts",
        ),
        Case::new(
            "an unknown privacy setting",
            patch(&ann, "/users/me/privacy", &json!({ "hidden": true })),
            400,
            &["unknown_field"],
        ),
    ];

    run(cases, &eve).await;

    assert_eq!(
        ann.api.privacy().await.unwrap().direct_messages,
        "friends",
        "nothing changed"
    );
}

#[tokio::test]
async fn lists_are_paged_by_cursors_of_their_own() {
    let node = Node::start().await;
    let people = Person::sign_up_crowd(&node, "person", 5).await;
    let (ann, bob) = (&people[0], &people[1]);
    befriend_all(ann, &people[1..]).await;
    befriend_all(bob, &people[2..]).await;
    let two = Paging {
        limit: Some(2),
        cursor: None,
    };
    let first = ann.api.friends(None, &two).await.unwrap();
    let cursor = first.next_cursor.clone().unwrap();
    let bobs = bob
        .api
        .friends(None, &two)
        .await
        .unwrap()
        .next_cursor
        .unwrap();
    let mut tampered = cursor.clone().into_bytes();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    let page = |query: String| get(ann, &format!("/friends/?{query}"));
    let bounds: &[&str] = &["invalid_field", "invalid_request"];
    let invalid: &[&str] = &["cursor_invalid"];
    let cases = vec![
        Case::new("limit 0", page("limit=0".to_owned()), 400, bounds),
        Case::new("limit -1", page("limit=-1".to_owned()), 400, bounds),
        Case::new("limit of words", page(format!("limit={MARK}")), 400, bounds),
        Case::new(
            "a tampered cursor",
            page(format!("cursor={tampered}")),
            400,
            invalid,
        ),
        Case::new(
            "somebody else's cursor",
            page(format!("cursor={bobs}")),
            400,
            invalid,
        ),
        Case::new(
            "another list's cursor",
            get(ann, &format!("/friends/blocked?cursor={cursor}")),
            400,
            invalid,
        ),
        Case::new(
            "an invented cursor",
            page(format!("cursor={MARK}")),
            400,
            invalid,
        ),
        Case::new(
            "a cursor of the friends for suggestions",
            get(ann, &format!("/friends/suggestions?cursor={cursor}")),
            400,
            invalid,
        ),
        Case::new(
            "a cursor of the friends for a search",
            get(ann, &format!("/users/search?q=person&cursor={cursor}")),
            400,
            invalid,
        ),
        Case::new(
            "suggestions, limit 0",
            get(ann, "/friends/suggestions?limit=0"),
            400,
            bounds,
        ),
        Case::new(
            "requests, limit -1",
            get(ann, "/friends/requests?limit=-1"),
            400,
            bounds,
        ),
        Case::new(
            "blocked people, limit 0",
            get(ann, "/friends/blocked?limit=0"),
            400,
            bounds,
        ),
        Case::new(
            "a cursor of 10 kB",
            page(format!("cursor={}", "a".repeat(10_000))),
            400,
            invalid,
        ),
    ];

    run(cases, bob).await;

    let second = Paging {
        limit: Some(1_000_000_000),
        cursor: Some(cursor),
    };
    let second = ann.api.friends(None, &second).await.unwrap();
    assert_eq!(
        (first.items.len(), second.items.len(), second.next_cursor),
        (2, 2, None),
        "more is clamped"
    );
    let names: Vec<_> = first
        .items
        .iter()
        .chain(&second.items)
        .map(|friend| friend.user.username.as_str())
        .collect();
    assert_eq!(
        names,
        ["person2", "person3", "person4", "person5"],
        "by name, each once"
    );
}

//! Signing up.

use futures::future::join_all;
use kith_api::accounts::v1::RegisterRequest;
use kith_error::{Reason, ReasonExt as _};

use crate::world::{PASSWORD, World, failure, flaws, user};

#[tokio::test]
async fn who_registers_is_logged_in() {
    let world = World::new().await;
    let node = world.node().await;

    let request = RegisterRequest {
        username: "Alice.B".to_owned(),
        password: PASSWORD.to_owned(),
        display_name: Some("Alice Ünal".to_owned()),
        device_name: Some("Pixel 12".to_owned()),
    };
    let answer = node.gateway().register(request).await.unwrap();

    let session = answer.into_inner().session.unwrap();
    assert_eq!(user(&session).username, "alice.b");
    assert_eq!(user(&session).display_name, "Alice Ünal");
    assert_eq!(user(&session).version, 1);
    assert_eq!(session.expires_in_seconds, 900);
    assert!(session.refresh_token.len() >= 40);
    let claims = node.verify(&session.access_token).await.unwrap();
    assert_eq!(claims.sub.to_string(), user(&session).user_id);
    assert_eq!(claims.sid.to_string(), session.session_id);
    let sessions = node.sessions(&session).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].device_name, "Pixel 12");
    assert!(sessions[0].current);
}

#[tokio::test]
async fn the_display_name_is_the_user_name_unless_given() {
    let world = World::new().await;
    let node = world.node().await;

    let session = node.register("Bob_7").await;

    assert_eq!(user(&session).display_name, "bob_7");
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let world = World::new().await;
    let node = world.node().await;

    let request = RegisterRequest {
        username: "a b".to_owned(),
        password: "short".to_owned(),
        display_name: Some("\u{202E}".to_owned()),
        device_name: Some("x".repeat(65)),
    };
    let refusal = failure(node.gateway().register(request).await.unwrap_err());

    assert_eq!(refusal.reason, Reason::InvalidField);
    let expected = [
        ("username", "invalid"),
        ("password", "too_short"),
        ("display_name", "invalid"),
        ("device_name", "too_long"),
    ];
    assert_eq!(flaws(&refusal), expected);
}

#[tokio::test]
async fn reserved_names_and_look_alikes_are_refused() {
    let world = World::new().await;
    let node = world.node().await;
    node.register("alice").await;

    let cases = [
        ("admin", Reason::InvalidField),
        ("Ad.Min", Reason::InvalidField),
        ("ａｌｉｃｅ", Reason::InvalidField),
        ("alice ", Reason::InvalidField),
        ("ALICE", Reason::UsernameTaken),
        ("alice\0", Reason::InvalidField),
    ];
    for (name, reason) in cases {
        let refusal = node.try_register(name, PASSWORD).await.unwrap_err();
        assert_eq!(refusal.reason, reason, "{name:?}");
    }
}

#[tokio::test]
async fn a_huge_password_is_refused_before_it_is_hashed() {
    let world = World::new().await;
    let node = world.node().await;

    let refusal = node
        .try_register("carol", &"x".repeat(1 << 20))
        .await
        .unwrap_err();

    assert_eq!(flaws(&refusal), [("password", "too_long")]);
    assert_eq!(refusal.reason.http_status().as_u16(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twins_registering_at_once_one_wins() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let names = ["twin", "TWIN", "Twin", "tWIN", "twiN", "twin"];

    let attempts = names
        .iter()
        .enumerate()
        .map(|(at, name)| nodes[at % 2].try_register(name, PASSWORD));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(attempts)
        .await
        .into_iter()
        .partition(Result::is_ok);

    assert_eq!(won.len(), 1);
    for refusal in lost {
        assert_eq!(refusal.unwrap_err().reason, Reason::UsernameTaken);
    }
}

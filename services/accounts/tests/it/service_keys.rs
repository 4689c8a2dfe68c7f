//! Keys of other backends.

use kith_accounts::operator::{self, OperatorError};
use kith_api::accounts::v1::{
    VerifyServiceKeyRequest, VerifyServiceKeyResponse, WatchServiceKeysRequest,
};
use kith_auth::Scope;
use kith_error::{Failure, Reason};
use secrecy::ExposeSecret as _;

use crate::world::{Node, World, failure};

const ALL: &[Scope] = &[Scope::All];

async fn verify(node: &Node, key: &str) -> Result<String, Failure> {
    Ok(holder(node, key).await?.service_name)
}

async fn holder(node: &Node, key: &str) -> Result<VerifyServiceKeyResponse, Failure> {
    let request = VerifyServiceKeyRequest {
        key: key.to_owned(),
    };
    let answer = node.gateway().verify_service_key(request).await;
    Ok(answer.map_err(failure)?.into_inner())
}

#[tokio::test]
async fn a_key_names_its_backend_until_it_is_revoked() {
    let world = World::new().await;
    let node = world.node().await;
    let (pool, clock) = (&world.db.pool, &world.clock);

    let key = operator::create_service_key(pool, clock, "trainer", ALL)
        .await
        .unwrap();
    let key = key.expose_secret();

    assert!(key.starts_with("kith_sk_"));
    assert_eq!(verify(&node, key).await.unwrap(), "trainer");
    operator::revoke_service_key(pool, clock, "trainer")
        .await
        .unwrap();
    assert_eq!(
        verify(&node, key).await.unwrap_err().reason,
        Reason::Unauthenticated
    );
    let other = operator::create_service_key(pool, clock, "trainer", ALL)
        .await
        .unwrap();
    assert_eq!(
        verify(&node, other.expose_secret()).await.unwrap(),
        "trainer"
    );
    let listed = operator::list_service_keys(pool).await.unwrap();
    let live: Vec<_> = listed.iter().map(|key| key.revoked_at.is_none()).collect();
    assert_eq!(live, [true, false]);
}

#[tokio::test]
async fn names_are_plain_and_one_key_holds_for_each() {
    let world = World::new().await;
    let (pool, clock) = (&world.db.pool, &world.clock);
    operator::create_service_key(pool, clock, "billing", ALL)
        .await
        .unwrap();

    let twice = operator::create_service_key(pool, clock, "billing", ALL)
        .await
        .unwrap_err();
    let bad = operator::create_service_key(pool, clock, "Bill ing", ALL)
        .await
        .unwrap_err();
    let unknown = operator::revoke_service_key(pool, clock, "nobody")
        .await
        .unwrap_err();

    assert!(matches!(twice, OperatorError::NameTaken));
    assert!(matches!(bad, OperatorError::BadName(_)));
    assert!(matches!(unknown, OperatorError::NoSuchKey));
}

#[tokio::test]
async fn other_texts_are_no_keys() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;

    let shaped = format!("kith_sk_{}", "A".repeat(43));
    for text in [
        "",
        "kith_sk_",
        "x",
        &session.access_token,
        &session.refresh_token,
        &shaped,
    ] {
        assert_eq!(
            verify(&node, text).await.unwrap_err().reason,
            Reason::Unauthenticated
        );
    }
}

#[tokio::test]
async fn a_key_opens_what_it_was_made_for() {
    let world = World::new().await;
    let node = world.node().await;
    let (pool, clock) = (&world.db.pool, &world.clock);

    let refused = operator::create_service_key(pool, clock, "nothing", &[]).await;
    let key = operator::create_service_key(pool, clock, "trainer", &[Scope::Feed, Scope::Live])
        .await
        .unwrap();

    assert!(matches!(refused, Err(OperatorError::NoScope)));
    let found = holder(&node, key.expose_secret()).await.unwrap();
    assert_eq!(found.scopes, ["feed", "live"]);
    let listed = operator::list_service_keys(pool).await.unwrap();
    assert_eq!(listed[0].scopes, ["feed", "live"]);
}

#[tokio::test]
async fn every_node_hears_of_a_revocation_within_a_second() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let (pool, clock) = (&world.db.pool, &world.clock);
    operator::create_service_key(pool, clock, "trainer", ALL)
        .await
        .unwrap();
    let mut streams = Vec::new();
    for node in &nodes {
        let mut accounts = node.streaming();
        let answer = accounts.watch_service_keys(WatchServiceKeysRequest {});
        let mut stream = answer.await.unwrap().into_inner();
        let first = stream.message().await.unwrap().unwrap();
        assert_eq!(first.revocations, 0);
        streams.push(stream);
    }

    operator::revoke_service_key(pool, clock, "trainer")
        .await
        .unwrap();

    for stream in &mut streams {
        let news = tokio::time::timeout(std::time::Duration::from_secs(1), stream.message());
        assert_eq!(news.await.unwrap().unwrap().unwrap().revocations, 1);
    }
}

//! Keys of other backends.

use kith_accounts::operator::{self, OperatorError};
use kith_api::accounts::v1::VerifyServiceKeyRequest;
use kith_error::{Failure, Reason};
use secrecy::ExposeSecret as _;

use crate::world::{Node, World, failure};

async fn verify(node: &Node, key: &str) -> Result<String, Failure> {
    let request = VerifyServiceKeyRequest {
        key: key.to_owned(),
    };
    let answer = node.gateway().verify_service_key(request).await;
    Ok(answer.map_err(failure)?.into_inner().service_name)
}

#[tokio::test]
async fn a_key_names_its_backend_until_it_is_revoked() {
    let world = World::new().await;
    let node = world.node().await;
    let (pool, clock) = (&world.db.pool, &world.clock);

    let key = operator::create_service_key(pool, clock, "trainer")
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
    let other = operator::create_service_key(pool, clock, "trainer")
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
    operator::create_service_key(pool, clock, "billing")
        .await
        .unwrap();

    let twice = operator::create_service_key(pool, clock, "billing")
        .await
        .unwrap_err();
    let bad = operator::create_service_key(pool, clock, "Bill ing")
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

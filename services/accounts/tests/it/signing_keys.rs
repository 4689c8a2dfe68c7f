//! The keys of the access tokens.

use chrono::TimeDelta;
use futures::future::join_all;
use kith_accounts::{
    Config, KeyError, StartError,
    operator::{self, OperatorError},
};
use kith_auth::TokenError;
use kith_testkit::eventually;

use secrecy::SecretString;

use crate::world::{Node, World};

const SECRET: &str = "a passphrase of enough characters";

async fn kids(node: &Node) -> Vec<String> {
    let keys = node.public_keys().await;
    keys.into_iter().map(|key| key.kid).collect()
}

fn kid_of(access_token: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = URL_SAFE_NO_PAD
        .decode(access_token.split('.').next().unwrap())
        .unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_agree_on_one_first_key() {
    let world = World::new().await;

    let nodes = join_all((0..4).map(|_| world.node())).await;

    let first = kids(&nodes[0]).await;
    assert_eq!(first.len(), 1);
    for node in &nodes {
        assert_eq!(kids(node).await, first);
    }
    let session = nodes[0].register("alice").await;
    assert!(nodes[3].verify(&session.access_token).await.is_ok());
}

#[tokio::test]
async fn a_rotated_key_is_published_before_it_signs_and_the_old_one_until_its_tokens_expire() {
    let world = World::standing_still().await;
    let node = world.node().await;
    let old = kids(&node).await;

    let new = operator::rotate_signing_keys(&world.db.pool, &world.clock, None)
        .await
        .unwrap();

    eventually("the running node publishes it", || async {
        (kids(&node).await == [new.clone(), old[0].clone()]).then_some(())
    })
    .await;
    let session = node.register("alice").await;
    assert_eq!(kid_of(&session.access_token), old[0]);
    world.clock.advance(TimeDelta::minutes(5));
    let later = node.refresh(&session.refresh_token, None).await.unwrap();
    assert_eq!(kid_of(&later.access_token), new);
    assert!(node.verify(&session.access_token).await.is_ok());
    assert!(node.verify(&later.access_token).await.is_ok());

    world.clock.advance(TimeDelta::minutes(66));
    assert_eq!(kids(&node).await, [new]);
    assert_eq!(
        node.verify(&session.access_token).await,
        Err(TokenError::UnknownKey)
    );
}

#[tokio::test]
async fn wrapped_keys_open_with_their_own_secret_only() {
    let world = World::new().await;
    let start = |secret| world.try_node(Config::for_test(), secret);
    let node = start(Some(SECRET)).await.unwrap();
    let session = node.register("alice").await;

    let again = start(Some(SECRET)).await.unwrap();
    let other = start(Some("some other passphrase")).await;
    let unset = start(None).await;
    let weak = start(Some("short")).await;

    assert!(again.verify(&session.access_token).await.is_ok());
    assert!(matches!(other, Err(StartError::Keys(KeyError::Wrap(_)))));
    assert!(matches!(
        unset,
        Err(StartError::Keys(KeyError::SecretMissing))
    ));
    assert!(matches!(weak, Err(StartError::Keys(KeyError::Wrap(_)))));
}

#[tokio::test]
async fn a_rotation_that_the_nodes_could_not_follow_is_refused() {
    let world = World::new().await;
    let rotate = async |secret: Option<&str>| {
        let secret = secret.map(SecretString::from);
        operator::rotate_signing_keys(&world.db.pool, &world.clock, secret.as_ref()).await
    };
    let start = |secret| world.try_node(Config::for_test(), secret);

    start(None).await.unwrap();
    let too_early = rotate(Some(SECRET)).await;
    start(Some(SECRET)).await.unwrap();
    let without = rotate(None).await;
    let with_another = rotate(Some("some other passphrase")).await;

    let refused = |result, expected: fn(&KeyError) -> bool| matches!(result, Err(OperatorError::Keys(error)) if expected(&error));
    assert!(refused(too_early, |error| matches!(
        error,
        KeyError::NodesLackSecret
    )));
    assert!(refused(without, |error| matches!(
        error,
        KeyError::SecretMissing
    )));
    assert!(refused(with_another, |error| matches!(
        error,
        KeyError::Wrap(_)
    )));
    assert!(rotate(Some(SECRET)).await.is_ok());
    assert!(start(Some(SECRET)).await.is_ok());
}

#[tokio::test]
async fn plain_keys_are_wrapped_once_there_is_a_secret() {
    let world = World::new().await;
    let session = world.node().await.register("alice").await;

    let node = world
        .try_node(Config::for_test(), Some(SECRET))
        .await
        .unwrap();

    assert!(node.verify(&session.access_token).await.is_ok());
    let plain: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM accounts.signing_keys WHERE NOT wrapped OR length(private_key) = 32",
    )
    .fetch_one(&world.db.pool)
    .await
    .unwrap();
    assert_eq!(plain, 0);
}

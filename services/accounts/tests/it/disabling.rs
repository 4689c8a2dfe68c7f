//! What an operator's `kith user disable` does.

use kith_accounts::operator::{self, OperatorError};
use kith_api::accounts::v1::RevocationCause;
use kith_error::Reason;

use crate::{
    revocations::Watch,
    world::{PASSWORD, World, user},
};

#[tokio::test]
async fn disabling_ends_everything_with_its_own_cause() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let mut watch = Watch::start(&node, 0).await;

    // As another process would: nothing tells the node but the database.
    let ended = operator::disable_user(&world.db.pool, &world.clock, "Alice")
        .await
        .unwrap();

    assert_eq!(ended, 1);
    let revocation = watch.next().await;
    assert_eq!(revocation.session_id, session.session_id);
    assert_eq!(revocation.cause(), RevocationCause::AccountDisabled);
    let refusal = node
        .refresh(&session.refresh_token, None)
        .await
        .unwrap_err();
    assert_eq!(refusal.reason, Reason::Unauthenticated);
    let shown = &node.users(&[&user(&session).user_id]).await[0];
    assert!(shown.disabled);
    assert_eq!(shown.version, 2);
}

#[tokio::test]
async fn an_enabled_account_logs_in_again() {
    let world = World::new().await;
    let node = world.node().await;
    node.register("alice").await;
    let (pool, clock) = (&world.db.pool, &world.clock);

    for _ in 0..2 {
        operator::disable_user(pool, clock, "alice").await.unwrap();
    }
    for _ in 0..2 {
        operator::enable_user(pool, clock, "alice").await.unwrap();
    }

    let session = node.login("alice", PASSWORD).await.unwrap();
    assert_eq!(
        user(&session).version,
        3,
        "the second of each changed nothing"
    );
}

#[tokio::test]
async fn nobody_is_disabled_by_a_wrong_name() {
    let world = World::new().await;

    for name in ["nobody", "", "not a name"] {
        let error = operator::disable_user(&world.db.pool, &world.clock, name)
            .await
            .unwrap_err();
        assert!(matches!(error, OperatorError::NoSuchUser), "{error}");
    }
}

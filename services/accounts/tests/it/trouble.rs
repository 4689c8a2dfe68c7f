//! A database that fails.

use kith_error::Reason;
use kith_testkit::eventually;

use crate::world::{PASSWORD, World};

#[tokio::test]
async fn a_database_that_refuses_makes_calls_unavailable_and_heals() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    sqlx::query("ALTER TABLE accounts.sessions RENAME TO gone")
        .execute(&world.db.pool)
        .await
        .unwrap();
    let broken = node.sessions(&session).await.unwrap_err();
    sqlx::query("ALTER TABLE accounts.gone RENAME TO sessions")
        .execute(&world.db.pool)
        .await
        .unwrap();
    assert_eq!(
        broken.reason,
        Reason::Internal,
        "a wrong statement is our fault"
    );

    // Every connection dies at once, as in a restart.
    sqlx::query(
        "SELECT pg_terminate_backend(pid)
         FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(&world.db.pool)
    .await
    .unwrap();

    eventually("the service heals", || async {
        match node.login("alice", PASSWORD).await {
            Ok(_) => Some(()),
            Err(refusal) => {
                assert_eq!(refusal.reason, Reason::Unavailable, "{refusal}");
                None
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_pool_without_a_connection_is_unavailable() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let mut held = Vec::new();
    while let Ok(connection) = world.db.pool.acquire().await {
        held.push(connection);
    }

    let refusal = node.sessions(&session).await.unwrap_err();

    assert_eq!(refusal.reason, Reason::Unavailable);
    assert!(refusal.retry_after.is_some());
    drop(held);
    assert!(node.sessions(&session).await.is_ok());
}

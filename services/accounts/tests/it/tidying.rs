//! What is forgotten in time.

use chrono::TimeDelta;
use kith_api::accounts::v1::LogoutRequest;
use kith_testkit::eventually;
use sqlx::PgPool;

use crate::world::{PASSWORD, World};

async fn rows(pool: &PgPool) -> [i64; 4] {
    let (sessions, attempts, failures, revocations) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM accounts.sessions),
                (SELECT count(*) FROM accounts.refresh_attempts),
                (SELECT count(*) FROM accounts.login_failures),
                (SELECT count(*) FROM accounts.revocations)",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    [sessions, attempts, failures, revocations]
}

async fn tidied_to(pool: &PgPool, expected: [i64; 4]) {
    eventually("the tables are tidied", || async {
        (rows(pool).await == expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn each_thing_is_forgotten_when_it_no_longer_matters() {
    let world = World::standing_still().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    node.refresh(&session.refresh_token, Some("attempt"))
        .await
        .unwrap();
    let other = node.login("alice", PASSWORD).await.unwrap();
    node.person(&other).logout(LogoutRequest {}).await.unwrap();
    node.login("alice", "wrong password").await.unwrap_err();
    assert_eq!(rows(&node.pool).await, [1, 1, 1, 1]);

    world.clock.advance(TimeDelta::minutes(2));
    tidied_to(&node.pool, [1, 0, 1, 1]).await;
    world.clock.advance(TimeDelta::minutes(15));
    tidied_to(&node.pool, [1, 0, 0, 1]).await;
    world.clock.advance(TimeDelta::minutes(60));
    tidied_to(&node.pool, [1, 0, 0, 0]).await;
    world.clock.advance(TimeDelta::days(60));
    tidied_to(&node.pool, [0, 0, 0, 0]).await;
}

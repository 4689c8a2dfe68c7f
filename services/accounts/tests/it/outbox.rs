//! What friends and chat are told.

use std::time::Duration;

use chrono::TimeDelta;
use kith_accounts::Config;
use kith_api::accounts::v1::{
    DeleteAccountRequest, IssuedSession, LogoutRequest, UpdateProfileRequest,
};
use kith_testkit::eventually;
use sqlx::PgPool;

use crate::world::{Node, PASSWORD, World, user, waiting_for_locks};

async fn rename(node: &Node, session: &IssuedSession, name: &str) {
    let request = UpdateProfileRequest {
        display_name: Some(name.to_owned()),
        ..UpdateProfileRequest::default()
    };
    node.person(session).update_profile(request).await.unwrap();
}

async fn emptied(pool: &PgPool) {
    eventually("the outbox is empty", || async {
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM accounts.outbox")
            .fetch_one(pool)
            .await
            .unwrap();
        (rows == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn both_siblings_hear_of_a_user_in_the_order_of_changes() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let session = nodes[0].register("alice").await;
    let id = &user(&session).user_id;

    for at in 0..30 {
        rename(&nodes[at % 2], &session, &format!("Name {at}")).await;
    }
    emptied(&nodes[0].pool).await;

    for heard in [
        world.siblings.told.by_friends(id),
        world.siblings.told.by_chat(id),
    ] {
        assert!(heard.is_sorted_by_key(|user| user.version), "{heard:?}");
        let last = heard.last().unwrap();
        assert_eq!((last.display_name.as_str(), last.version), ("Name 29", 31));
    }
}

#[tokio::test]
async fn news_go_out_at_once_on_the_node_that_made_them() {
    let world = World::new().await;
    // No poll will come to the rescue.
    let config = Config {
        outbox_poll_interval: Duration::from_hours(1),
        ..Config::for_test()
    };
    let node = world.node_with(config).await;

    let session = node.register("alice").await;
    node.person(&session)
        .logout(LogoutRequest {})
        .await
        .unwrap();

    emptied(&node.pool).await;
    let told = &world.siblings.told;
    assert_eq!(
        told.ended_sessions(&user(&session).user_id),
        [session.session_id]
    );
}

#[tokio::test]
async fn what_a_sibling_missed_while_it_was_down_is_told_later() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.siblings.told.set_down(true);
    let session = nodes[0].register("alice").await;
    let id = &user(&session).user_id;
    let other = nodes[0].login("alice", PASSWORD).await.unwrap();
    nodes[0]
        .person(&other)
        .logout(LogoutRequest {})
        .await
        .unwrap();
    eventually("a delivery failed", || async {
        let attempts: Option<i32> = sqlx::query_scalar("SELECT max(attempts) FROM accounts.outbox")
            .fetch_one(&nodes[0].pool)
            .await
            .unwrap();
        attempts.filter(|attempts| *attempts > 1)
    })
    .await;

    world.siblings.told.set_down(false);
    emptied(&nodes[0].pool).await;

    let told = &world.siblings.told;
    assert_eq!(told.by_friends(id).last().unwrap().username, "alice");
    assert_eq!(told.by_chat(id).last().unwrap().username, "alice");
    assert_eq!(told.ended_sessions(id), [other.session_id]);
}

#[tokio::test]
async fn a_user_whom_a_sibling_refuses_does_not_hold_up_the_others() {
    let world = World::new().await;
    let node = world.node().await;
    world.siblings.told.set_down(true);
    let [bad, good] = [
        node.register("bad_one").await,
        node.register("good_one").await,
    ];
    world.siblings.told.refuse(&user(&bad).user_id);
    // The one has been refused for long; the other is in one batch with it for the first time.
    sqlx::query("UPDATE accounts.outbox SET due_at = now() - interval '1 s', attempts = CASE WHEN user_id = $1::uuid THEN 12 ELSE 0 END")
        .bind(&user(&bad).user_id)
        .execute(&node.pool)
        .await
        .unwrap();
    eventually("the batch was tried", || async {
        let tried: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM accounts.outbox WHERE attempts > 12 AND due_at > now()",
        )
        .fetch_one(&node.pool)
        .await
        .unwrap();
        (tried == 2).then_some(())
    })
    .await;

    world.siblings.told.set_down(false);

    let told = world.siblings.told.clone();
    let id = user(&good).user_id.clone();
    eventually("the other user is told", || async {
        (!told.by_friends(&id).is_empty() && !told.by_chat(&id).is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deleted_user_is_told_as_a_tombstone_and_all_sessions_as_ended() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    node.login("alice", PASSWORD).await.unwrap();
    let id = &user(&session).user_id;

    let request = DeleteAccountRequest {
        password: PASSWORD.to_owned(),
    };
    node.person(&session).delete_account(request).await.unwrap();
    emptied(&node.pool).await;

    let told = &world.siblings.told;
    let last = told.by_chat(id).pop().unwrap();
    assert!(last.deleted);
    assert_eq!(
        (last.username.as_str(), last.display_name.as_str()),
        ("", "")
    );
    assert_eq!(told.ended_sessions(id).len(), 2);
    let mut ids = told.event_ids();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn rows_of_a_node_that_died_are_taken_over() {
    let world = World::standing_still().await;
    world.siblings.told.set_down(true);
    let session = world.node().await.register("alice").await;
    // As if a node had taken everything and died before it was told.
    sqlx::query("UPDATE accounts.outbox SET due_at = $1")
        .bind(world.clock.now() + TimeDelta::seconds(30))
        .execute(&world.db.pool)
        .await
        .unwrap();
    world.siblings.told.set_down(false);
    let node = world.node().await;

    world.clock.advance(TimeDelta::seconds(31));
    emptied(&node.pool).await;

    let id = &user(&session).user_id;
    assert_eq!(world.siblings.told.by_friends(id).len(), 1);
}

#[tokio::test]
async fn a_users_next_row_waits_for_the_one_before() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let told = &world.siblings.told;
    let session = nodes[0].register("alice").await;
    let id = &user(&session).user_id;
    emptied(&nodes[0].pool).await;
    // The first rename is under way and does not arrive.
    let gate = told.hold(id);
    rename(&nodes[0], &session, "First").await;
    eventually("the word is spoken", || async {
        told.is_holding().then_some(())
    })
    .await;

    rename(&nodes[1], &session, "Second").await;
    // The other node delivers what else there is.
    let other = nodes[1].register("bob").await;
    eventually("the other user is told", || async {
        (!told.by_friends(&user(&other).user_id).is_empty()).then_some(())
    })
    .await;
    let before: Vec<_> = told
        .by_friends(id)
        .iter()
        .map(|user| user.version)
        .collect();
    gate.add_permits(1);
    emptied(&nodes[0].pool).await;

    let after: Vec<_> = told
        .by_friends(id)
        .iter()
        .map(|user| user.version)
        .collect();
    assert_eq!(before, [1]);
    assert_eq!(after, [1, 2, 3]);
}

#[tokio::test]
async fn one_node_at_a_time_takes_rows() {
    let world = World::new().await;
    let told = &world.siblings.told;
    told.set_down(true);
    let first = world.node().await;
    let session = first.register("alice").await;
    first.tasks.shutdown().signal();
    assert!(first.tasks.finish(Duration::from_secs(5)).await);
    sqlx::query("UPDATE accounts.outbox SET due_at = created_at")
        .execute(&world.db.pool)
        .await
        .unwrap();
    told.set_down(false);
    let mut held = world.db.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM accounts.outbox WHERE target = 'friends' FOR UPDATE")
        .execute(&mut *held)
        .await
        .unwrap();

    // Both want the row: one waits for it, the other for its turn.
    let _nodes = [world.node().await, world.node().await];
    waiting_for_locks(&world.db.pool, 2).await;
    held.commit().await.unwrap();
    emptied(&world.db.pool).await;

    assert_eq!(told.by_friends(&user(&session).user_id).len(), 1);
}

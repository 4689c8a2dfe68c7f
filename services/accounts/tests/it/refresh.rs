//! Refreshing: rotation, reuse, lost replies, races.

use chrono::TimeDelta;
use futures::future::join_all;
use kith_api::accounts::v1::IssuedSession;
use kith_error::Reason;

use crate::world::{World, flaws, user};

fn tokens(session: &IssuedSession) -> (&str, &str) {
    (&session.access_token, &session.refresh_token)
}

#[tokio::test]
async fn a_refresh_gives_the_next_pair_of_the_same_session() {
    let world = World::standing_still().await;
    let node = world.node().await;
    let first = node.register("alice").await;
    world.clock.advance(TimeDelta::minutes(20));
    assert!(node.verify(&first.access_token).await.is_err());

    let second = node.refresh(&first.refresh_token, None).await.unwrap();

    assert_eq!(second.session_id, first.session_id);
    assert_eq!(user(&second), user(&first));
    assert_ne!(second.refresh_token, first.refresh_token);
    assert!(node.verify(&second.access_token).await.is_ok());
    let sessions = node.sessions(&second).await.unwrap();
    let (created, used) = (
        sessions[0].create_time.unwrap(),
        sessions[0].last_use_time.unwrap(),
    );
    assert_eq!(used.seconds - created.seconds, 1200);
    assert!(node.refresh(&second.refresh_token, None).await.is_ok());
}

#[tokio::test]
async fn a_used_token_ends_its_session() {
    let world = World::new().await;
    let node = world.node().await;
    let first = node.register("alice").await;
    let other = node.login("alice", crate::world::PASSWORD).await.unwrap();
    let second = node.refresh(&first.refresh_token, None).await.unwrap();
    let third = node.refresh(&second.refresh_token, None).await.unwrap();

    // Not the last one but the one before: every earlier token of the session is known.
    let refusal = node.refresh(&first.refresh_token, None).await.unwrap_err();

    assert_eq!(refusal.reason, Reason::Unauthenticated);
    let refusal = node.refresh(&third.refresh_token, None).await.unwrap_err();
    assert_eq!(refusal.reason, Reason::Unauthenticated);
    let sessions = node.sessions(&other).await.unwrap();
    assert_eq!(sessions.len(), 1, "the user's other session goes on");
    let revoked: i64 = sqlx::query_scalar("SELECT count(*) FROM accounts.revocations")
        .fetch_one(&node.pool)
        .await
        .unwrap();
    assert_eq!(revoked, 1);
}

#[tokio::test]
async fn a_lost_reply_is_given_again_for_a_minute() {
    let world = World::standing_still().await;
    let nodes = [world.node().await, world.node().await];
    let first = nodes[0].register("alice").await;

    let lost = nodes[0]
        .refresh(&first.refresh_token, Some("a-1"))
        .await
        .unwrap();
    world.clock.advance(TimeDelta::seconds(59));
    let again = nodes[1]
        .refresh(&first.refresh_token, Some("a-1"))
        .await
        .unwrap();

    assert_eq!(again, lost);
    assert!(
        nodes[0]
            .refresh(&again.refresh_token, Some("a-2"))
            .await
            .is_ok()
    );
    let late = nodes[0]
        .refresh(&first.refresh_token, Some("a-1"))
        .await
        .unwrap();
    assert_eq!(
        tokens(&late),
        tokens(&lost),
        "also when its successor has been used"
    );

    world.clock.advance(TimeDelta::seconds(1));
    let refusal = nodes[0]
        .refresh(&first.refresh_token, Some("a-1"))
        .await
        .unwrap_err();
    assert_eq!(refusal.reason, Reason::Unauthenticated);
    assert!(
        nodes[0].sessions(&first).await.is_err(),
        "the session has ended"
    );
}

#[tokio::test]
async fn another_attempt_with_a_used_token_is_reuse() {
    for other in [None, Some("a-2")] {
        let world = World::new().await;
        let node = world.node().await;
        let first = node.register("alice").await;
        let second = node
            .refresh(&first.refresh_token, Some("a-1"))
            .await
            .unwrap();

        let refusal = node.refresh(&first.refresh_token, other).await.unwrap_err();

        assert_eq!(refusal.reason, Reason::Unauthenticated);
        assert!(node.refresh(&second.refresh_token, None).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_refreshes_with_one_token_one_wins() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let first = nodes[0].register("alice").await;

    let refreshes = (0..8).map(|at| nodes[at % 2].refresh(&first.refresh_token, None));
    let won = join_all(refreshes).await.into_iter().flatten().count();

    assert_eq!(won, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_refreshes_of_one_attempt_get_the_same_answer() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let first = nodes[0].register("alice").await;

    let refreshes = (0..8).map(|at| nodes[at % 2].refresh(&first.refresh_token, Some("a")));
    let answers: Vec<_> = join_all(refreshes)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();

    for answer in &answers {
        assert_eq!(tokens(answer), tokens(&answers[0]));
    }
    assert!(
        nodes[0]
            .refresh(&answers[0].refresh_token, None)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_session_that_nobody_refreshes_expires() {
    let world = World::standing_still().await;
    let node = world.node().await;
    let idle = node.register("alice").await;

    world.clock.advance(TimeDelta::days(59));
    let used = node.refresh(&idle.refresh_token, None).await.unwrap();
    world.clock.advance(TimeDelta::days(59));
    assert_eq!(node.sessions(&used).await.unwrap().len(), 1);
    world.clock.advance(TimeDelta::days(1));

    let refusal = node.refresh(&used.refresh_token, None).await.unwrap_err();
    assert_eq!(refusal.reason, Reason::Unauthenticated);
    let other = node.login("alice", crate::world::PASSWORD).await.unwrap();
    assert_eq!(node.sessions(&other).await.unwrap().len(), 1);
}

#[tokio::test]
async fn noise_ends_nothing() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let token = &session.refresh_token;
    // Names the right session, and was never handed out.
    let last = if token.ends_with('A') { 'B' } else { 'A' };
    let forged = format!("{}{last}", &token[..token.len() - 1]);
    let garbled = format!("{}AAAAAAAA{}", &token[..40], &token[48..]);

    for noise in [
        "",
        "x",
        "kith_rt_",
        &session.access_token,
        &forged,
        &garbled,
        &"y".repeat(100_000),
    ] {
        let refusal = node.refresh(noise, None).await.unwrap_err();
        assert_eq!(refusal.reason, Reason::Unauthenticated);
    }
    assert!(node.refresh(token, None).await.is_ok());
}

#[tokio::test]
async fn an_attempt_id_is_printable_and_short() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;

    for bad in ["", "ü", "a\nb", &"x".repeat(65)] {
        let refusal = node
            .refresh(&session.refresh_token, Some(bad))
            .await
            .unwrap_err();
        assert_eq!(refusal.reason, Reason::InvalidField);
        assert_eq!(flaws(&refusal)[0].0, "attempt_id");
    }
    assert!(
        node.refresh(&session.refresh_token, Some("ok 1"))
            .await
            .is_ok()
    );
}

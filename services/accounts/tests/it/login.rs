//! Logging in, and not.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use kith_accounts::{Config, operator};
use kith_error::Reason;

use crate::world::{PASSWORD, World, flaws, somebody_waits_for_a_lock, user, waiting_for_locks};

const WRONG: &str = "not the password";

#[tokio::test]
async fn names_are_folded_at_the_login_too() {
    let world = World::new().await;
    let node = world.node().await;
    let registered = node.register("alice").await;

    let session = node.login("ALICE", PASSWORD).await.unwrap();

    assert_eq!(user(&session).user_id, user(&registered).user_id);
    assert_ne!(session.session_id, registered.session_id);
    assert_eq!(node.sessions(&session).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_get_the_same_answer() {
    let world = World::new().await;
    let node = world.node().await;
    node.register("alice").await;

    let wrong = node.login("alice", WRONG).await.unwrap_err();

    assert_eq!(wrong.reason, Reason::InvalidCredentials);
    for unknown in ["nobody", "no such name", "ａｌｉｃｅ", "admin", "x"] {
        assert_eq!(
            node.login(unknown, WRONG).await.unwrap_err(),
            wrong,
            "{unknown}"
        );
    }
    assert_eq!(node.login("alice", "short").await.unwrap_err(), wrong);
}

#[tokio::test]
async fn bad_fields_are_refused_before_anything_is_hashed() {
    let world = World::new().await;
    let node = world.node().await;

    let cases = [
        (
            "",
            "",
            vec![("username", "required"), ("password", "required")],
        ),
        (
            "alice",
            &"x".repeat(1 << 20),
            vec![("password", "too_long")],
        ),
        (&"x".repeat(1000), PASSWORD, vec![("username", "too_long")]),
        (
            "al\0ice",
            "pass\0word",
            vec![("username", "invalid"), ("password", "invalid")],
        ),
    ];
    for (name, password, expected) in cases {
        let refusal = node.login(name, password).await.unwrap_err();
        assert_eq!(refusal.reason, Reason::InvalidField);
        assert_eq!(flaws(&refusal), expected);
    }
}

#[tokio::test]
async fn the_sixth_wrong_password_waits_and_live_sessions_do_not() {
    let world = World::standing_still().await;
    // The guesses come in through different nodes, as from many addresses.
    let nodes = [world.node().await, world.node().await];
    let session = nodes[0].register("alice").await;

    for name in ["alice", "nobody"] {
        for at in 0..5 {
            let refusal = nodes[at % 2].login(name, WRONG).await.unwrap_err();
            assert_eq!(refusal.reason, Reason::InvalidCredentials, "{name} {at}");
        }
        for password in [WRONG, PASSWORD] {
            let refusal = nodes[1].login(name, password).await.unwrap_err();
            assert_eq!(refusal.reason, Reason::RateLimited, "{name}");
            assert_eq!(refusal.retry_after, Some(Duration::from_mins(15)));
        }
    }
    assert!(nodes[0].sessions(&session).await.is_ok());
    assert!(nodes[0].refresh(&session.refresh_token, None).await.is_ok());

    world.clock.advance(TimeDelta::minutes(15));
    assert!(nodes[0].login("alice", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_right_password_within_the_budget_starts_it_anew() {
    let world = World::new().await;
    let node = world.node().await;
    node.register("alice").await;

    for _ in 0..3 {
        for _ in 0..4 {
            node.login("alice", WRONG).await.unwrap_err();
        }
        assert!(node.login("alice", PASSWORD).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_made_at_once_exceed_the_budget_by_the_hashes_in_progress_only() {
    let world = World::new().await;
    let node = world.node().await;
    node.register("alice").await;
    for _ in 0..4 {
        node.login("alice", WRONG).await.unwrap_err();
    }
    // Failures cannot be counted for now: two guesses are judged and wait, and the others must wait for these.
    let mut held = world.db.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM accounts.login_failures FOR UPDATE")
        .execute(&mut *held)
        .await
        .unwrap();

    let release = async {
        waiting_for_locks(&world.db.pool, 2).await;
        for _ in 0..50 {
            node.public_keys().await;
        }
        held.commit().await.unwrap();
    };
    let (guesses, ()) = tokio::join!(
        join_all((0..20).map(|_| node.login("alice", WRONG))),
        release
    );

    let judged = guesses
        .iter()
        .filter(|guess| guess.as_ref().unwrap_err().reason == Reason::InvalidCredentials)
        .count();
    assert_eq!(judged, 2);
}

#[tokio::test]
async fn without_limits_nobody_waits() {
    let world = World::new().await;
    let config = Config {
        limits_enabled: false,
        ..Config::for_test()
    };
    let node = world.node_with(config).await;
    node.register("alice").await;

    for _ in 0..8 {
        let refusal = node.login("alice", WRONG).await.unwrap_err();
        assert_eq!(refusal.reason, Reason::InvalidCredentials);
    }
    assert!(node.login("alice", PASSWORD).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_is_answered_unavailable_and_harms_nobody() {
    let world = World::new().await;
    let config = Config {
        password_memory_kib: 32 * 1024,
        password_passes: 6,
        password_concurrency: 1,
        password_max_wait: Duration::from_millis(100),
        ..Config::for_test()
    };
    let node = world.node_with(config).await;
    let session = node.register("alice").await;

    let storm = join_all((0..30).map(|_| node.login("alice", PASSWORD)));
    let calm = node.sessions(&session);
    let (storm, calm) = tokio::join!(storm, calm);

    assert!(calm.is_ok());
    let refused: Vec<_> = storm.into_iter().filter_map(Result::err).collect();
    assert!(!refused.is_empty());
    for refusal in refused {
        assert_eq!(refusal.reason, Reason::Unavailable);
        assert!(refusal.retry_after.is_some());
    }
}

#[tokio::test]
async fn a_hash_of_former_parameters_is_renewed_at_the_login() {
    let world = World::new().await;
    world.node().await.register("alice").await;
    let config = Config {
        password_passes: 2,
        ..Config::for_test()
    };
    let node = world.node_with(config).await;

    node.login("alice", PASSWORD).await.unwrap();

    let hash: String = sqlx::query_scalar("SELECT password_hash FROM accounts.users")
        .fetch_one(&node.pool)
        .await
        .unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash}");
    assert!(node.login("alice", PASSWORD).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_meets_a_disabling_does_not_slip_through() {
    let world = World::new().await;
    let node = world.node().await;
    node.register("alice").await;
    let mut disabling = world.db.pool.begin().await.unwrap();
    sqlx::query("UPDATE accounts.users SET disabled_at = now()")
        .execute(&mut *disabling)
        .await
        .unwrap();

    let commit = async {
        somebody_waits_for_a_lock(&world.db.pool).await;
        disabling.commit().await.unwrap();
    };
    let (login, ()) = tokio::join!(node.login("alice", PASSWORD), commit);

    assert_eq!(login.unwrap_err().reason, Reason::AccountDisabled);
}

#[tokio::test]
async fn only_who_knows_the_password_learns_that_an_account_is_disabled() {
    let world = World::new().await;
    let node = world.node().await;
    node.register("alice").await;
    operator::disable_user(&node.pool, &node.clock, "alice")
        .await
        .unwrap();

    let wrong = node.login("alice", WRONG).await.unwrap_err();
    let right = node.login("alice", PASSWORD).await.unwrap_err();

    assert_eq!(wrong.reason, Reason::InvalidCredentials);
    assert_eq!(right.reason, Reason::AccountDisabled);
}

#[tokio::test]
async fn beyond_a_hundred_sessions_the_least_recently_used_ends() {
    let world = World::standing_still().await;
    let node = world.node().await;
    let first = node.register("alice").await;

    for _ in 0..100 {
        world.clock.advance(TimeDelta::seconds(1));
        node.login("alice", PASSWORD).await.unwrap();
    }

    let last = node.login("alice", PASSWORD).await.unwrap();
    assert_eq!(node.sessions(&last).await.unwrap().len(), 100);
    let refusal = node.refresh(&first.refresh_token, None).await.unwrap_err();
    assert_eq!(refusal.reason, Reason::Unauthenticated);
}

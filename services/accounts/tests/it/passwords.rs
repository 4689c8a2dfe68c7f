//! Changing the password.

use futures::future::join_all;
use kith_api::accounts::v1::{ChangePasswordRequest, IssuedSession};
use kith_error::{Failure, Reason};

use crate::world::{Node, PASSWORD, World, failure, flaws, somebody_waits_for_a_lock};

const NEXT: &str = "a better password";

async fn change(
    node: &Node,
    session: &IssuedSession,
    current: &str,
    new: &str,
) -> Result<Vec<String>, Failure> {
    let request = ChangePasswordRequest {
        current_password: current.to_owned(),
        new_password: new.to_owned(),
    };
    let answer = node.person(session).change_password(request).await;
    Ok(answer.map_err(failure)?.into_inner().ended_session_ids)
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let world = World::new().await;
    let node = world.node().await;
    let first = node.register("alice").await;
    let others = [
        node.login("alice", PASSWORD).await.unwrap(),
        node.login("alice", PASSWORD).await.unwrap(),
    ];

    let mut ended = change(&node, &first, PASSWORD, NEXT).await.unwrap();

    let mut expected: Vec<_> = others
        .iter()
        .map(|other| other.session_id.clone())
        .collect();
    ended.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ended, expected);
    assert_eq!(node.sessions(&first).await.unwrap().len(), 1);
    assert!(node.refresh(&first.refresh_token, None).await.is_ok());
    assert!(node.refresh(&others[0].refresh_token, None).await.is_err());
    assert!(node.login("alice", PASSWORD).await.is_err());
    assert!(node.login("alice", NEXT).await.is_ok());
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing_and_is_counted_apart() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;

    for _ in 0..5 {
        let refusal = change(&node, &session, "wrong password", NEXT)
            .await
            .unwrap_err();
        assert_eq!(refusal.reason, Reason::InvalidCredentials);
    }
    let refusal = change(&node, &session, PASSWORD, NEXT).await.unwrap_err();

    assert_eq!(refusal.reason, Reason::RateLimited);
    assert!(refusal.retry_after.is_some());
    assert!(node.login("alice", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn both_passwords_are_judged_by_form_first() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;

    let refusal = change(&node, &session, "", "short").await.unwrap_err();

    let expected = [
        ("current_password", "required"),
        ("new_password", "too_short"),
    ];
    assert_eq!(flaws(&refusal), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_changes_one_wins() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let wanted = ["password one", "password two", "password three"];

    let changes = wanted
        .iter()
        .map(|new| change(&node, &session, PASSWORD, new));
    let results = join_all(changes).await;

    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for (new, result) in wanted.iter().zip(&results) {
        assert_eq!(node.login("alice", new).await.is_ok(), result.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_meanwhile_changes_nothing() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let mut ending = world.db.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM accounts.users FOR UPDATE")
        .execute(&mut *ending)
        .await
        .unwrap();
    sqlx::query("DELETE FROM accounts.sessions")
        .execute(&mut *ending)
        .await
        .unwrap();

    let commit = async {
        somebody_waits_for_a_lock(&world.db.pool).await;
        ending.commit().await.unwrap();
    };
    let (changed, ()) = tokio::join!(change(&node, &session, PASSWORD, NEXT), commit);

    assert_eq!(changed.unwrap_err().reason, Reason::Unauthenticated);
    assert!(node.login("alice", PASSWORD).await.is_ok());
}

//! Deleting an account.

use kith_api::accounts::v1::{DeleteAccountRequest, IssuedSession, UpdateProfileRequest};
use kith_error::{Failure, Reason};

use crate::world::{Node, PASSWORD, World, failure, somebody_waits_for_a_lock, user};

async fn delete(
    node: &Node,
    session: &IssuedSession,
    password: &str,
) -> Result<Vec<String>, Failure> {
    let request = DeleteAccountRequest {
        password: password.to_owned(),
    };
    let answer = node.person(session).delete_account(request).await;
    Ok(answer.map_err(failure)?.into_inner().ended_session_ids)
}

#[tokio::test]
async fn a_deleted_account_is_gone_everywhere() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let other = node.login("alice", PASSWORD).await.unwrap();

    let ended = delete(&node, &session, PASSWORD).await.unwrap();

    assert_eq!(ended.len(), 2);
    assert!(ended.contains(&other.session_id));
    assert!(node.users(&[&user(&session).user_id]).await.is_empty());
    let login = node.login("alice", PASSWORD).await.unwrap_err();
    assert_eq!(login.reason, Reason::InvalidCredentials);
    for session in [&session, &other] {
        assert!(node.refresh(&session.refresh_token, None).await.is_err());
        assert_eq!(
            node.sessions(session).await.unwrap_err().reason,
            Reason::Unauthenticated
        );
    }
    let update = node
        .person(&session)
        .update_profile(UpdateProfileRequest::default())
        .await;
    assert_eq!(failure(update.unwrap_err()).reason, Reason::Unauthenticated);
}

#[tokio::test]
async fn its_name_stays_taken_and_its_data_do_not_stay() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("secretive.name").await;
    node.login("secretive.name", "wrong password")
        .await
        .unwrap_err();
    delete(&node, &session, PASSWORD).await.unwrap();

    let again = node.try_register("Secretive.Name", PASSWORD).await;

    assert_eq!(again.unwrap_err().reason, Reason::UsernameTaken);
    let row: String = sqlx::query_scalar("SELECT u::text FROM accounts.users AS u")
        .fetch_one(&node.pool)
        .await
        .unwrap();
    assert!(!row.contains("secretive"), "{row}");
    assert!(!row.contains("argon2"), "{row}");
    let failures: i64 = sqlx::query_scalar("SELECT count(*) FROM accounts.login_failures")
        .fetch_one(&node.pool)
        .await
        .unwrap();
    assert_eq!(failures, 0);
}

#[tokio::test]
async fn it_takes_the_password() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;

    let wrong = delete(&node, &session, "wrong password").await.unwrap_err();
    let empty = delete(&node, &session, "").await.unwrap_err();

    assert_eq!(wrong.reason, Reason::InvalidCredentials);
    assert_eq!(empty.reason, Reason::InvalidField);
    assert!(node.sessions(&session).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_meets_a_deletion_does_not_slip_through() {
    let world = World::new().await;
    let node = world.node().await;
    node.register("alice").await;
    let mut deleting = world.db.pool.begin().await.unwrap();
    sqlx::query(
        "UPDATE accounts.users SET deleted_at = now(), username = NULL, password_hash = NULL",
    )
    .execute(&mut *deleting)
    .await
    .unwrap();

    let commit = async {
        somebody_waits_for_a_lock(&world.db.pool).await;
        deleting.commit().await.unwrap();
    };
    let (login, ()) = tokio::join!(node.login("alice", PASSWORD), commit);

    assert_eq!(login.unwrap_err().reason, Reason::InvalidCredentials);
}

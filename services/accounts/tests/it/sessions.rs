//! The list of sessions, and ending them one by one.

use chrono::TimeDelta;
use kith_api::{
    accounts::v1::{
        IssuedSession, ListSessionsRequest, ListSignedInUsersRequest, LoginRequest, LogoutRequest,
        RevokeSessionRequest,
    },
    common::v1::PageRequest,
};
use kith_error::Reason;

use crate::world::{Node, PASSWORD, World, failure, user};

async fn revoke(node: &Node, by: &IssuedSession, id: &str) -> Option<Reason> {
    let request = RevokeSessionRequest {
        session_id: id.to_owned(),
    };
    let answer = node.person(by).revoke_session(request).await;
    answer.err().map(|status| failure(status).reason)
}

#[tokio::test]
async fn who_has_a_session_is_signed_in() {
    let world = World::new().await;
    let node = world.node().await;
    let (alice, bob) = (node.register("alice").await, node.register("bob").await);
    let ids = [&alice, &bob].map(|session| user(session).user_id.clone());
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
    node.person(&bob).logout(LogoutRequest {}).await.unwrap();
    let list = async |user_ids: Vec<String>| {
        let request = ListSignedInUsersRequest { user_ids };
        let answer = node.gateway().list_signed_in_users(request).await;
        answer.map(|answer| answer.into_inner().user_ids)
    };

    let signed_in = list(vec![ids[0].clone(), ids[1].clone(), nobody]).await;
    let too_many = list(vec![ids[0].clone(); 1001]).await;

    assert_eq!(signed_in.unwrap(), [ids[0].clone()]);
    assert_eq!(failure(too_many.unwrap_err()).reason, Reason::InvalidField);
}

#[tokio::test]
async fn sessions_come_in_pages_that_only_their_owner_can_turn() {
    let world = World::standing_still().await;
    let node = world.node().await;
    let bob = node.register("bob").await;
    let first = node.register("alice").await;
    let mut made = vec![first.session_id.clone()];
    for _ in 0..2 {
        // All at one time: the id decides.
        made.push(node.login("alice", PASSWORD).await.unwrap().session_id);
    }
    made.sort_by(|a, b| b.cmp(a));
    let page = async |who: &IssuedSession, token: &str| {
        let page = Some(PageRequest {
            page_size: 2,
            page_token: token.to_owned(),
        });
        let answer = node
            .person(who)
            .list_sessions(ListSessionsRequest { page })
            .await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| failure(status).reason)
    };

    let one = page(&first, "").await.unwrap();
    let token = one.page.unwrap().next_page_token;
    let two = page(&first, &token).await.unwrap();
    let foreign = page(&bob, &token).await.unwrap_err();

    let pages = one.sessions.iter().chain(&two.sessions);
    assert!(pages.map(|session| &session.session_id).eq(&made));
    assert_eq!((one.sessions.len(), two.sessions.len()), (2, 1));
    assert_eq!(two.page.unwrap().next_page_token, "");
    assert_eq!(foreign, Reason::CursorInvalid);
}

#[tokio::test]
async fn sessions_are_listed_newest_first() {
    let world = World::standing_still().await;
    let node = world.node().await;
    let first = node.register("alice").await;
    node.register("bob").await;
    world.clock.advance(TimeDelta::seconds(1));
    let request = LoginRequest {
        username: "alice".to_owned(),
        password: PASSWORD.to_owned(),
        device_name: Some("Laptop".to_owned()),
    };
    let second = node
        .gateway()
        .login(request)
        .await
        .unwrap()
        .into_inner()
        .session
        .unwrap();

    let listed = node.sessions(&first).await.unwrap();

    let shown: Vec<_> = listed
        .iter()
        .map(|session| {
            (
                session.session_id.as_str(),
                session.device_name.as_str(),
                session.current,
            )
        })
        .collect();
    let expected = [
        (second.session_id.as_str(), "Laptop", false),
        (first.session_id.as_str(), "", true),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_logged_out_session_is_over_and_logging_out_again_is_harmless() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;

    for _ in 0..2 {
        node.person(&session)
            .logout(LogoutRequest {})
            .await
            .unwrap();
    }

    assert_eq!(
        node.sessions(&session).await.unwrap_err().reason,
        Reason::Unauthenticated
    );
    let refusal = node
        .refresh(&session.refresh_token, None)
        .await
        .unwrap_err();
    assert_eq!(refusal.reason, Reason::Unauthenticated);
    let revocations: i64 = sqlx::query_scalar("SELECT count(*) FROM accounts.revocations")
        .fetch_one(&node.pool)
        .await
        .unwrap();
    assert_eq!(revocations, 1);
}

#[tokio::test]
async fn one_ends_ones_own_sessions_only() {
    let world = World::new().await;
    let node = world.node().await;
    let [alice, bob] = [node.register("alice").await, node.register("bob").await];
    let other = node.login("alice", PASSWORD).await.unwrap();

    assert_eq!(
        revoke(&node, &bob, &alice.session_id).await,
        Some(Reason::NotFound)
    );
    assert_eq!(
        revoke(&node, &bob, &user(&bob).user_id).await,
        Some(Reason::NotFound)
    );
    for malformed in ["", "x", "../../etc/passwd", &"1".repeat(10_000)] {
        assert_eq!(
            revoke(&node, &bob, malformed).await,
            Some(Reason::InvalidField)
        );
    }
    assert_eq!(revoke(&node, &alice, &other.session_id).await, None);
    assert_eq!(
        revoke(&node, &alice, &other.session_id).await,
        Some(Reason::NotFound)
    );
    assert_eq!(node.sessions(&alice).await.unwrap().len(), 1);
    assert!(node.refresh(&other.refresh_token, None).await.is_err());
}

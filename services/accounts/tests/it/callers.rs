//! Who may make which call.

use kith_api::accounts::v1 as proto;
use kith_auth::Caller;
use kith_error::Reason;
use tonic::Status;

use crate::world::{Client, PASSWORD, World, caller, failure, user};

/// Makes every call once; gives the name and the refusal of each that was refused for its caller.
async fn refused(mut client: Client) -> Vec<&'static str> {
    let mut refused = Vec::new();
    let mut note = |name, result: Result<(), Status>| {
        let reason = result.err().map(|status| failure(status).reason);
        if matches!(reason, Some(Reason::Forbidden | Reason::Unauthenticated)) {
            refused.push(name);
        }
    };
    let register = proto::RegisterRequest::default();
    note("register", client.register(register).await.map(drop));
    let login = proto::LoginRequest::default();
    note("login", client.login(login).await.map(drop));
    let keys = proto::GetPublicKeysRequest {};
    note(
        "get_public_keys",
        client.get_public_keys(keys).await.map(drop),
    );
    let watch = proto::WatchRevocationsRequest::default();
    note(
        "watch_revocations",
        client.watch_revocations(watch).await.map(drop),
    );
    let users = proto::GetUsersRequest::default();
    note("get_users", client.get_users(users).await.map(drop));
    let signed_in = proto::ListSignedInUsersRequest::default();
    note(
        "list_signed_in_users",
        client.list_signed_in_users(signed_in).await.map(drop),
    );
    let list = proto::ListSessionsRequest::default();
    note("list_sessions", client.list_sessions(list).await.map(drop));
    let profile = proto::UpdateProfileRequest::default();
    note(
        "update_profile",
        client.update_profile(profile).await.map(drop),
    );
    let change = proto::ChangePasswordRequest {
        current_password: "wrong password".to_owned(),
        new_password: PASSWORD.to_owned(),
    };
    let changed = client.change_password(change).await.map(drop);
    // A wrong password is not a refused caller.
    if changed
        .as_ref()
        .is_err_and(|status| failure(status.clone()).reason != Reason::InvalidCredentials)
    {
        note("change_password", changed);
    }
    note(
        "logout",
        client.logout(proto::LogoutRequest {}).await.map(drop),
    );
    refused
}

#[tokio::test]
async fn each_call_has_its_callers() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let user_id = user(&session).user_id.parse().unwrap();
    let service = |on_behalf_of| Caller::Service {
        name: "trainer".to_owned(),
        on_behalf_of,
    };
    let of_nodes = ["login", "get_public_keys", "watch_revocations"];
    let of_users = [
        "list_sessions",
        "update_profile",
        "change_password",
        "logout",
    ];

    let by_node = refused(node.gateway()).await;
    let by_service = refused(node.client(&service(None))).await;
    let by_agent = refused(node.client(&service(Some(user_id)))).await;
    let by_person = refused(node.client(&caller(&session))).await;

    assert_eq!(by_node, of_users);
    assert_eq!(by_service, [of_nodes.as_slice(), &of_users].concat());
    assert_eq!(by_agent, [of_nodes.as_slice(), &["logout"]].concat());
    assert_eq!(
        by_person,
        [
            "register",
            "login",
            "get_public_keys",
            "watch_revocations",
            "get_users",
            "list_signed_in_users"
        ]
    );
}

#[tokio::test]
async fn a_call_without_a_caller_is_refused() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let stranger = Caller::User {
        user_id: user(&session).user_id.parse().unwrap(),
        session_id: world.clock.new_id().into(),
    };

    let answer = node
        .client(&stranger)
        .list_sessions(proto::ListSessionsRequest::default())
        .await;

    assert_eq!(failure(answer.unwrap_err()).reason, Reason::Unauthenticated);
}

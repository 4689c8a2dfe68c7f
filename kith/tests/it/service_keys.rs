//! Other backends on the internal port: whose key it is, what it opens, and when it ends.

use std::time::{Duration, Instant};

use kith_api::accounts::v1::GetUsersRequest;
use kith_api::accounts::v1::accounts_service_client::AccountsServiceClient;
use kith_api::chat::v1::GetUserChatRoomsRequest;
use kith_api::chat::v1::chat_service_client::ChatServiceClient;
use kith_error::{Failure, Reason};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::running::{Kith, printed, run};

#[expect(
    clippy::disallowed_methods,
    reason = "comes as another backend does, without a caller"
)]
pub(crate) async fn channel(node: &Kith) -> Channel {
    let address = format!("http://{}", node.internal_address());
    Endpoint::from_shared(address)
        .unwrap()
        .connect()
        .await
        .unwrap()
}

/// Makes a key with `kith key create`.
pub(crate) fn key(node: &Kith, arguments: &[&str]) -> String {
    let made = run(node.data(), &[&["key", "create"], arguments].concat(), &[]);
    let key = printed(&made).trim().to_owned();
    assert!(key.starts_with("kith_sk_"), "{key}");
    key
}

/// A request with a key, as any gRPC tool would send it.
pub(crate) fn with_key<T>(key: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value: AsciiMetadataValue = format!("Bearer {key}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

async fn get_users(channel: &Channel, key: &str) -> Result<(), Status> {
    let request = GetUsersRequest {
        user_ids: Vec::new(),
    };
    let mut accounts = AccountsServiceClient::new(channel.clone());
    accounts.get_users(with_key(key, request)).await.map(|_| ())
}

#[tokio::test]
async fn a_key_opens_what_it_was_made_for_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let node = Kith::start(&home.path().join("data"));
    let channel = channel(&node).await;
    let all = key(&node, &["billing"]);
    let chat = key(&node, &["--name", "trainer", "--scope", "chat"]);

    let welcome = get_users(&channel, &all).await;
    let refused = get_users(&channel, &chat).await.unwrap_err();
    let nobody = ChatServiceClient::new(channel.clone())
        .get_user_chat_rooms(with_key(&chat, GetUserChatRoomsRequest::default()))
        .await
        .unwrap_err();
    let unknown = run(
        node.data(),
        &["key", "create", "other", "--scope", "everything"],
        &[],
    );
    let listed = printed(&run(node.data(), &["key", "list"], &[]));

    assert!(welcome.is_ok(), "{welcome:?}");
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(Failure::from(&refused).reason, Reason::Forbidden);
    assert_eq!(nobody.code(), Code::Unauthenticated, "it acts for nobody");
    assert!(!unknown.status.success() && printed(&unknown).contains("feed"));
    assert!(
        listed.contains("trainer  chat") && !listed.contains(&chat),
        "{listed}"
    );
}

#[tokio::test]
async fn without_a_key_that_holds_every_call_is_unauthenticated() {
    let home = tempfile::tempdir().unwrap();
    let node = Kith::start(&home.path().join("data"));
    let channel = channel(&node).await;
    let made_up = format!("kith_sk_{}", "A".repeat(43));

    for key in [made_up.as_str(), "kith_sk_", "something else"] {
        let refused = get_users(&channel, key).await.unwrap_err();

        assert_eq!(refused.code(), Code::Unauthenticated, "{key}");
        assert_eq!(
            Failure::from(&refused).reason,
            Reason::Unauthenticated,
            "{key}"
        );
    }
    let bare = AccountsServiceClient::new(channel)
        .get_users(GetUsersRequest::default())
        .await
        .unwrap_err();
    assert_eq!(Failure::from(&bare).reason, Reason::Unauthenticated);
}

#[tokio::test]
async fn a_revoked_key_holds_no_more_within_a_second() {
    let home = tempfile::tempdir().unwrap();
    let node = Kith::start(&home.path().join("data"));
    let channel = channel(&node).await;
    let key = key(&node, &["billing"]);
    get_users(&channel, &key).await.unwrap();

    let revoked = run(node.data(), &["key", "revoke", "billing"], &[]);
    let since = Instant::now();

    assert!(revoked.status.success(), "{}", printed(&revoked));
    while let Ok(()) = get_users(&channel, &key).await {
        assert!(since.elapsed() < Duration::from_secs(1), "it still holds");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

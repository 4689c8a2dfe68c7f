//! Sessions end everywhere at once.

use std::time::Duration;

use futures::future::join_all;
use kith_e2e::{Device, Node, Person, befriend, direct_room, post};
use kith_sdk::{
    close::{ACCOUNT_DISABLED, AUTH_FAILED, REVOKED, TOO_MANY_DEVICES},
    rest::{Credentials, Refresh},
    socket::{ConnectError, Connection},
};

const AT_ONCE: Duration = Duration::from_secs(1);

async fn assert_dead(person: &Person, device: &Device) {
    let closed = device.wait_closed(AT_ONCE).await;
    assert_eq!(closed.code, Some(REVOKED));
    let refused = person.api.me().await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.code()),
        (Some(401), Some("unauthenticated"))
    );
    let Err(ConnectError::Refused { refused, closed }) =
        Connection::with_token(&person.api.socket_url(), person.token()).await
    else {
        panic!("a dead session must not connect");
    };
    assert!(["auth_failed", "revoked"].contains(&refused.code.as_str()));
    assert!([Some(AUTH_FAILED), Some(REVOKED)].contains(&closed.code));
}

#[tokio::test]
async fn ending_a_session_closes_its_sockets() {
    let node = Node::start().await;
    let phone = Person::sign_up(&node, "ann").await;
    let (laptop, tablet, tv) = (
        phone.log_in(&node).await,
        phone.log_in(&node).await,
        phone.log_in(&node).await,
    );
    let (on_phone, on_laptop) = (phone.device().await, laptop.device().await);
    let (on_tablet, on_tv) = (tablet.device().await, tv.device().await);
    let sessions = phone.api.sessions().await.unwrap().items;
    assert_eq!(
        (
            sessions.len(),
            sessions.iter().filter(|session| session.current).count()
        ),
        (4, 1)
    );

    phone
        .api
        .revoke_session(laptop.session.session_id)
        .await
        .unwrap();
    assert_dead(&laptop, &on_laptop).await;
    tablet.api.logout().await.unwrap();
    assert_dead(&tablet, &on_tablet).await;
    phone
        .api
        .change_password(&phone.password, "another password")
        .await
        .unwrap();
    assert_dead(&tv, &on_tv).await;

    on_phone.link.ping().await.unwrap();
    phone.api.me().await.unwrap();
    let old = Credentials {
        username: phone.username.clone(),
        password: phone.password.clone(),
        device_name: None,
    };
    assert_eq!(
        node.api().login(&old).await.unwrap_err().code(),
        Some("invalid_credentials")
    );
    on_phone.assert_sound();
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let device = ann.device().await;
    let first = Refresh {
        refresh_token: ann.session.refresh_token.clone().unwrap(),
        attempt_id: Some("attempt".to_owned()),
    };

    let second = node.api().refresh(&first).await.unwrap();
    let lost_reply = node.api().refresh(&first).await.unwrap();

    assert_eq!(
        second.refresh_token, lost_reply.refresh_token,
        "the same attempt, the same answer"
    );
    assert_eq!(second.session_id, ann.session.session_id);
    device.link.reauth(&second.access_token).await.unwrap();
    let fresh = ann.api.with_token(&second.access_token);
    fresh.me().await.unwrap();
    let bob = Person::sign_up(&node, "bob").await;
    assert_eq!(
        device.link.reauth(bob.token()).await.unwrap_err().code(),
        Some("auth_failed")
    );

    let stolen = Refresh {
        attempt_id: None,
        ..first
    };
    assert_eq!(
        node.api().refresh(&stolen).await.unwrap_err().status(),
        Some(401)
    );
    assert_eq!(device.wait_closed(AT_ONCE).await.code, Some(REVOKED));
    assert_eq!(fresh.me().await.unwrap_err().status(), Some(401));
}

#[tokio::test]
async fn a_deleted_account_is_gone_and_its_messages_stay() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let said = post(&ann, room, "remember me").await;
    let device = ann.device().await;

    assert_eq!(
        ann.api
            .delete_me("not my password")
            .await
            .unwrap_err()
            .code(),
        Some("invalid_credentials")
    );
    ann.api.delete_me(&ann.password).await.unwrap();

    assert_dead(&ann, &device).await;
    assert_eq!(
        bob.api.user(ann.id()).await.unwrap_err().code(),
        Some("not_found")
    );
    let history = bob.api.events(room, said.seq - 1, None).await.unwrap();
    assert_eq!(
        history.events[0].message().unwrap().text.as_deref(),
        Some("remember me")
    );
}

#[tokio::test]
async fn twenty_sockets_are_fine_and_one_more_is_not() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let devices: Vec<_> = join_all((0..20).map(|_| ann.device())).await;

    let one_more = Connection::with_token(&ann.api.socket_url(), ann.token()).await;

    let closed = match one_more {
        Ok(connection) => connection.link.closed().await,
        Err(ConnectError::Refused { closed, .. } | ConnectError::Closed(closed)) => closed,
        Err(other) => panic!("{other}"),
    };
    assert_eq!(closed.code, Some(TOO_MANY_DEVICES));
    join_all(devices.iter().map(|device| device.link.ping()))
        .await
        .into_iter()
        .for_each(Result::unwrap);
}

#[tokio::test]
async fn an_operator_who_disables_an_account_ends_it_at_once() {
    let node = Node::start().await;
    let person = Person::sign_up(&node, "ann").await;
    let device = person.device().await;

    node.operate(&["user", "disable", &person.username]).await;

    let closed = device.wait_closed(Duration::from_secs(5)).await;
    assert_eq!(closed.code, Some(ACCOUNT_DISABLED));
    assert_eq!(person.api.me().await.unwrap_err().status(), Some(401));
    node.operate(&["user", "enable", &person.username]).await;
    person.log_in(&node).await.api.me().await.unwrap();
}

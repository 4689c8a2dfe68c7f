//! What is acknowledged is there, once, whatever ends the process or its database.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use kith_e2e::{
    Device, Group, Node, Person, Postgres, Settings, eventually, eventually_within, group, post,
};
use kith_sdk::{
    model::{Message, MessageId, RoomId, ServerFrame},
    outbox::Outbox,
    rest::MessagePost,
    socket::SocketError,
};

/// What one sender knows when the connection has ended.
struct Account {
    acknowledged: Vec<Message>,
    outbox: Outbox,
}

/// Sends one message after the other until the connection ends.
async fn send_until_the_end(device: &Device, room: RoomId) -> Account {
    let mut account = Account {
        acknowledged: Vec::new(),
        outbox: Outbox::default(),
    };
    for n in 0.. {
        account.outbox.push(room, format!("message {n}"), None);
        let pending = account.outbox.take_due().remove(0);
        let post = MessagePost {
            client_id: pending.client_id,
            text: pending.text,
            reply_to: None,
        };
        match device.link.send(room, &post).await {
            Ok(sent) => {
                account.outbox.settle(&sent.message);
                account.acknowledged.push(sent.message);
            }
            Err(SocketError::Refused(refused)) => {
                assert!(
                    refused.retryable,
                    "only a passing refusal is expected: {refused:?}"
                );
                break;
            }
            Err(_) => break,
        }
    }
    account.outbox.disconnect();
    account
}

/// Sends what was not acknowledged again, and gives everything that is acknowledged now.
async fn settle(person: &Person, mut account: Account) -> Vec<Message> {
    for pending in account.outbox.take_due() {
        let post = MessagePost {
            client_id: pending.client_id,
            text: pending.text,
            reply_to: None,
        };
        let sent = person
            .api
            .post_message(pending.room_id, &post)
            .await
            .unwrap();
        account.outbox.settle(&sent.message);
        account.acknowledged.push(sent.message);
    }
    assert!(account.outbox.is_empty());
    account.acknowledged
}

/// Every acknowledged message is in the log exactly once, and nothing else is.
pub(crate) async fn assert_log_is(reader: &Person, room: RoomId, acknowledged: &[Message]) {
    let mut log: BTreeMap<u64, MessageId> = BTreeMap::new();
    let mut after = 1;
    loop {
        let page = reader.api.events(room, after, Some(100)).await.unwrap();
        let Some(last) = page.events.last() else {
            break;
        };
        after = last.seq;
        log.extend(
            page.events
                .iter()
                .map(|event| (event.seq, event.message().unwrap().id)),
        );
    }
    let expected: BTreeMap<_, _> = acknowledged
        .iter()
        .map(|message| (message.seq, message.id))
        .collect();
    assert_eq!(expected.len(), acknowledged.len(), "no seq was given twice");
    assert_eq!(log, expected);
    assert!(log.keys().copied().eq(2..=after), "without gaps");
}

async fn crowd(node: &Node) -> (Group, Vec<Device>) {
    let people = Person::sign_up_crowd(node, "person", 6).await;
    let group = group("Storm", &people).await;
    let devices = join_all(group.people.iter().map(Person::device)).await;
    (group, devices)
}

async fn wait_for_messages(device: &Device, room: RoomId, count: usize) {
    eventually("enough messages are under way", async || {
        (device.events(room).len() > count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn kill_in_the_middle_of_sends_loses_nothing_acknowledged() {
    let mut node = Node::start().await;
    let (group, devices) = crowd(&node).await;
    let room = group.id();

    let sending = join_all(
        devices
            .iter()
            .map(|device| send_until_the_end(device, room)),
    );
    let killing = async {
        wait_for_messages(&devices[0], room, 200).await;
        node.kill().await
    };
    let (accounts, _) = futures::join!(sending, killing);

    let node = node.restart().await;
    let mut acknowledged = Vec::new();
    for (account, person) in accounts.into_iter().zip(&group.people) {
        acknowledged.extend(settle(&person.at(&node), account).await);
    }
    assert!(acknowledged.len() > 200);
    let reader = group.owner().at(&node);
    assert_log_is(&reader, room, &acknowledged).await;
    let back = Device::resume(&reader.api, reader.token(), &devices[0]).await;
    back.wait_resumed().await;
    devices[0].assert_sound();
    back.assert_sound();
}

#[tokio::test]
async fn sigterm_under_load_drains_and_loses_nothing_acknowledged() {
    let mut node = Node::start().await;
    let (group, devices) = crowd(&node).await;
    let room = group.id();

    let sending = join_all(
        devices
            .iter()
            .map(|device| send_until_the_end(device, room)),
    );
    let stopping = async {
        wait_for_messages(&devices[0], room, 100).await;
        node.stop().await
    };
    let (accounts, status) = futures::join!(sending, stopping);

    assert_eq!(status.code(), Some(0));
    for device in &devices {
        let drained = device
            .frames()
            .iter()
            .any(|frame| matches!(frame, ServerFrame::Drain(_)));
        assert!(drained, "every socket is told");
        assert_eq!(
            device.wait_closed(Duration::from_secs(1)).await.code,
            Some(1001)
        );
    }
    let node = node.restart().await;
    let mut acknowledged = Vec::new();
    for (account, person) in accounts.into_iter().zip(&group.people) {
        acknowledged.extend(settle(&person.at(&node), account).await);
    }
    assert_log_is(&group.owner().at(&node), room, &acknowledged).await;
}

#[tokio::test]
async fn the_embedded_database_comes_back_by_itself() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Steady", &people).await.id();
    let [ann, bob] = people;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    post(&ann, room, "before").await;

    node.kill_postgres();

    let retried = MessagePost {
        client_id: "through the fault".to_owned(),
        text: "after".to_owned(),
        reply_to: None,
    };
    let sent = eventually_within(
        Duration::from_secs(30),
        "a send succeeds again",
        async || match anns.link.send(room, &retried).await {
            Ok(sent) => Some(sent),
            Err(error) => {
                assert!(
                    ["unavailable", "timeout"].contains(&error.code().unwrap_or("closed")),
                    "{error}"
                );
                assert!(error.is_retryable());
                None
            }
        },
    )
    .await;
    assert_eq!(sent.message.seq, 3);
    bobs.wait_event(room, 3).await;
    anns.assert_sound();
    bobs.assert_sound();
}

#[tokio::test]
async fn without_its_database_a_node_says_so_and_heals_when_it_is_back() {
    let mut postgres = Postgres::start().await;
    let node = Node::start_with(Settings::default().with_postgres(&postgres.url())).await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Steady", &people).await.id();
    let [ann, bob] = people;
    let (anns, bobs) = (ann.device().await, bob.device().await);

    postgres.kill();

    let post_again = MessagePost {
        client_id: "through the fault".to_owned(),
        text: "after".to_owned(),
        reply_to: None,
    };
    for path in [
        "/api/v1/users/me",
        "/api/v1/chat/rooms/",
        "/api/v1/friends/",
        "/readyz",
    ] {
        let answer = ann
            .api
            .request(reqwest::Method::GET, path)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 503, "{path}");
        if path.starts_with("/api") {
            assert!(answer.headers().contains_key("retry-after"), "{path}");
            let problem: serde_json::Value = answer.json().await.unwrap();
            assert_eq!(
                (&problem["code"], &problem["retryable"]),
                (&"unavailable".into(), &true.into()),
                "{path}"
            );
        }
    }
    let alive = ann
        .api
        .request(reqwest::Method::GET, "/healthz")
        .send()
        .await
        .unwrap();
    assert_eq!(alive.status(), 200);
    let refused = ann.api.post_message(room, &post_again).await.unwrap_err();
    assert!(matches!(refused.status(), Some(503 | 504)), "{refused}");
    let refused = anns.link.send(room, &post_again).await.unwrap_err();
    assert!(
        matches!(refused.code(), Some("unavailable" | "timeout")) && refused.is_retryable(),
        "{refused}"
    );

    postgres.resume().await;

    eventually_within(
        Duration::from_secs(20),
        "the node is ready again",
        async || {
            let ready = ann
                .api
                .request(reqwest::Method::GET, "/readyz")
                .send()
                .await
                .unwrap();
            (ready.status() == 200).then_some(())
        },
    )
    .await;
    let sent = eventually("a send succeeds", async || {
        ann.api.post_message(room, &post_again).await.ok()
    })
    .await;
    assert_eq!(sent.message.seq, 2);
    bobs.wait_event(room, 2).await;
    bobs.assert_sound();
}

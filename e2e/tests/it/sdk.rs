//! The SDK's device as bots run it, against real processes that die: what it says arrives once, what is said to it comes once
//! and in order, also when it dies itself.

use kith_e2e::{Node, Person, Settings, background, befriend, direct_room, eventually, within};
use kith_sdk::{
    client::{Client, End, Update, Updates},
    model::RoomId,
    rest::Api,
    store::{FileStore, MemoryStore, Store},
};

/// Texts of the room's messages, as a device is told of them; the first `count`.
async fn texts(updates: &mut Updates, room: RoomId, count: usize) -> Vec<String> {
    let hearing = async {
        let mut texts = Vec::new();
        while texts.len() < count {
            let update = updates.next().await.unwrap();
            if let Update::Event(event) = update
                && let Some(message) = event.message().filter(|said| said.room_id == room)
            {
                texts.extend(message.text);
            }
        }
        texts
    };
    within(kith_e2e::DEADLINE * 2, "everything is heard", hearing).await
}

async fn sign_in(node: &Node, person: &Person, store: impl Store) -> (Client, Updates) {
    let started = Client::sign_in(&[node.api()], &person.session, store).await;
    let (client, updates) = started.unwrap();
    client.live().await.unwrap();
    (client, updates)
}

/// A node whose address outlives it.
fn steady() -> Settings {
    let address = format!("127.0.0.1:{}", kith_e2e::free_port());
    Settings::default().listening_on(&address)
}

#[tokio::test]
async fn a_device_goes_and_its_server_dies_and_nothing_is_lost_or_said_twice() {
    let mut node = Node::start_with(steady()).await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let file = node.settings().data().join("ann.json");
    let (talking, _) = sign_in(&node, &ann, FileStore::new(&file)).await;
    let (_listening, mut heard) = sign_in(&node, &bob, MemoryStore::default()).await;

    for number in 0..10 {
        talking.say(room, format!("before {number}")).await.unwrap();
    }
    node.kill().await;
    for number in 0..10 {
        talking
            .say(room, format!("while it is dead {number}"))
            .await
            .unwrap();
    }
    // The device goes too: nothing of it is left but its file.
    talking.stop().await;
    let node = node.restart().await;
    let (talking, _updates) = Client::restore(&[node.api()], FileStore::new(&file))
        .await
        .unwrap();
    talking.say(room, "after").await.unwrap();

    let expected: Vec<String> = (0..10)
        .map(|number| format!("before {number}"))
        .chain((0..10).map(|number| format!("while it is dead {number}")))
        .chain(["after".to_owned()])
        .collect();
    assert_eq!(texts(&mut heard, room, 21).await, expected);
    let api = bob.at(&node).api;
    let stored = api.messages(room, kith_sdk::rest::Window::Newest, None);
    assert_eq!(stored.await.unwrap().items.len(), 21);
}

#[tokio::test]
async fn a_device_that_was_off_hears_what_it_missed_once() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let store = MemoryStore::default();
    let (device, mut heard) = sign_in(&node, &bob, store.clone()).await;
    kith_e2e::post(&ann, room, "one").await;
    assert_eq!(texts(&mut heard, room, 1).await, ["one"]);
    device.stop().await;

    kith_e2e::post(&ann, room, "two").await;
    let (_device, mut heard) = Client::restore(&[node.api()], store).await.unwrap();
    kith_e2e::post(&ann, room, "three").await;

    assert_eq!(texts(&mut heard, room, 2).await, ["two", "three"]);
}

#[tokio::test]
async fn a_room_that_one_is_added_to_is_followed_from_its_first_event() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let (_device, mut heard) = sign_in(&node, &bob, MemoryStore::default()).await;

    let room = kith_e2e::group("a group", &[ann.clone(), bob]).await.id();
    kith_e2e::post(&ann, room, "welcome").await;

    assert_eq!(texts(&mut heard, room, 1).await, ["welcome"]);
}

#[tokio::test]
async fn a_token_is_replaced_before_it_ends_and_after() {
    let settings = Settings::default().with("KITH__ACCOUNTS__ACCESS_TOKEN_LIFETIME", "4s");
    let node = Node::start_with(settings).await;
    let ann = Person::sign_up(&node, "ann").await;
    let store = MemoryStore::default();
    let (device, mut updates) = sign_in(&node, &ann, store.clone()).await;
    background(async move { while updates.next().await.is_some() {} });
    let first = store.stored().login.unwrap();

    let second = eventually("the token is replaced", async || {
        store
            .stored()
            .login
            .filter(|login| login.access_token != first.access_token)
    })
    .await;

    assert_ne!(second.refresh_token, first.refresh_token);
    device.stop().await;
    // Longer than it lives.
    expire(&node.api().with_token(&second.access_token)).await;
    let (device, _updates) = Client::restore(&[node.api()], store).await.unwrap();
    device.live().await.unwrap();
    device.api().me().await.unwrap();
}

async fn expire(api: &Api) {
    eventually("the token has expired", async || {
        (api.me().await.err()?.code() == Some("token_expired")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ends_elsewhere_ends_the_device() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let (device, _updates) = sign_in(&node, &ann, MemoryStore::default()).await;

    ann.api.logout().await.unwrap();

    let End::Closed(closed) = device.ended().await else {
        panic!("{:?}", device.ended().await);
    };
    assert_eq!(closed.code, Some(4502));
}

//! Who is here, across nodes and deaths; and what blocks and invisibility hide.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use kith_e2e::{
    Device, Node, Person, Postgres, Redis, Settings, befriend, direct_room, eventually_within,
    free_port, group, post, within,
};
use kith_sdk::{
    model::{Presence, RoomId, ServerFrame, UserId},
    rest::Paging,
};

const AT_ONCE: Duration = Duration::from_secs(1);
/// The lease of these tests, and what the others need to notice its end.
const LEASE: &str = "3s";
const LEASE_ENDS: Duration = Duration::from_secs(8);

fn cluster(postgres: &Postgres, redis: &Redis) -> Settings {
    quick()
        .with_postgres(&postgres.url())
        .with_redis(&redis.url())
}

fn quick() -> Settings {
    Settings::default()
        .with("KITH__PRESENCE__LEASE", LEASE)
        .with("KITH__PRESENCE__SWEEP", "200ms")
        .with("KITH__PRESENCE__COALESCE", "300ms")
}

/// The time of this machine, on which the nodes run too.
#[expect(
    clippy::disallowed_methods,
    reason = "test support: compared with what the nodes say"
)]
fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// The presence frames of somebody so far.
fn shown(frames: &[ServerFrame], user: UserId) -> Vec<Presence> {
    frames
        .iter()
        .filter_map(|frame| match frame {
            ServerFrame::Presence(presence) if presence.user_id == Some(user) => {
                Some(presence.clone())
            }
            _ => None,
        })
        .collect()
}

/// Waits until the newest presence frame of somebody shows this status.
async fn wait_status(device: &Device, user: UserId, status: &str) -> Presence {
    device
        .wait(&format!("{status} of {user}"), |frames| {
            shown(frames, user)
                .pop()
                .filter(|presence| presence.status == status)
        })
        .await
}

/// What one looks like to another, asked anew until it is this.
async fn watched(device: &Device, user: UserId, status: &str) -> Presence {
    eventually_within(LEASE_ENDS, "a watch shows the status", async || {
        let presences = device.link.watch(&[user]).await.unwrap();
        presences
            .into_iter()
            .next()
            .filter(|presence| presence.status == status)
    })
    .await
}

fn types(frames: &[ServerFrame], room: RoomId, user: UserId) -> Vec<bool> {
    frames
        .iter()
        .filter_map(|frame| match frame {
            ServerFrame::Typing(typing) if typing.room_id == room && typing.user_id == user => {
                Some(typing.active)
            }
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn two_nodes_show_each_other_who_is_here_until_one_of_them_dies() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let here = Node::start_with(cluster(&postgres, &redis)).await;
    let mut there = Node::start_with(cluster(&postgres, &redis)).await;
    let ann = Person::sign_up(&here, "ann").await;
    let bob = Person::sign_up(&there, "bob").await;
    befriend(&ann, &bob).await;
    let anns = ann.device().await;
    watched(&anns, bob.id(), "offline").await;

    let bobs = bob.device().await;
    within(AT_ONCE, "bob comes", wait_status(&anns, bob.id(), "online")).await;
    bobs.link.status("away").await.unwrap();
    within(AT_ONCE, "bob is away", wait_status(&anns, bob.id(), "away")).await;
    let before = now();
    there.kill().await;

    let gone = within(
        LEASE_ENDS,
        "bob's lease ends",
        wait_status(&anns, bob.id(), "offline"),
    )
    .await;
    let seen = gone.last_seen_at.expect("friends see when");
    assert!(
        (seen - before).abs() < TimeDelta::seconds(3),
        "{seen} is about when the node died, {before}"
    );
    let listed = ann.api.friends(None, &Paging::default()).await.unwrap();
    let listed = listed.items[0].presence.clone().expect("presence answers");
    assert_eq!(
        (listed.status.as_str(), listed.last_seen_at),
        ("offline", Some(seen))
    );
    anns.assert_sound();
}

#[tokio::test]
async fn presence_works_on_a_process_of_its_own_and_outlives_a_gateway() {
    let postgres = Postgres::start().await;
    let [others, presence] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let role = |role: &str| {
        // The lease of these nodes is the default.
        let mut settings = Settings::default()
            .with_postgres(&postgres.url())
            .with("KITH__NODE__ROLES", role)
            .with("KITH__UPSTREAM__PRESENCE", &format!("http://{presence}"));
        for service in ["ACCOUNTS", "FRIENDS", "CHAT"] {
            let variable = format!("KITH__UPSTREAM__{service}");
            settings = settings.with(&variable, &format!("http://{others}"));
        }
        settings
    };
    let internal =
        |settings: Settings, at: &str| settings.with("KITH__SERVER__INTERNAL_LISTEN", at);
    let _presence = Node::start_with(internal(role("presence"), &presence)).await;
    let here = role("accounts,friends,chat,gateway");
    let here = Node::start_with(internal(here, &others)).await;
    let mut there = Node::start_with(role("gateway")).await;
    let ann = Person::sign_up(&here, "ann").await;
    let bob = Person::sign_up(&there, "bob").await;
    let anns = ann.device().await;
    watched(&anns, bob.id(), "offline").await;
    let bobs = bob.device().await;

    befriend(&ann, &bob).await;
    within(
        AT_ONCE,
        "now she may see him",
        wait_status(&anns, bob.id(), "online"),
    )
    .await;
    bobs.link.status("away").await.unwrap();
    within(AT_ONCE, "he is away", wait_status(&anns, bob.id(), "away")).await;
    let before = now();
    there.kill().await;

    // The lease, and the look for it that comes every second.
    let ends = Duration::from_secs(17);
    let gone = eventually_within(ends, "his lease ends", async || {
        shown(&anns.frames(), bob.id())
            .pop()
            .filter(|presence| presence.status == "offline")
    })
    .await;
    let seen = gone.last_seen_at.expect("friends see when");
    // The gateway says every 5 s that it lives; what is known is its last word.
    assert!(
        seen <= before + TimeDelta::seconds(1) && seen > before - TimeDelta::seconds(7),
        "{seen} {before}"
    );
    anns.assert_sound();
}

#[tokio::test]
async fn a_restarted_node_knows_when_its_people_were_here() {
    let mut node = Node::start_with(quick()).await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let (anns, _bobs) = (ann.device().await, bob.device().await);
    watched(&anns, bob.id(), "online").await;
    let before = now();
    node.kill().await;

    let node = node.restart().await;

    let device = ann.at(&node).device().await;
    let seen = watched(&device, bob.id(), "offline").await;
    let seen = seen.last_seen_at.expect("kept through the death");
    assert!(
        (seen - before).abs() < TimeDelta::seconds(3),
        "{seen} {before}"
    );
}

#[tokio::test]
async fn a_block_ends_presence_and_typing_within_a_second() {
    let node = Node::start_with(quick()).await;
    let [ann, bob, cat] = Person::sign_up_all(&node, ["ann", "bob", "cat"]).await;
    befriend(&ann, &bob).await;
    befriend(&ann, &cat).await;
    befriend(&bob, &cat).await;
    let room = group("All", &[ann.clone(), bob.clone(), cat.clone()])
        .await
        .id();
    let (anns, bobs, cats) = (ann.device().await, bob.device().await, cat.device().await);
    watched(&anns, bob.id(), "online").await;
    watched(&bobs, ann.id(), "online").await;
    bobs.link.typing(room, true).unwrap();
    anns.wait("bob writes", |frames| {
        (types(frames, room, bob.id()) == [true]).then_some(())
    })
    .await;

    ann.api.block(bob.id()).await.unwrap();

    let hidden = within(
        AT_ONCE,
        "ann does not see bob",
        wait_status(&anns, bob.id(), "offline"),
    )
    .await;
    assert_eq!(hidden.last_seen_at, None);
    within(
        AT_ONCE,
        "bob does not see ann",
        wait_status(&bobs, ann.id(), "offline"),
    )
    .await;
    // The message makes room for another beginning, which cat sees and ann does not.
    post(&bob, room, "hello").await;
    cats.wait("bob has written", |frames| {
        types(frames, room, bob.id())
            .ends_with(&[false])
            .then_some(())
    })
    .await;
    cats.link.typing(room, true).unwrap();
    anns.wait("cat writes", |frames| {
        types(frames, room, cat.id()).contains(&true).then_some(())
    })
    .await;
    let bob_again = bob.device().await;
    bob_again.link.typing(room, true).unwrap();
    cats.wait("bob writes again", |frames| {
        types(frames, room, bob.id())
            .ends_with(&[true])
            .then_some(())
    })
    .await;
    let so_far = types(&anns.frames(), room, bob.id());
    assert!(
        so_far.iter().filter(|active| **active).count() == 1,
        "{so_far:?}"
    );
    let stranger = Person::sign_up(&node, "eve").await;
    assert_eq!(
        look(&bobs, ann.id()).await,
        look(&bobs, stranger.id()).await,
        "a block looks like a stranger"
    );
}

/// Everything but who it is.
async fn look(device: &Device, user: UserId) -> (String, bool, bool) {
    let presence = device.link.watch(&[user]).await.unwrap().remove(0);
    (
        presence.status,
        presence.last_seen_at.is_some(),
        presence.custom.is_null(),
    )
}

#[tokio::test]
async fn who_is_invisible_looks_as_if_they_had_left() {
    let node = Node::start_with(quick()).await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    watched(&anns, bob.id(), "online").await;

    bobs.link.status("invisible").await.unwrap();

    let hidden = within(
        AT_ONCE,
        "bob hides",
        wait_status(&anns, bob.id(), "offline"),
    )
    .await;
    assert!(hidden.last_seen_at.is_some());
    bobs.send(room, "still able to write").await.unwrap();
    let second = bob.device().await;
    let again = watched(&anns, bob.id(), "offline").await;
    assert_eq!(again.last_seen_at, hidden.last_seen_at);
    second.link.status("online").await.unwrap();
    within(
        AT_ONCE,
        "bob is back",
        wait_status(&anns, bob.id(), "online"),
    )
    .await;
}

#[tokio::test]
async fn without_redis_people_of_the_same_node_see_each_other() {
    let (postgres, mut redis) = (Postgres::start().await, Redis::start().await);
    let here = Node::start_with(cluster(&postgres, &redis)).await;
    let [ann, bob] = Person::sign_up_all(&here, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let anns = ann.device().await;
    watched(&anns, bob.id(), "offline").await;
    redis.kill();

    let bobs = bob.device().await;
    wait_status(&anns, bob.id(), "online").await;
    redis.resume().await;
    bobs.disconnect().await;
    within(
        LEASE_ENDS,
        "bob is known to have left when redis is back",
        wait_status(&anns, bob.id(), "offline"),
    )
    .await;
}

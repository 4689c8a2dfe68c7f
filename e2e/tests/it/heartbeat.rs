//! What an idle device hears: `heads`, at the pace that `ready` has told it.

use std::time::Duration;

use kith_e2e::{Device, Node, Person, Settings, befriend, direct_room, post, within};
use kith_sdk::model::{Heads, ServerFrame};

/// Two heartbeats of this test's node, and some patience with the machine.
const SOON: Duration = Duration::from_secs(10);

/// Every `heads` so far.
fn heads(frames: &[ServerFrame]) -> Vec<Heads> {
    let heads = |frame: &ServerFrame| match frame {
        ServerFrame::Heads(heads) => Some(heads.clone()),
        _ => None,
    };
    frames.iter().filter_map(heads).collect()
}

/// Waits for the first `heads` after the first `count` that is as wished.
async fn wait_heads(device: &Device, count: usize, wished: impl Fn(&Heads) -> bool) -> Heads {
    let find = |frames: &[ServerFrame]| heads(frames).into_iter().skip(count).find(&wished);
    within(SOON, "heads", device.wait("heads", find)).await
}

#[tokio::test]
async fn every_heartbeat_names_the_rooms_that_moved_since_the_last_one_or_none() {
    let often = Settings::default().with("KITH__GATEWAY__HEARTBEAT", "1s");
    let node = Node::start_with(often).await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let device = bob.device().await;
    assert_eq!(device.ready.heartbeat_ms, 1_000);

    let quiet = wait_heads(&device, 0, |_| true).await;
    assert!(quiet.rooms.is_empty(), "nothing moved: {quiet:?}");
    assert_eq!(quiet.useq, device.cursors().useq);

    let before = heads(&device.frames()).len();
    let last = post(&ann, room, "news").await.seq;
    let moved = wait_heads(&device, before, |heads| !heads.rooms.is_empty()).await;
    assert_eq!(moved.rooms, [(room, last)].into());
    let told = heads(&device.frames()).len();
    let quiet_again = wait_heads(&device, told, |_| true).await;
    assert!(quiet_again.rooms.is_empty(), "told once: {quiet_again:?}");

    ann.api.unfriend(bob.id()).await.unwrap();
    let useq = device.wait_user("friend.removed").await.useq;
    wait_heads(&device, told, |heads| heads.useq == useq).await;
    device.assert_sound();
}

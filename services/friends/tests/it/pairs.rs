//! What chat knows of two people, and when.

use kith_api::friends::v1::{self as wire, Audience};
use kith_error::Reason;
use kith_ids::UserId;

use crate::world::World;

/// Whether `one` may write to `other`, as chat was told.
fn may_write(pair: &wire::Pair, one: UserId, other: UserId) -> bool {
    if one < other {
        pair.lo_may_message_hi
    } else {
        pair.hi_may_message_lo
    }
}

fn messages(audience: Audience) -> wire::UpdatePrivacySettingsRequest {
    wire::UpdatePrivacySettingsRequest {
        direct_messages: Some(audience.into()),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_pair_is_known_from_the_first_question_on() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);

    let first = world.pair(bert, anna).await.unwrap();
    let again = world.pair(anna, bert).await.unwrap();

    assert_eq!(first, again);
    assert_eq!(first.version, 1);
    assert!(first.user_lo_id < first.user_hi_id);
    assert!(!first.lo_may_message_hi && !first.hi_may_message_lo && !first.blocked);
    assert_eq!(world.pair(anna, anna).await, Err(Reason::CannotTargetSelf));
    let nobody = world.nobody();
    assert_eq!(world.pair(anna, nobody).await, Err(Reason::NotFound));
}

#[tokio::test]
async fn chat_is_told_of_a_friendship_and_of_its_end_before_the_answer() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.pair(anna, bert).await.unwrap();

    world.befriend(anna, bert).await;
    let friends = world.chat.pair(anna, bert).unwrap();
    world.remove(bert, anna).await.unwrap();
    let strangers = world.chat.pair(anna, bert).unwrap();

    assert!(may_write(&friends, anna, bert) && may_write(&friends, bert, anna));
    assert!(!may_write(&strangers, anna, bert) && !may_write(&strangers, bert, anna));
    assert!(strangers.version > friends.version);
}

#[tokio::test]
async fn chat_is_not_bothered_with_pairs_it_never_asked_about() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);

    world.befriend(anna, bert).await;
    world.remove(anna, bert).await.unwrap();

    assert_eq!(world.chat.pair_calls(), 0);
}

#[tokio::test]
async fn a_change_of_who_may_write_reaches_every_known_pair_before_the_answer() {
    let world = World::new().await;
    let me = world.user("Me");
    let mut others = Vec::new();
    // More than one batch.
    for index in 0..120 {
        let other = world.user(&format!("o{index}"));
        world.pair(me, other).await.unwrap();
        others.push(other);
    }
    world.befriend(me, others[0]).await;

    world
        .set_privacy(me, messages(Audience::Everyone))
        .await
        .unwrap();

    for other in &others {
        let pair = world.chat.pair(me, *other).unwrap();
        assert!(may_write(&pair, *other, me));
        assert_eq!(may_write(&pair, me, *other), *other == others[0]);
    }
    world
        .set_privacy(me, messages(Audience::Nobody))
        .await
        .unwrap();
    for other in &others {
        assert!(!may_write(
            &world.chat.pair(me, *other).unwrap(),
            *other,
            me
        ));
    }
}

#[tokio::test]
async fn a_setting_that_changes_no_flag_tells_chat_nothing() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.pair(anna, bert).await.unwrap();
    world.befriend(anna, bert).await;
    let before = world.chat.pair_calls();

    world
        .set_privacy(anna, messages(Audience::Friends))
        .await
        .unwrap();
    world
        .set_privacy(anna, messages(Audience::Everyone))
        .await
        .unwrap();

    assert_eq!(world.chat.pair_calls(), before);
}

#[tokio::test]
async fn nobody_can_write_to_a_deleted_person() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.pair(anna, bert).await.unwrap();
    world.befriend(anna, bert).await;
    world.accounts.delete(bert);

    world.apply(bert).await;
    world.all_delivered().await;

    let pair = world.chat.pair(anna, bert).unwrap();
    assert!(!pair.lo_may_message_hi && !pair.hi_may_message_lo);
}

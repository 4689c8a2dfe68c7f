//! Who sees whose presence.

use kith_api::friends::v1::{self as wire, Audience};
use kith_error::Reason;
use kith_ids::UserId;

use crate::world::{World, reason};

/// (presence, last seen) of one look.
async fn sees(world: &World, viewer: UserId, user: UserId) -> (bool, bool) {
    let request = wire::FilterVisibleRequest {
        gazes: vec![wire::Gaze {
            viewer_id: viewer.into(),
            user_ids: vec![user.into()],
        }],
    };
    let answer = world.node_client().filter_visible(request).await.unwrap();
    answer
        .into_inner()
        .sights
        .first()
        .map_or((false, false), |sight| (sight.presence, sight.last_seen))
}

#[tokio::test]
async fn friends_see_each_other_and_strangers_do_not() {
    let world = World::new().await;
    let [anna, ben, cleo] = world.users(["Anna", "Ben", "Cleo"]);
    for user in [anna, ben, cleo] {
        world.apply(user).await;
    }
    world.befriend(anna, ben).await;

    assert_eq!(sees(&world, ben, anna).await, (true, true));
    assert_eq!(sees(&world, cleo, anna).await, (false, false));
    assert_eq!(sees(&world, anna, world.nobody()).await, (false, false));
    assert_eq!(sees(&world, anna, anna).await, (true, true));
}

#[tokio::test]
async fn the_two_settings_are_judged_each_by_itself() {
    let world = World::new().await;
    let [anna, ben, cleo] = world.users(["Anna", "Ben", "Cleo"]);
    for user in [anna, ben, cleo] {
        world.apply(user).await;
    }
    world.befriend(anna, ben).await;
    let change = wire::UpdatePrivacySettingsRequest {
        presence: Some(Audience::Everyone.into()),
        last_seen: Some(Audience::Nobody.into()),
        ..Default::default()
    };
    world.set_privacy(anna, change).await.unwrap();

    assert_eq!(sees(&world, ben, anna).await, (true, false));
    assert_eq!(sees(&world, cleo, anna).await, (true, false));
    assert_eq!(sees(&world, anna, anna).await, (true, true));
}

#[tokio::test]
async fn a_block_hides_both_from_each_other_whoever_blocked() {
    let world = World::new().await;
    let [anna, ben] = world.users(["Anna", "Ben"]);
    for user in [anna, ben] {
        world.apply(user).await;
        let change = wire::UpdatePrivacySettingsRequest {
            presence: Some(Audience::Everyone.into()),
            last_seen: Some(Audience::Everyone.into()),
            ..Default::default()
        };
        world.set_privacy(user, change).await.unwrap();
    }
    assert_eq!(sees(&world, anna, ben).await, (true, true));

    world.block(anna, ben).await.unwrap();

    assert_eq!(sees(&world, anna, ben).await, (false, false));
    assert_eq!(sees(&world, ben, anna).await, (false, false));
}

#[tokio::test]
async fn only_a_sibling_may_ask_and_not_for_too_many() {
    let world = World::new().await;
    let anna = world.user("Anna");
    let of = |count: usize| wire::FilterVisibleRequest {
        gazes: vec![wire::Gaze {
            viewer_id: anna.into(),
            user_ids: vec![anna.into(); count],
        }],
    };

    let as_user = world.client(anna).filter_visible(of(1)).await;
    let too_many = world.node_client().filter_visible(of(1001)).await;

    assert_eq!(reason(as_user.unwrap_err()), Reason::Forbidden);
    assert_eq!(reason(too_many.unwrap_err()), Reason::InvalidField);
}

#[tokio::test]
async fn presence_knows_before_the_answer_that_who_sees_whom_has_changed() {
    let world = World::new().await;
    let [anna, ben] = world.users(["Anna", "Ben"]);

    world.befriend(anna, ben).await;
    assert!(world.presence.knows_pair(anna, ben));
    world.presence.forget();
    world.block(ben, anna).await.unwrap();
    assert!(world.presence.knows_pair(anna, ben));
    world.presence.forget();
    world.unblock(ben, anna).await.unwrap();
    assert!(world.presence.knows_pair(anna, ben));

    let unrelated = wire::UpdatePrivacySettingsRequest {
        searchable: Some(Audience::Nobody.into()),
        ..Default::default()
    };
    world.set_privacy(anna, unrelated).await.unwrap();
    assert!(!world.presence.knows_user(anna));
    let hidden = wire::UpdatePrivacySettingsRequest {
        last_seen: Some(Audience::Nobody.into()),
        ..Default::default()
    };
    world.set_privacy(anna, hidden).await.unwrap();
    assert!(world.presence.knows_user(anna));
}

#[tokio::test]
async fn a_presence_that_was_away_is_told_later_and_nobody_waits_for_it() {
    let world = World::new().await;
    let [anna, ben] = world.users(["Anna", "Ben"]);
    world.presence.set_down(true);

    world.block(anna, ben).await.unwrap();
    assert!(!world.presence.knows_pair(anna, ben));
    world.presence.set_down(false);

    world.all_delivered().await;
    assert!(world.presence.knows_pair(anna, ben));
}

#[tokio::test]
async fn presence_forgets_who_is_deleted() {
    let world = World::new().await;
    let anna = world.user("Anna");
    world.apply(anna).await;

    world.accounts.delete(anna);
    world.apply(anna).await;

    world.all_delivered().await;
    assert!(world.presence.knows_deleted(anna));
}

//! Privacy settings, and the question "may A … B?".

use kith_api::{
    chat::v1::user_event_body::Body,
    friends::v1::{self as wire, Audience, Permission},
};
use kith_error::Reason;

use crate::world::World;

#[tokio::test]
async fn settings_start_with_the_defaults_and_keep_what_is_not_named() {
    let world = World::new().await;
    let anna = world.user("Anna");
    let request = wire::GetPrivacySettingsRequest {};
    let before = world
        .client(anna)
        .get_privacy_settings(request)
        .await
        .unwrap();
    let defaults = wire::PrivacySettings {
        searchable: Audience::Everyone.into(),
        friend_requests: Audience::Everyone.into(),
        direct_messages: Audience::Friends.into(),
        group_adds: Audience::Friends.into(),
        presence: Audience::Friends.into(),
        last_seen: Audience::Friends.into(),
        read_receipts: true,
    };
    assert_eq!(before.into_inner().settings, Some(defaults));

    let change = wire::UpdatePrivacySettingsRequest {
        searchable: Some(Audience::Nobody.into()),
        last_seen: Some(Audience::Nobody.into()),
        ..Default::default()
    };
    let after = world.set_privacy(anna, change).await.unwrap();

    let expected = wire::PrivacySettings {
        searchable: Audience::Nobody.into(),
        last_seen: Audience::Nobody.into(),
        ..defaults
    };
    assert_eq!(after, expected);
    let kept = world
        .client(anna)
        .get_privacy_settings(request)
        .await
        .unwrap();
    assert_eq!(kept.into_inner().settings, Some(expected));
    world.delivered().await;
    let events = world.chat.events(anna);
    assert!(matches!(&events[..], [(_, Body::PrivacyUpdated(seen))] if *seen == expected));
}

#[tokio::test]
async fn the_same_settings_again_are_no_event() {
    let world = World::new().await;
    let anna = world.user("Anna");
    let change = wire::UpdatePrivacySettingsRequest {
        presence: Some(Audience::Everyone.into()),
        ..Default::default()
    };

    world.set_privacy(anna, change).await.unwrap();
    world.set_privacy(anna, change).await.unwrap();

    assert_eq!(world.events(anna).await, ["privacy.updated"]);
}

#[tokio::test]
async fn read_receipts_hold_in_chat_before_the_answer() {
    let world = World::new().await;
    let anna = world.user("Anna");
    let shown = |shown| wire::UpdatePrivacySettingsRequest {
        read_receipts: Some(shown),
        ..Default::default()
    };

    world.set_privacy(anna, shown(false)).await.unwrap();
    let first = world.chat.receipts(anna).unwrap();
    world.set_privacy(anna, shown(true)).await.unwrap();
    let second = world.chat.receipts(anna).unwrap();

    assert!(!first.0 && second.0 && second.1 > first.1);
}

#[tokio::test]
async fn circles_that_a_setting_does_not_have_are_named_all_at_once() {
    let world = World::new().await;
    let anna = world.user("Anna");
    let change = wire::UpdatePrivacySettingsRequest {
        friend_requests: Some(Audience::Friends.into()),
        direct_messages: Some(Audience::FriendsOfFriends.into()),
        group_adds: Some(Audience::Unspecified.into()),
        presence: Some(77),
        ..Default::default()
    };

    let status = world
        .client(anna)
        .update_privacy_settings(change)
        .await
        .unwrap_err();

    let failure = kith_error::Failure::from(&status);
    assert_eq!(failure.reason, Reason::InvalidField);
    let fields: Vec<&str> = failure
        .violations
        .iter()
        .map(|bad| bad.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "friend_requests",
            "direct_messages",
            "group_adds",
            "presence"
        ]
    );
}

#[tokio::test]
async fn permissions_follow_settings_friendship_and_blocks() {
    let world = World::new().await;
    let [actor, friend, mutual, stranger, blocked, barring, open] = world.users([
        "Actor", "Friend", "Mutual", "Stranger", "Blocked", "Barring", "Open",
    ]);
    world.befriend(actor, friend).await;
    world.befriend(mutual, friend).await;
    for user in [mutual, stranger] {
        let circle = wire::UpdatePrivacySettingsRequest {
            friend_requests: Some(Audience::FriendsOfFriends.into()),
            ..Default::default()
        };
        world.set_privacy(user, circle).await.unwrap();
    }
    for user in [open, blocked, barring] {
        let everyone = Some(Audience::Everyone.into());
        let change = wire::UpdatePrivacySettingsRequest {
            direct_messages: everyone,
            group_adds: everyone,
            presence: everyone,
            last_seen: everyone,
            ..Default::default()
        };
        world.set_privacy(user, change).await.unwrap();
    }
    world.block(actor, blocked).await.unwrap();
    world.block(barring, actor).await.unwrap();
    let unknown = world.nobody();
    let targets = [
        actor, friend, mutual, stranger, blocked, barring, open, unknown, friend,
    ];
    let friends_and_open = vec![friend, open];
    let cases = [
        (Permission::Message, friends_and_open.clone()),
        (Permission::AddToGroup, friends_and_open),
        (Permission::SeePresence, vec![actor, friend, open]),
        (Permission::SeeLastSeen, vec![actor, friend, open]),
        (Permission::Request, vec![friend, mutual, open]),
    ];

    for (permission, mut expected) in cases {
        expected.sort_unstable();
        assert_eq!(
            world.allowed(actor, &targets, permission).await,
            expected,
            "{permission:?}"
        );
    }
}

//! People: what is shown of them, and what accounts says happened to them.

use kith_api::{chat::v1::user_event_body::Body, friends::v1 as wire};
use kith_error::Reason;
use wire::{Relation, RequestDirection};

use crate::world::World;

#[tokio::test]
async fn a_person_sees_more_of_themselves_than_of_others() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);

    let me = world.see(anna, anna).await.unwrap();
    let other = world.see(anna, bert).await.unwrap();

    assert_eq!(me.relation(), Relation::Self_);
    assert_eq!(me.locale.as_deref(), Some("de"));
    assert_eq!(me.create_time.unwrap().seconds, 1_700_000_000);
    assert_eq!(other.relation(), Relation::None);
    assert_eq!((other.locale, other.create_time), (None, None));
    assert_eq!(other.display_name, "Bert");
}

#[tokio::test]
async fn whether_somebody_exists_is_accounts_word() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.see(anna, bert).await.unwrap();
    let nobody = world.nobody();
    assert_eq!(world.see(anna, nobody).await, Err(Reason::NotFound));

    world
        .accounts
        .change(bert, |user| "Berta".clone_into(&mut user.display_name));
    assert_eq!(world.see(anna, bert).await.unwrap().display_name, "Berta");
    world.accounts.delete(bert);
    assert_eq!(world.see(anna, bert).await, Err(Reason::NotFound));
    world.accounts.set_down(true);
    assert_eq!(world.see(anna, anna).await, Err(Reason::Unavailable));
}

#[tokio::test]
async fn a_changed_profile_reaches_the_persons_own_devices_once() {
    let world = World::new().await;
    let anna = world.user("Anna");
    world.apply(anna).await;
    world
        .accounts
        .change(anna, |user| "Änne".clone_into(&mut user.display_name));

    // Seen on demand first, then delivered, then delivered again.
    world.see(anna, anna).await.unwrap();
    world.apply(anna).await;
    world.apply(anna).await;

    assert_eq!(world.events(anna).await, ["profile.updated"]);
    let Body::ProfileUpdated(me) = &world.chat.events(anna)[0].1 else {
        panic!("not a profile");
    };
    assert_eq!(me.display_name, "Änne");
    assert_eq!(me.locale.as_deref(), Some("de"));
    assert!(me.create_time.is_some());
}

#[tokio::test]
async fn an_older_version_of_a_person_is_ignored() {
    let world = World::new().await;
    let anna = world.user("Anna");
    let old = world.accounts.get(anna);
    world
        .accounts
        .change(anna, |user| "New".clone_into(&mut user.display_name));
    world.apply(anna).await;

    let request = wire::ApplyUsersRequest { users: vec![old] };
    world.node_client().apply_users(request).await.unwrap();

    assert_eq!(world.see(anna, anna).await.unwrap().display_name, "New");
    assert!(world.events(anna).await.is_empty());
}

#[tokio::test]
async fn a_disabled_person_stays_visible_and_a_friend() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    world.befriend(anna, bert).await;
    world.accounts.change(bert, |user| user.disabled = true);

    world.apply(bert).await;

    assert_eq!(world.relation(anna, bert).await, Relation::Friends);
    assert_eq!(world.friend_names(anna).await, ["bert"]);
}

#[tokio::test]
async fn a_deleted_person_leaves_every_list_and_all_devices_hear_of_it() {
    let world = World::new().await;
    let [gone, friend, asked, wooer, barring, blocked] =
        world.users(["Gone", "Friend", "Asked", "Wooer", "Barring", "Blocked"]);
    world.befriend(gone, friend).await;
    world.send(gone, asked).await.unwrap();
    world.send(wooer, gone).await.unwrap();
    world.block(barring, gone).await.unwrap();
    world.block(gone, blocked).await.unwrap();
    world.accounts.delete(gone);

    world.apply(gone).await;
    world.apply(gone).await;

    assert!(world.friend_names(friend).await.is_empty());
    assert_eq!(world.see(friend, friend).await.unwrap().friends_count, 0);
    for user in [asked, wooer] {
        assert!(
            world
                .requests(user, RequestDirection::Unspecified)
                .await
                .is_empty()
        );
        assert_eq!(world.events(user).await.last(), Some(&"friend.cancelled"));
    }
    let request = wire::GetBlockedUsersRequest { page: None };
    let list = world
        .client(barring)
        .get_blocked_users(request)
        .await
        .unwrap();
    assert!(list.into_inner().blocked.is_empty());
    assert_eq!(world.events(friend).await.last(), Some(&"friend.removed"));
    assert_eq!(
        world.events(barring).await,
        ["block.added", "block.removed"]
    );
    assert!(world.events(blocked).await.is_empty());
    assert_eq!(
        world
            .allowed(friend, &[gone], wire::Permission::Request)
            .await,
        []
    );
    assert_eq!(world.send(friend, gone).await, Err(Reason::NotFound));
}

//! What siblings tell chat: events for people's own logs, changed profiles, and accounts that are gone.

use futures::future::join_all;
use kith_api::{
    accounts::v1::User,
    chat::v1::{
        AppendUserEventsRequest, ApplyUsersRequest, CreateDirectChatRoomRequest, Participant, Role,
        RoomEvent, RoomRemoved, SessionRevoked, SourcedUserEvent, UserEventBody, room_event::Body,
        user_event_body::Body as UserBody,
    },
};
use kith_error::Reason;
use kith_ids::UserId;

use crate::world::{World, refusal};

fn event(user: UserId, id: &str) -> SourcedUserEvent {
    SourcedUserEvent {
        user_id: user.to_string(),
        source_event_id: id.to_owned(),
        body: Some(UserEventBody {
            body: Some(UserBody::SessionRevoked(SessionRevoked {
                session_id: id.to_owned(),
            })),
        }),
    }
}

fn batch(source: &str, events: Vec<SourcedUserEvent>) -> AppendUserEventsRequest {
    AppendUserEventsRequest {
        source: source.to_owned(),
        events,
    }
}

/// The useqs of somebody's log, and which session each entry names.
async fn log(world: &World, user: UserId) -> Vec<(u64, String)> {
    let log = world.user_log(user).await;
    log.into_iter()
        .map(|event| match event.body.unwrap().body.unwrap() {
            UserBody::SessionRevoked(revoked) => (event.useq, revoked.session_id),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn an_event_is_written_once_by_its_source_and_id() {
    let world = World::new().await;
    let [a, b] = world.users();
    let first = batch(
        "accounts",
        vec![event(a, "1"), event(b, "1"), event(a, "2"), event(a, "1")],
    );

    world
        .ingest()
        .append_user_events(first.clone())
        .await
        .unwrap();
    world.ingest().append_user_events(first).await.unwrap();
    let other_source = batch("friends", vec![event(a, "1")]);
    world
        .ingest()
        .append_user_events(other_source)
        .await
        .unwrap();

    let expected = [(1, "1"), (2, "2"), (3, "1")].map(|(useq, id)| (useq, id.to_owned()));
    assert_eq!(log(&world, a).await, expected);
    assert_eq!(log(&world, b).await, [(1, "1".to_owned())]);
}

/// As an outbox does: on a busy machine some calls find the pool empty.
async fn repeat_until_done(world: &World, request: AppendUserEventsRequest) {
    while let Err(status) = world.ingest().append_user_events(request.clone()).await {
        assert_eq!(refusal::<()>(Err(status)), Reason::Unavailable);
    }
}

/// Deadlocks that Postgres had to break.
async fn deadlocks(world: &World) -> i64 {
    sqlx::query_scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        .fetch_one(&world.database.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_log_has_no_holes_however_many_write_into_it_at_once() {
    let world = World::new().await;
    let [a, b] = world.users();
    let calls = (0..24).map(|nth| {
        // Each event comes twice, and the two people in either order.
        let id = (nth / 2).to_string();
        let mut events = vec![event(a, &id), event(b, &id)];
        if nth % 2 == 1 {
            events.reverse();
        }
        repeat_until_done(&world, batch("friends", events))
    });

    join_all(calls).await;

    for user in [a, b] {
        let (useqs, mut ids): (Vec<u64>, Vec<String>) = log(&world, user).await.into_iter().unzip();
        ids.sort();
        ids.dedup();
        assert_eq!(useqs, (1..=12).collect::<Vec<_>>());
        assert_eq!(ids.len(), 12);
    }
    assert_eq!(deadlocks(&world).await, 0);
}

#[tokio::test]
async fn only_nodes_tell_chat_and_only_what_makes_sense() {
    let world = World::new().await;
    let [a] = world.users();
    let session_id = world.clock.new_id().into();
    let user = kith_auth::Caller::User {
        user_id: a,
        session_id,
    };
    let mut as_user = world.upstream().chat_ingest(&user);
    let no_body = SourcedUserEvent {
        body: None,
        ..event(a, "1")
    };
    let unnamed = event(a, "");
    let many = vec![event(a, "1"); 501];
    let chats_own = SourcedUserEvent {
        body: Some(UserEventBody {
            body: Some(UserBody::RoomRemoved(RoomRemoved::default())),
        }),
        ..event(a, "2")
    };

    assert_eq!(
        refusal(as_user.append_user_events(batch("accounts", vec![])).await),
        Reason::Forbidden
    );
    for request in [
        batch("chat", vec![event(a, "1")]),
        batch("accounts", vec![no_body]),
        batch("accounts", vec![unnamed]),
        batch("accounts", many),
        batch("accounts", vec![chats_own]),
    ] {
        let answer = world.ingest().append_user_events(request).await;
        assert_eq!(refusal(answer), Reason::InvalidField);
    }
}

async fn participant(world: &World, viewer: UserId, room: &str, of: UserId) -> Option<Participant> {
    let room = world.room(viewer, room).await.unwrap();
    room.participants
        .into_iter()
        .find(|one| one.user.clone().unwrap().user_id == of.to_string())
}

#[tokio::test]
async fn a_changed_profile_shows_in_rooms_and_an_older_one_does_not() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    let profile = |name: &str, version| User {
        user_id: b.to_string(),
        username: "b".to_owned(),
        display_name: name.to_owned(),
        version,
        ..User::default()
    };

    world
        .apply_users(vec![profile("Newest", 3), profile("Newer", 2)])
        .await;
    world.apply_users(vec![profile("Older", 2)]).await;

    let shown = participant(&world, a, &room, b)
        .await
        .unwrap()
        .user
        .unwrap();
    assert_eq!(
        (shown.username.as_str(), shown.display_name.as_str()),
        ("b", "Newest")
    );
}

fn roles(log: &[RoomEvent]) -> Vec<(String, Role)> {
    log.iter()
        .filter_map(|event| match &event.body {
            Some(Body::ParticipantRole(who)) => {
                Some((who.user.clone().unwrap().user_id, who.role()))
            }
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_deleted_person_leaves_their_groups_and_the_longest_standing_admin_inherits() {
    let world = World::new().await;
    let [owner, member, admin, later_admin] = world.users();
    let room = world.group(owner, &[member]).await.room_id;
    for user in [admin, later_admin] {
        world.add(owner, &room, &[user]).await.unwrap();
    }
    for user in [later_admin, admin] {
        world
            .set_role(owner, &room, user, Role::Admin)
            .await
            .unwrap();
    }
    let before = world.room_log(&room).await.len();

    let gone = world.siblings.delete_user(owner);
    world.apply_users(vec![gone.clone()]).await;
    world.apply_users(vec![gone]).await;

    let log = world.room_log(&room).await;
    assert_eq!(log.len(), before + 2);
    assert_eq!(
        roles(&log).last().unwrap(),
        &(admin.to_string(), Role::Owner)
    );
    assert!(matches!(
        log.last().unwrap().body,
        Some(Body::ParticipantLeft(_))
    ));
    assert_eq!(world.room(admin, &room).await.unwrap().role(), Role::Owner);
    assert_eq!(participant(&world, admin, &room, owner).await, None);
    assert_eq!(
        world.room(member, &room).await.unwrap().participant_count,
        3
    );
}

#[tokio::test]
async fn an_owner_among_others_and_the_last_person_leave_without_an_heir() {
    let world = World::new().await;
    let [owner, second] = world.users();
    let shared = world.group(owner, &[second]).await.room_id;
    world
        .set_role(owner, &shared, second, Role::Owner)
        .await
        .unwrap();
    let alone = world.group(owner, &[]).await.room_id;

    world
        .apply_users(vec![world.siblings.delete_user(owner)])
        .await;

    assert_eq!(roles(&world.room_log(&shared).await).len(), 1);
    let log = world.room_log(&alone).await;
    assert!(matches!(
        log.last().unwrap().body,
        Some(Body::ParticipantLeft(_))
    ));
}

#[tokio::test]
async fn a_deleted_persons_direct_rooms_stay_readable_and_take_nothing_more() {
    let world = World::new().await;
    let [a, b] = world.users();
    let room = world.direct(a, b).await.room_id;
    world.send(b, &room, "before").await;

    world.apply_users(vec![world.siblings.delete_user(b)]).await;
    let mut late = world.siblings.set_blocked(a, b, false);
    late.version += 10;
    world.apply_pairs(vec![late]).await;

    let seen = world.room(a, &room).await.unwrap();
    assert_eq!(seen.last_message.unwrap().text, "before");
    let shown = participant(&world, a, &room, b)
        .await
        .unwrap()
        .user
        .unwrap();
    assert_eq!(
        (shown.username.as_str(), shown.display_name.as_str()),
        ("", "deleted account")
    );
    assert_eq!(
        refusal(world.try_send(a, &room, "anyone?").await),
        Reason::NotAllowedByPrivacy
    );
    let again = CreateDirectChatRoomRequest {
        user_id: b.to_string(),
    };
    assert_eq!(
        refusal(world.chat(a).create_direct_chat_room(again).await),
        Reason::NotFound
    );
}

#[tokio::test]
async fn somebody_deleted_while_being_added_is_in_no_group_afterwards() {
    let world = World::new().await;
    let [owner] = world.users();
    let room = world.group(owner, &[]).await.room_id;
    for nth in 0..8 {
        let leaver = world.user(&format!("leaver{nth}"));
        let gone = User {
            user_id: leaver.to_string(),
            deleted: true,
            version: 2,
            ..User::default()
        };
        let mut ingest = world.ingest();

        let delete = ingest.apply_users(ApplyUsersRequest { users: vec![gone] });
        let leavers = [leaver];
        let (added, deleted) = tokio::join!(world.add(owner, &room, &leavers), delete);

        deleted.unwrap();
        if let Err(refused) = added {
            assert_eq!(refusal::<()>(Err(refused)), Reason::NotFound);
        }
        assert_eq!(participant(&world, owner, &room, leaver).await, None);
    }
}

//! Groups: making them, naming them, listing them, and how one keeps them.

use futures::future::join_all;
use kith_api::{
    chat::v1::{
        CreateGroupChatRoomRequest, CreateGroupChatRoomResponse, GetCompanionsRequest,
        GetUserChatRoomsRequest, GetUserChatRoomsResponse, Role, Room, UpdateChatRoomRequest,
        UpdateRoomSettingsRequest, room_event::Body, update_room_settings_request::Mute,
        user_event_body::Body as UserBody,
    },
    common::v1::PageRequest,
};
use kith_chat::Config;
use kith_error::Reason;
use kith_ids::UserId;
use prost_types::Timestamp;
use tonic::Status;

use crate::world::{World, failure, fields, inner, refusal, texts};

async fn make(
    world: &World,
    owner: UserId,
    others: &[UserId],
    client_id: Option<&str>,
) -> Result<CreateGroupChatRoomResponse, Status> {
    let request = CreateGroupChatRoomRequest {
        name: "Hikers".to_owned(),
        participant_ids: texts(others),
        client_id: client_id.map(str::to_owned),
    };
    let answer = world.chat(owner).create_group_chat_room(request).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn a_group_belongs_to_its_maker_and_counts_everybody_once() {
    let world = World::new().await;
    let [owner, a, b] = world.users();

    let made = make(&world, owner, &[a, owner, b, a], None).await.unwrap();

    let room = made.room.unwrap();
    assert!(made.created);
    assert_eq!(
        (room.participant_count, room.last_seq, room.role()),
        (3, 1, Role::Owner)
    );
    let roles: Vec<_> = room
        .participants
        .iter()
        .map(|one| (one.user.clone().unwrap().user_id, one.role()))
        .collect();
    assert!(roles.contains(&(owner.to_string(), Role::Owner)));
    assert!(roles.contains(&(a.to_string(), Role::Member)));
    let seen = world.room(b, &room.room_id).await.unwrap();
    assert_eq!((seen.role(), seen.joined_seq), (Role::Member, 1));
}

#[tokio::test]
async fn the_same_client_id_makes_one_group_also_at_once() {
    let world = World::new().await;
    let [owner, a] = world.users();

    let others = [a];
    let answers = join_all((0..6).map(|_| make(&world, owner, &others, Some("g-1")))).await;
    let later = make(&world, owner, &[], Some("g-1")).await.unwrap();
    let other = make(&world, a, &[owner], Some("g-1")).await.unwrap();

    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let id = &later.room.as_ref().unwrap().room_id;
    assert!(
        answers
            .iter()
            .all(|answer| &answer.room.as_ref().unwrap().room_id == id)
    );
    assert_eq!(answers.iter().filter(|answer| answer.created).count(), 1);
    assert!(!later.created && other.created);
    assert_eq!(world.user_log(a).await.len(), 2);
}

#[tokio::test]
async fn unknown_and_refused_people_refuse_the_whole_group_and_are_named() {
    let world = World::new().await;
    let [owner, a, shy] = world.users();
    let unknown: UserId = world.clock.new_id().into();
    world.siblings.refuse_adding(owner, shy);

    let missing = failure(make(&world, owner, &[a, unknown, shy], None).await);
    let refused = failure(make(&world, owner, &[shy, a, shy], None).await);

    assert_eq!(
        (missing.reason, fields(&missing)),
        (Reason::NotFound, vec!["participant_ids[1]"])
    );
    assert_eq!(
        (refused.reason, fields(&refused)),
        (Reason::NotAllowedByPrivacy, vec!["participant_ids[0]"])
    );
    assert!(world.user_log(a).await.is_empty());
}

#[tokio::test]
async fn every_bad_field_of_a_new_group_is_named_at_once() {
    let world = World::new().await;
    let [owner] = world.users();
    let request = CreateGroupChatRoomRequest {
        name: "a\u{202E}b".to_owned(),
        participant_ids: vec!["x".to_owned(), String::new()],
        client_id: Some("é".to_owned()),
    };

    let refused = failure(world.chat(owner).create_group_chat_room(request).await);

    assert_eq!(refused.reason, Reason::InvalidField);
    assert_eq!(
        fields(&refused),
        [
            "name",
            "client_id",
            "participant_ids[0]",
            "participant_ids[1]"
        ]
    );
}

#[tokio::test]
async fn a_group_has_a_size() {
    let world = World::with(Config {
        group_size: 3,
        ..Config::for_test()
    })
    .await;
    let [owner, a, b, c] = world.users();

    let too_many = make(&world, owner, &[a, b, c], None).await;
    let room = world.group(owner, &[a, b, owner]).await.room_id;
    let one_more = world.add(owner, &room, &[c]).await;
    let crowd: Vec<UserId> = (0..1_001).map(|_| world.clock.new_id().into()).collect();
    let far_too_many = world.add(owner, &room, &crowd).await;
    let nobody_new = world.add(owner, &room, &[a, b]).await;

    assert_eq!(refusal(too_many), Reason::RoomFull);
    assert_eq!(refusal(one_more), Reason::RoomFull);
    assert_eq!(refusal(far_too_many), Reason::RoomFull);
    assert_eq!(nobody_new.unwrap(), []);
}

#[tokio::test]
async fn a_large_group_is_made_and_filled_in_one_call_each() {
    let world = World::new().await;
    let [owner] = world.users();
    let people: Vec<UserId> = (0..999).map(|nth| world.user(&format!("p{nth}"))).collect();

    let full = make(&world, owner, &people, None)
        .await
        .unwrap()
        .room
        .unwrap();
    let grown = world.group(owner, &[]).await.room_id;
    let added = world.add(owner, &grown, &people).await.unwrap();

    assert_eq!(
        (full.participant_count, full.participants.len()),
        (1000, 10)
    );
    assert_eq!(added.len(), 999);
    let seen = world.room(owner, &grown).await.unwrap();
    assert_eq!((seen.last_seq, seen.participant_count), (1000, 1000));
}

#[tokio::test]
async fn a_rename_is_an_event_and_the_same_name_is_none() {
    let world = World::new().await;
    let [owner, a] = world.users();
    let room = world.group(owner, &[a]).await.room_id;
    let rename = |name: &str| UpdateChatRoomRequest {
        room_id: room.clone(),
        name: Some(name.to_owned()),
    };

    let renamed = inner(world.chat(owner).update_chat_room(rename("Climbers")).await);
    inner(world.chat(owner).update_chat_room(rename("Climbers")).await);
    let member = world.chat(a).update_chat_room(rename("Mine")).await;
    let blank = world.chat(owner).update_chat_room(rename("  ")).await;

    assert_eq!(renamed.room.unwrap().name.as_deref(), Some("Climbers"));
    assert_eq!(refusal(member), Reason::Forbidden);
    assert_eq!(refusal(blank), Reason::InvalidField);
    let log = world.room_log(&room).await;
    let Some(Body::RoomUpdated(updated)) = &log.last().unwrap().body else {
        panic!("{log:?}")
    };
    assert_eq!((log.len(), updated.name.as_deref()), (2, Some("Climbers")));
    assert_eq!(updated.actor_id, owner.to_string());
}

#[tokio::test]
async fn settings_are_ones_own_and_reach_ones_own_devices() {
    let world = World::new().await;
    let [owner, a] = world.users();
    let room = world.group(owner, &[a]).await.room_id;
    let until = Timestamp {
        seconds: 4_000_000_000,
        nanos: 0,
    };
    let settings = UpdateRoomSettingsRequest {
        room_id: room.clone(),
        mute: Some(Mute { until: Some(until) }),
        pinned: Some(true),
        archived: Some(true),
    };
    let unmute = UpdateRoomSettingsRequest {
        room_id: room.clone(),
        mute: Some(Mute { until: None }),
        ..UpdateRoomSettingsRequest::default()
    };

    let kept = inner(world.chat(a).update_room_settings(settings.clone()).await)
        .room
        .unwrap();
    inner(world.chat(a).update_room_settings(settings).await);
    let unmuted = inner(world.chat(a).update_room_settings(unmute).await)
        .room
        .unwrap();

    assert_eq!(
        (kept.muted_until, kept.pinned, kept.archived),
        (Some(until), true, true)
    );
    assert_eq!((unmuted.muted_until, unmuted.pinned), (None, true));
    assert!(!world.room(owner, &room).await.unwrap().pinned);
    let log = world.user_log(a).await;
    let settings = log.iter().filter(|event| {
        matches!(
            event.body.clone().unwrap().body,
            Some(UserBody::RoomSettings(_))
        )
    });
    assert_eq!(settings.count(), 2);
    world.send(owner, &room, "hello").await;
    assert!(world.room(a, &room).await.unwrap().archived);
}

#[tokio::test]
async fn a_room_that_one_is_not_in_does_not_exist() {
    let world = World::new().await;
    let [owner, a, stranger] = world.users();
    let room = world.group(owner, &[a]).await.room_id;
    let settings = UpdateRoomSettingsRequest {
        room_id: room.clone(),
        ..UpdateRoomSettingsRequest::default()
    };
    let rename = UpdateChatRoomRequest {
        room_id: room.clone(),
        name: Some("Ours".to_owned()),
    };

    let answers = [
        refusal(world.room(stranger, &room).await),
        refusal(world.chat(stranger).update_room_settings(settings).await),
        refusal(world.chat(stranger).update_chat_room(rename).await),
        refusal(world.add(stranger, &room, &[stranger]).await),
        refusal(world.remove(stranger, &room, a).await),
        refusal(world.set_role(stranger, &room, a, Role::Owner).await),
    ];

    assert_eq!(answers, [Reason::NotFound; 6]);
}

async fn list(
    world: &World,
    user: UserId,
    request: GetUserChatRoomsRequest,
) -> Result<GetUserChatRoomsResponse, Status> {
    Ok(world
        .chat(user)
        .get_user_chat_rooms(request)
        .await?
        .into_inner())
}

fn ids(rooms: &[Room]) -> Vec<&str> {
    rooms.iter().map(|room| room.room_id.as_str()).collect()
}

#[tokio::test]
async fn rooms_are_listed_by_activity_with_all_that_a_list_shows() {
    let world = World::new().await;
    let [a, b, c] = world.users();
    let first = world.direct(a, b).await.room_id;
    let second = world.direct(a, c).await.room_id;
    world.send(b, &first, "one").await;
    world.send(b, &first, "two").await;

    let listed = list(&world, a, GetUserChatRoomsRequest::default())
        .await
        .unwrap();

    assert_eq!(ids(&listed.rooms), [&first, &second]);
    let room = &listed.rooms[0];
    assert_eq!(
        (room.unread_count, room.last_seq, room.last_read_seq),
        (2, 3, 0)
    );
    let last = room.last_message.as_ref().unwrap();
    assert_eq!(
        (last.text.as_str(), last.client_id.as_deref()),
        ("two", None)
    );
    assert_eq!(room.participants.len(), 2);
    assert!(listed.rooms[1].last_message.is_none());
    assert_eq!(listed.page.unwrap().next_page_token, "");
}

#[tokio::test]
async fn pages_of_rooms_neither_repeat_nor_skip_and_cursors_are_bound() {
    let world = World::new().await;
    let [a, b] = world.users();
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.group(a, &[b]).await.room_id);
    }
    made.reverse();
    let page = |token: &str| GetUserChatRoomsRequest {
        page: Some(PageRequest {
            page_size: 2,
            page_token: token.to_owned(),
        }),
        ..GetUserChatRoomsRequest::default()
    };

    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let answer = list(&world, a, page(&token)).await.unwrap();
        seen.extend(answer.rooms.into_iter().map(|room| room.room_id));
        let next = answer.page.unwrap().next_page_token;
        if next.is_empty() {
            break;
        }
        token = next;
    }

    assert_eq!(seen, made);
    assert_eq!(
        refusal(list(&world, b, page(&token)).await),
        Reason::CursorInvalid
    );
    assert_eq!(
        refusal(list(&world, a, page("nonsense")).await),
        Reason::CursorInvalid
    );
}

#[tokio::test]
async fn rooms_are_found_by_their_name_or_the_other_persons_as_they_are_written() {
    let world = World::new().await;
    let me = world.user("me");
    let zoe = world.user("zoe_q");
    let yan = world.user("yan");
    let direct = world.direct(me, zoe).await.room_id;
    let other = world.direct(me, yan).await.room_id;
    let group = inner(
        world
            .chat(me)
            .create_group_chat_room(CreateGroupChatRoomRequest {
                name: "100% Zoology".to_owned(),
                participant_ids: texts(&[yan]),
                client_id: None,
            })
            .await,
    );
    let group = group.room.unwrap().room_id;
    let query = |text: &str| GetUserChatRoomsRequest {
        query: text.to_owned(),
        ..GetUserChatRoomsRequest::default()
    };

    let mut cases = Vec::new();
    for text in ["ZO", "oe_q", "0% Z", "YAN", "a%n", "_", "me"] {
        let found = list(&world, me, query(text)).await.unwrap();
        cases.push(
            found
                .rooms
                .into_iter()
                .map(|room| room.room_id)
                .collect::<Vec<_>>(),
        );
    }

    assert_eq!(
        cases,
        [
            vec![group.clone(), direct.clone()],
            vec![direct.clone()],
            vec![group],
            vec![other],
            vec![],
            vec![direct],
            vec![]
        ]
    );
    assert_eq!(
        refusal(list(&world, me, query(&"x".repeat(65))).await),
        Reason::InvalidField
    );
    assert_eq!(
        refusal(list(&world, me, query("a\0")).await),
        Reason::InvalidField
    );
}

#[tokio::test]
async fn archived_rooms_are_a_list_of_their_own() {
    let world = World::new().await;
    let [a, b, c] = world.users();
    let kept = world.direct(a, b).await.room_id;
    let put_away = world.direct(a, c).await.room_id;
    let archive = UpdateRoomSettingsRequest {
        room_id: put_away.clone(),
        archived: Some(true),
        ..UpdateRoomSettingsRequest::default()
    };
    inner(world.chat(a).update_room_settings(archive).await);
    let query = |archived| GetUserChatRoomsRequest {
        archived,
        ..GetUserChatRoomsRequest::default()
    };

    let open = list(&world, a, query(false)).await.unwrap();
    let archived = list(&world, a, query(true)).await.unwrap();

    assert_eq!(
        (ids(&open.rooms), ids(&archived.rooms)),
        (vec![kept.as_str()], vec![put_away.as_str()])
    );
}

#[tokio::test]
async fn people_of_the_same_small_groups_are_companions() {
    let world = World::new().await;
    let [me, twice, once, gone, stranger] = world.users();
    let first = world.group(me, &[twice, once, gone]).await;
    world.group(twice, &[me]).await;
    world.group(stranger, &[once]).await;
    world.direct(me, stranger).await;
    world.remove(me, &first.room_id, gone).await.unwrap();
    let crowd: Vec<UserId> = (0..60).map(|n| world.user(&format!("c{n}"))).collect();
    world.group(me, &crowd).await;

    let request = GetCompanionsRequest {
        user_id: me.to_string(),
    };
    let companions = inner(world.ingest().get_companions(request).await).companions;

    let companions: Vec<(String, u32)> = companions
        .into_iter()
        .map(|companion| (companion.user_id, companion.groups))
        .collect();
    assert_eq!(companions, [(twice.to_string(), 2), (once.to_string(), 1)]);
}

//! Who is in a group, as what, and what their stays show: the table of roles, leaving and coming back, and the races.

use futures::future::join_all;
use kith_api::{
    chat::v1::{
        CreateGroupChatRoomRequest, GetParticipantsRequest, GetParticipantsResponse,
        GetRoomEventsRequest, Participant, Role, UpdateChatRoomRequest, delivery::Delivery,
        room_event::Body, user_event_body::Body as UserBody,
    },
    common::v1::PageRequest,
};
use kith_error::Reason;
use kith_ids::UserId;
use tonic::Status;

use crate::{
    gateway::Gateway,
    world::{World, failure, fields, inner, refusal, texts},
};

const OK: Option<Reason> = None;
const NO: Option<Reason> = Some(Reason::Forbidden);

/// A group with somebody of each role, and somebody to act on of each role.
struct Crew {
    room: String,
    actors: [(Role, UserId); 3],
    targets: [(Role, UserId); 3],
}

async fn crew(world: &World) -> Crew {
    let [
        owner,
        admin,
        member,
        second_owner,
        second_admin,
        second_member,
    ] = world.users();
    let others = [admin, member, second_owner, second_admin, second_member];
    let room = world.group(owner, &others).await.room_id;
    for (user, role) in [
        (admin, Role::Admin),
        (second_owner, Role::Owner),
        (second_admin, Role::Admin),
    ] {
        world.set_role(owner, &room, user, role).await.unwrap();
    }
    Crew {
        room,
        actors: [
            (Role::Owner, owner),
            (Role::Admin, admin),
            (Role::Member, member),
        ],
        targets: [
            (Role::Owner, second_owner),
            (Role::Admin, second_admin),
            (Role::Member, second_member),
        ],
    }
}

fn outcome<T: std::fmt::Debug>(answer: Result<T, Status>) -> Option<Reason> {
    match answer {
        Ok(_) => None,
        Err(status) => Some(refusal::<T>(Err(status))),
    }
}

#[tokio::test]
async fn the_table_of_actors_roles_and_acts_holds() {
    let world = World::new().await;
    // For owner, admin, member: rename, add, then make an admin of and remove an owner, an admin, a member.
    let table = [
        [OK, OK, OK, OK, OK, OK, OK, OK],
        [OK, OK, NO, NO, NO, NO, NO, OK],
        [NO, NO, NO, NO, NO, NO, NO, NO],
    ];
    for (place, expected) in table.iter().enumerate() {
        let crew = crew(&world).await;
        let (role, actor) = crew.actors[place];
        let rename = UpdateChatRoomRequest {
            room_id: crew.room.clone(),
            name: Some(format!("{role:?}")),
        };
        let newcomer = world.user("newcomer");

        let mut found = vec![
            outcome(world.chat(actor).update_chat_room(rename).await),
            outcome(world.add(actor, &crew.room, &[newcomer]).await),
        ];
        for (_, target) in crew.targets {
            found.push(outcome(
                world.set_role(actor, &crew.room, target, Role::Admin).await,
            ));
        }
        for (role, target) in crew.targets {
            if expected[2] == OK {
                world
                    .set_role(actor, &crew.room, target, role)
                    .await
                    .unwrap();
            }
            found.push(outcome(world.remove(actor, &crew.room, target).await));
        }

        assert_eq!(found, expected, "{role:?}");
    }
}

#[tokio::test]
async fn a_direct_room_keeps_its_people_and_has_no_name() {
    let world = World::new().await;
    let [a, b, c] = world.users();
    let room = world.direct(a, b).await.room_id;
    let rename = UpdateChatRoomRequest {
        room_id: room.clone(),
        name: Some("Us".to_owned()),
    };

    let answers = [
        refusal(world.remove(a, &room, a).await),
        refusal(world.remove(a, &room, b).await),
        refusal(world.add(a, &room, &[c]).await),
        refusal(world.set_role(a, &room, b, Role::Owner).await),
        refusal(world.chat(a).update_chat_room(rename).await),
    ];

    assert_eq!(answers, [Reason::Forbidden; 5]);
}

#[tokio::test]
async fn the_last_owner_hands_over_before_going_and_the_last_person_may_go() {
    let world = World::new().await;
    let [owner, a] = world.users();
    let room = world.group(owner, &[a]).await.room_id;

    let leave = world.remove(owner, &room, owner).await;
    let step_down = world.set_role(owner, &room, owner, Role::Member).await;

    assert_eq!(refusal(leave), Reason::LastOwner);
    assert_eq!(refusal(step_down), Reason::LastOwner);
    world.set_role(owner, &room, a, Role::Owner).await.unwrap();
    world.remove(owner, &room, owner).await.unwrap();
    world.remove(a, &room, a).await.unwrap();
    assert_eq!(refusal(world.room(a, &room).await), Reason::NotFound);
}

#[tokio::test]
async fn two_owners_who_leave_at_once_do_not_leave_the_others_alone() {
    let world = World::new().await;
    let [first, second, member] = world.users();
    for _ in 0..5 {
        let room = world.group(first, &[second, member]).await.room_id;
        world
            .set_role(first, &room, second, Role::Owner)
            .await
            .unwrap();

        let (one, other) = tokio::join!(
            world.remove(first, &room, first),
            world.remove(second, &room, second)
        );

        let outcomes = [outcome(one), outcome(other)];
        assert!(
            outcomes.contains(&None) && outcomes.contains(&Some(Reason::LastOwner)),
            "{outcomes:?}"
        );
    }
}

#[tokio::test]
async fn a_kick_and_a_change_of_role_at_once_come_one_after_the_other() {
    let world = World::new().await;
    let [owner, second, target] = world.users();
    for _ in 0..5 {
        let room = world.group(owner, &[second, target]).await.room_id;
        world
            .set_role(owner, &room, second, Role::Owner)
            .await
            .unwrap();

        let (kicked, changed) = tokio::join!(
            world.remove(owner, &room, target),
            world.set_role(second, &room, target, Role::Admin)
        );

        kicked.unwrap();
        let changed = outcome(changed);
        assert!(changed.is_none() || changed == Some(Reason::NotFound));
        let log = world.room_log(&room).await;
        let seqs: Vec<u64> = log.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=log.len() as u64).collect::<Vec<_>>());
        assert!(
            matches!(log.last().unwrap().body, Some(Body::ParticipantLeft(_))),
            "{log:?}"
        );
        assert_eq!(refusal(world.room(target, &room).await), Reason::NotFound);
    }
}

#[tokio::test]
async fn an_addition_is_one_join_event_each_and_those_in_already_are_no_error() {
    let world = World::new().await;
    let [owner, a, b, c] = world.users();
    let room = world.group(owner, &[a]).await.room_id;
    world.send(owner, &room, "before").await;

    let added = world.add(owner, &room, &[a, b, c, b]).await.unwrap();
    let nobody = world.add(owner, &room, &[a, b]).await.unwrap();

    assert_eq!(added.len(), 2);
    assert!(nobody.is_empty());
    let log = world.room_log(&room).await;
    let joined: Vec<(u64, String)> = log
        .iter()
        .filter_map(|event| match &event.body {
            Some(Body::ParticipantJoined(who)) => Some((event.seq, id_of(who))),
            _ => None,
        })
        .collect();
    assert_eq!(joined, [(3, b.to_string()), (4, c.to_string())]);
    assert_eq!(world.room(c, &room).await.unwrap().joined_seq, 4);
    assert_eq!(world.room(c, &room).await.unwrap().unread_count, 0);
    assert!(matches!(
        user_bodies(&world, b).await.as_slice(),
        [UserBody::RoomAdded(_)]
    ));
}

#[tokio::test]
async fn one_refused_person_refuses_the_whole_addition() {
    let world = World::new().await;
    let [owner, a, shy, fine] = world.users();
    let unknown: UserId = world.clock.new_id().into();
    let room = world.group(owner, &[a]).await.room_id;
    world.siblings.refuse_adding(owner, shy);

    let missing = failure(world.add(owner, &room, &[fine, unknown]).await);
    let refused = failure(world.add(owner, &room, &[a, fine, shy]).await);
    let empty = refusal(world.add(owner, &room, &[]).await);

    assert_eq!(
        (missing.reason, fields(&missing)),
        (Reason::NotFound, vec!["user_ids[1]"])
    );
    assert_eq!(
        (refused.reason, fields(&refused)),
        (Reason::NotAllowedByPrivacy, vec!["user_ids[2]"])
    );
    assert!(refused.violations[0].message.contains(&shy.to_string()));
    assert_eq!(empty, Reason::InvalidField);
    assert_eq!(world.room(owner, &room).await.unwrap().participant_count, 2);
}

#[tokio::test]
async fn the_same_addition_by_many_at_once_adds_once() {
    let world = World::new().await;
    let [owner, a, b, c] = world.users();
    let room = world.group(owner, &[a]).await.room_id;

    let both = [b, c];
    let answers = join_all((0..6).map(|_| world.add(owner, &room, &both))).await;

    let added: usize = answers
        .into_iter()
        .map(|answer| answer.unwrap().len())
        .sum();
    assert_eq!(added, 2);
    let seen = world.room(owner, &room).await.unwrap();
    assert_eq!((seen.participant_count, seen.last_seq), (4, 3));
}

#[tokio::test]
async fn who_left_and_came_back_sees_the_current_stay() {
    let world = World::new().await;
    let [owner, a] = world.users();
    let room = world.group(owner, &[a]).await.room_id;
    world.send(owner, &room, "first stay").await;

    world.remove(a, &room, a).await.unwrap();
    world.send(owner, &room, "while away").await;
    let away = refusal(world.room(a, &room).await);
    world.add(owner, &room, &[a]).await.unwrap();
    world.send(owner, &room, "second stay").await;

    let seen = world.room(a, &room).await.unwrap();
    let events = GetRoomEventsRequest {
        room_id: room.clone(),
        after_seq: 0,
        limit: 100,
    };
    let events = inner(world.chat(a).get_room_events(events).await);
    assert_eq!(away, Reason::NotFound);
    assert_eq!(
        (seen.joined_seq, seen.unread_count, seen.participant_count),
        (5, 1, 2)
    );
    assert_eq!(events.from_seq, 5);
    assert_eq!(
        events
            .events
            .iter()
            .map(|event| event.seq)
            .collect::<Vec<_>>(),
        [5, 6]
    );
    let bodies = user_bodies(&world, a).await;
    let removed = bodies.iter().find_map(|body| match body {
        UserBody::RoomRemoved(removed) => Some(removed.leave_seq),
        _ => None,
    });
    assert_eq!(removed, Some(3));
}

#[tokio::test]
async fn of_a_room_that_was_left_the_log_tells_the_end_alone() {
    let world = World::new().await;
    let [owner, a] = world.users();
    let left = world.group(owner, &[a]).await.room_id;
    let kept = world.group(owner, &[a]).await.room_id;

    world.remove(owner, &left, a).await.unwrap();

    let bodies = user_bodies(&world, a).await;
    let [UserBody::RoomAdded(added), UserBody::RoomRemoved(removed)] = bodies.as_slice() else {
        panic!("{bodies:?}")
    };
    assert_eq!(
        (&added.room_id, &removed.room_id, removed.leave_seq),
        (&kept, &left, 2)
    );
}

#[tokio::test]
async fn a_newcomer_hears_of_the_room_before_its_first_event_and_of_the_end_after_the_last() {
    let world = World::new().await;
    let [owner, a] = world.users();
    let room = world.group(owner, &[]).await.room_id;
    let mut gateway = Gateway::connect(world.upstream()).await;
    gateway.subscribe(&[&room], &[a]).await;

    world.add(owner, &room, &[a]).await.unwrap();
    world.remove(a, &room, a).await.unwrap();

    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(match gateway.delivery().await {
            Delivery::UserEvent(event) => match event.body.unwrap().body.unwrap() {
                UserBody::RoomAdded(seen) => format!("added, seen from {}", seen.joined_seq),
                UserBody::RoomRemoved(removed) => format!("removed at {}", removed.leave_seq),
                other => panic!("{other:?}"),
            },
            Delivery::RoomEvent(event) => format!("event {}", event.seq),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(
        heard,
        ["added, seen from 2", "event 2", "event 3", "removed at 3"]
    );
}

#[tokio::test]
async fn a_kicked_person_sends_nothing_more() {
    let world = World::new().await;
    let [owner, a] = world.users();
    let room = world.group(owner, &[a]).await.room_id;

    let sends = join_all((0..20).map(|_| world.try_send(a, &room, "race")));
    let (sent, kicked) = tokio::join!(sends, world.remove(owner, &room, a));

    kicked.unwrap();
    let log = world.room_log(&room).await;
    let left = log
        .iter()
        .position(|event| matches!(event.body, Some(Body::ParticipantLeft(_))))
        .unwrap();
    assert_eq!(left, log.len() - 1);
    assert_eq!(
        sent.iter().filter(|answer| answer.is_ok()).count(),
        left - 1
    );
    assert_eq!(
        refusal(world.try_send(a, &room, "after").await),
        Reason::NotFound
    );
}

#[tokio::test]
async fn participants_are_paged_by_time_of_joining() {
    let world = World::new().await;
    let [owner, a, b, c] = world.users();
    let room = world.group(owner, &[]).await.room_id;
    for user in [c, a, b] {
        world.add(owner, &room, &[user]).await.unwrap();
    }
    let page = |token: &str| GetParticipantsRequest {
        room_id: room.clone(),
        page: Some(PageRequest {
            page_size: 3,
            page_token: token.to_owned(),
        }),
    };

    let first = inner(world.chat(a).get_participants(page("")).await);
    let token = first.page.clone().unwrap().next_page_token;
    let second = inner(world.chat(a).get_participants(page(&token)).await);
    let foreign = world.chat(b).get_participants(page(&token)).await;

    assert_eq!(ids(&first), [owner, c, a].map(|user| user.to_string()));
    assert_eq!(ids(&second), [b.to_string()]);
    assert_eq!(second.page.unwrap().next_page_token, "");
    assert_eq!(refusal(foreign), Reason::CursorInvalid);
    let stranger = world.user("stranger");
    assert_eq!(
        refusal(world.chat(stranger).get_participants(page("")).await),
        Reason::NotFound
    );
}

#[tokio::test]
async fn a_role_that_is_there_already_makes_no_event_and_an_unknown_one_is_refused() {
    let world = World::new().await;
    let [owner, a, stranger] = world.users();
    let room = world.group(owner, &[a]).await.room_id;

    let same = world.set_role(owner, &room, a, Role::Member).await.unwrap();
    let unknown = world.set_role(owner, &room, a, Role::Unspecified).await;
    let nobody = world.set_role(owner, &room, stranger, Role::Admin).await;

    assert_eq!(same.role(), Role::Member);
    assert_eq!(refusal(unknown), Reason::InvalidField);
    assert_eq!(refusal(nobody), Reason::NotFound);
    assert_eq!(world.room_log(&room).await.len(), 1);
}

fn id_of(participant: &Participant) -> String {
    participant.user.clone().unwrap().user_id
}

fn ids(page: &GetParticipantsResponse) -> Vec<String> {
    page.participants.iter().map(id_of).collect()
}

async fn user_bodies(world: &World, user: UserId) -> Vec<UserBody> {
    let log = world.user_log(user).await;
    log.into_iter()
        .filter_map(|event| event.body?.body)
        .collect()
}

#[tokio::test]
async fn a_block_that_came_after_the_siblings_were_asked_refuses_the_addition() {
    let world = World::new().await;
    let [owner, fine, blocked] = world.users();
    let room = world.group(owner, &[]).await.room_id;
    // Friends' answer to "may they be added?" is still the one from before the block.
    let pair = world.siblings.set_blocked(owner, blocked, true);
    world.apply_pairs(vec![pair]).await;

    let added = failure(world.add(owner, &room, &[fine, blocked]).await);
    let made = CreateGroupChatRoomRequest {
        name: "A way around".to_owned(),
        participant_ids: texts(&[blocked]),
        client_id: None,
    };
    let made = failure(world.chat(owner).create_group_chat_room(made).await);

    assert_eq!(
        (added.reason, fields(&added)),
        (Reason::NotAllowedByPrivacy, vec!["user_ids[1]"])
    );
    assert_eq!(
        (made.reason, fields(&made)),
        (Reason::NotAllowedByPrivacy, vec!["participant_ids[0]"])
    );
    assert_eq!(world.room(owner, &room).await.unwrap().participant_count, 1);
}

//! Sending: what is accepted, what is refused, and what a repeat is told.

use kith_api::chat::v1::{self as wire, SendMessageRequest};
use kith_auth::Caller;
use kith_error::Reason;
use kith_ids::UserId;

use crate::world::{World, failure, fields, inner, refusal};

fn request(room: &wire::Room, client_id: &str, text: &str) -> SendMessageRequest {
    SendMessageRequest {
        room_id: room.room_id.clone(),
        client_id: client_id.to_owned(),
        text: text.to_owned(),
        ..SendMessageRequest::default()
    }
}

#[tokio::test]
async fn a_message_is_answered_as_it_stands_in_the_log() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[ben]).await;

    let answer = inner(
        world
            .chat(ann)
            .send_message(request(&room, "c 1", " héllo\n"))
            .await,
    );

    let message = answer.message.unwrap();
    assert!(!answer.duplicate);
    assert_eq!((message.seq, message.text.as_str()), (2, " héllo\n"));
    assert_eq!(message.client_id.as_deref(), Some("c 1"));
    let log = world.room_log(&room.room_id).await;
    let Some(wire::room_event::Body::MessageCreated(logged)) = &log[1].body else {
        panic!("{log:?}");
    };
    assert_eq!(logged, &message);
}

/// Requests with the fields that are bad in each.
fn bad_requests(
    room: &wire::Room,
    ok: &SendMessageRequest,
) -> Vec<(SendMessageRequest, Vec<&'static str>)> {
    let long = "x".repeat(4001);
    let cases = [
        (request(room, "", "text"), vec!["client_id"]),
        (request(room, "ü", "text"), vec!["client_id"]),
        (request(room, "c", "\u{200b}"), vec!["text"]),
        (request(room, "c", "a\0"), vec!["text"]),
        (request(room, "c", &long), vec!["text"]),
    ];
    let room_id = SendMessageRequest {
        room_id: "x".to_owned(),
        ..ok.clone()
    };
    let reply = SendMessageRequest {
        reply_to_id: Some("x".to_owned()),
        ..ok.clone()
    };
    let time = SendMessageRequest {
        create_time: Some(prost_types::Timestamp::default()),
        ..ok.clone()
    };
    let all = SendMessageRequest {
        room_id: String::new(),
        ..request(room, "", "")
    };
    let mut cases = cases.to_vec();
    cases.push((room_id, vec!["room_id"]));
    cases.push((reply, vec!["reply_to_id"]));
    cases.push((time, vec!["create_time"]));
    cases.push((all, vec!["room_id", "client_id", "text"]));
    cases
}

#[tokio::test]
async fn bad_fields_are_all_named() {
    let world = World::new().await;
    let [ann] = world.users();
    let room = world.group(ann, &[]).await;
    let ok = request(&room, "c", "text");
    for (request, expected) in bad_requests(&room, &ok) {
        let failure = failure(world.chat(ann).send_message(request).await);

        assert_eq!(failure.reason, Reason::InvalidField);
        assert_eq!(fields(&failure), expected);
    }
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_another_body_is_refused() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[ben]).await;
    let first = inner(
        world
            .chat(ann)
            .send_message(request(&room, "c", "one"))
            .await,
    );
    let others = inner(
        world
            .chat(ben)
            .send_message(request(&room, "c", "two"))
            .await,
    );

    let again = inner(
        world
            .chat(ann)
            .send_message(request(&room, "c", "one"))
            .await,
    );
    let other_body = world
        .chat(ann)
        .send_message(request(&room, "c", "two"))
        .await;

    assert!(again.duplicate && !others.duplicate);
    assert_eq!(again.message, first.message);
    assert_eq!(refusal(other_body), Reason::ClientIdReused);
    assert_eq!(world.room_log(&room.room_id).await.len(), 3);
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_even_after_its_sender_was_removed() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[ben]).await;
    let first = inner(
        world
            .chat(ben)
            .send_message(request(&room, "c", "one"))
            .await,
    );
    world.remove(ann, &room.room_id, ben).await.unwrap();

    let again = inner(
        world
            .chat(ben)
            .send_message(request(&room, "c", "one"))
            .await,
    );
    let other_body = world
        .chat(ben)
        .send_message(request(&room, "c", "two"))
        .await;
    let new = world
        .chat(ben)
        .send_message(request(&room, "d", "one"))
        .await;

    assert_eq!(again.message, first.message);
    assert_eq!(refusal(other_body), Reason::ClientIdReused);
    assert_eq!(refusal(new), Reason::NotFound);
}

#[tokio::test]
async fn strangers_and_unknown_rooms_are_not_found() {
    let world = World::new().await;
    let [ann, eve] = world.users();
    let room = world.group(ann, &[]).await;

    let stranger = world.try_send(eve, &room.room_id, "hi").await;
    let nowhere = world
        .try_send(ann, &world.clock.new_id().to_string(), "hi")
        .await;

    assert_eq!(refusal(stranger), Reason::NotFound);
    assert_eq!(refusal(nowhere), Reason::NotFound);
}

#[tokio::test]
async fn a_block_closes_a_direct_room_to_both_and_groups_to_nobody() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let direct = world.direct(ann, ben).await;
    let group = world.group(ann, &[ben]).await;

    world
        .apply_pairs(vec![world.siblings.set_blocked(ann, ben, true)])
        .await;

    for sender in [ann, ben] {
        let refused = world.try_send(sender, &direct.room_id, "hi").await;
        assert_eq!(refusal(refused), Reason::NotAllowedByPrivacy);
        world.send(sender, &group.room_id, "hi").await;
    }
}

#[tokio::test]
async fn a_reply_shows_what_it_answers_if_its_sender_can_see_that() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.group(ann, &[]).await;
    let early = world.send(ann, &room.room_id, "before ben").await;
    world.add(ann, &room.room_id, &[ben]).await.unwrap();
    let seen = world.send(ann, &room.room_id, &"long ".repeat(100)).await;
    let elsewhere = world.group(ben, &[]).await;
    let reply = |room: &wire::Room, client_id: &str, to: &wire::Message| SendMessageRequest {
        reply_to_id: Some(to.message_id.clone()),
        ..request(room, client_id, "re")
    };

    let answer = inner(world.chat(ben).send_message(reply(&room, "1", &seen)).await);
    let unseen = world
        .chat(ben)
        .send_message(reply(&room, "2", &early))
        .await;
    let foreign = world
        .chat(ben)
        .send_message(reply(&elsewhere, "3", &seen))
        .await;

    let reply_to = answer.message.unwrap().reply_to.unwrap();
    assert_eq!(
        (reply_to.message_id, reply_to.seq),
        (seen.message_id, seen.seq)
    );
    assert_eq!(reply_to.excerpt, seen.text[..120]);
    assert_eq!(refusal(unseen), Reason::NotFound);
    assert_eq!(refusal(foreign), Reason::NotFound);
}

#[tokio::test]
async fn participants_are_mentioned_by_name_and_others_are_not() {
    let world = World::new().await;
    let (ann, ben, eve) = (world.user("ann"), world.user("ben.m"), world.user("eve"));
    let room = world.group(ann, &[ben]).await;
    world.group(ann, &[eve]).await;

    let message = world
        .send(ann, &room.room_id, "@Ben.M and @eve, see @nobody. @ben.m.")
        .await;

    assert_eq!(message.mention_ids, [ben.to_string()]);
}

#[tokio::test]
async fn a_service_key_may_say_when_a_message_was_written() {
    let world = World::new().await;
    let [ann, ben] = world.users();
    let room = world.direct(ann, ben).await;
    let import = |user: UserId, client_id: &str, seconds: i64| {
        let caller = Caller::Service {
            name: "demo".to_owned(),
            on_behalf_of: Some(user),
        };
        let request = SendMessageRequest {
            create_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            ..request(&room, client_id, "long ago")
        };
        let mut chat = world.upstream().chat(&caller);
        async move { chat.send_message(request).await }
    };

    let first = inner(import(ann, "1", 1_700_000_000).await)
        .message
        .unwrap();
    let second = inner(import(ben, "2", 1_700_000_050).await)
        .message
        .unwrap();
    let earlier = failure(import(ann, "3", 1_700_000_049).await);
    let future = failure(import(ann, "4", 9_000_000_000).await);

    assert_eq!((first.seq, second.seq), (2, 3));
    assert_eq!(second.create_time.unwrap().seconds, 1_700_000_050);
    assert_eq!(fields(&earlier), ["create_time"]);
    assert_eq!(fields(&future), ["create_time"]);
    let times: Vec<_> = world
        .room_log(&room.room_id)
        .await
        .iter()
        .map(|event| event.time.unwrap().seconds)
        .collect();
    assert!(times.is_sorted(), "time never runs against seq: {times:?}");
}

/// The append's plan is made once a session, often while the tables are empty, and stays.
#[tokio::test]
async fn membership_is_one_probe_even_in_a_plan_made_on_empty_tables() {
    let world = World::new().await;
    let mut connection = world.database.pool.acquire().await.unwrap();
    for off in ["seqscan", "bitmapscan"] {
        let statement = format!("SET enable_{off} = off");
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut *connection)
            .await
            .unwrap();
    }

    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT true FROM chat.chat_participants
         WHERE room_id = '00000000-0000-0000-0000-000000000001' AND user_id = '00000000-0000-0000-0000-000000000002'
             AND left_seq IS NULL",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();

    let plan = plan.join("\n");
    assert!(plan.contains("chat_participants_current"), "{plan}");
}

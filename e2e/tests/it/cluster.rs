//! Two nodes on one Postgres and one Redis are one system; without Redis they are a slower one.

use std::time::Duration;

use futures::{StreamExt as _, stream::FuturesUnordered};
use kith_e2e::{
    Node, Person, Postgres, Redis, Settings, befriend, direct_room, eventually, eventually_within,
    post, within,
};
use kith_sdk::{
    close::REVOKED,
    model::RoomId,
    rest::{MessagePost, NewGroup, Paging},
};

const AT_ONCE: Duration = Duration::from_secs(1);
const WITHOUT_REDIS: Duration = Duration::from_secs(10);

async fn two_nodes(postgres: &Postgres, redis: &Redis) -> (Node, Node) {
    let settings = || {
        Settings::default()
            .with_postgres(&postgres.url())
            .with_redis(&redis.url())
    };
    (
        Node::start_with(settings()).await,
        Node::start_with(settings()).await,
    )
}

#[tokio::test]
async fn two_nodes_act_as_one() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let (here, there) = two_nodes(&postgres, &redis).await;
    let ann = Person::sign_up(&here, "ann").await;
    let bob = Person::sign_up(&there, "bob").await;
    let (anns, bobs) = (ann.device().await, bob.device().await);

    befriend(&ann, &bob).await;
    bobs.wait_user("friend.accepted").await;
    let room = direct_room(&ann, &bob).await.id;
    bobs.wait_event(room, 1).await;
    let sent = anns.send(room, "across").await.unwrap().message;
    let heard = within(
        AT_ONCE,
        "a message crosses",
        bobs.wait_event(room, sent.seq),
    )
    .await;
    assert_eq!(heard.message().unwrap().id, sent.id);
    let answer = post(&bob, room, "and back").await;
    within(
        AT_ONCE,
        "the answer crosses",
        anns.wait_event(room, answer.seq),
    )
    .await;

    let bob_here = bob.log_in(&here).await;
    let at_both = bob_here.at(&there).device().await;
    bob.api
        .revoke_session(bob_here.session.session_id)
        .await
        .unwrap();
    assert_eq!(at_both.wait_closed(AT_ONCE).await.code, Some(REVOKED));
    let elsewhere = bob.log_in(&there).await;
    let on_here = elsewhere.at(&here).device().await;
    elsewhere.api.logout().await.unwrap();
    assert_eq!(
        on_here.wait_closed(AT_ONCE).await.code,
        Some(REVOKED),
        "ended there, closed here"
    );
    eventually_within(AT_ONCE, "the token is dead here too", async || {
        let refused = elsewhere.at(&here).api.me().await.err()?;
        (refused.status() == Some(401)).then_some(())
    })
    .await;
    anns.assert_sound();
    bobs.assert_sound();
}

#[tokio::test]
async fn a_killed_node_takes_nothing_with_it() {
    const MESSAGES: u64 = 100;
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let (mut here, there) = two_nodes(&postgres, &redis).await;
    let ann = Person::sign_up(&here, "ann").await;
    let bob = Person::sign_up(&there, "bob").await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    let post = |n: u64| MessagePost {
        client_id: n.to_string(),
        text: format!("message {n}"),
        reply_to: None,
    };

    let posts: Vec<_> = (0..MESSAGES).map(post).collect();
    let mut sends: FuturesUnordered<_> = posts
        .iter()
        .map(|post| anns.link.send(room, post))
        .collect();
    let mut acknowledged = Vec::new();
    while let Some(sent) = sends.next().await {
        acknowledged.extend(sent.ok().map(|sent| sent.message));
        if acknowledged.len() == 20 {
            here.kill().await;
        }
    }

    // Also what was committed and not published any more.
    let newest = acknowledged
        .iter()
        .map(|message| message.seq)
        .max()
        .unwrap();
    within(
        WITHOUT_REDIS,
        "what was acknowledged arrives",
        bobs.wait_event(room, newest),
    )
    .await;
    let ann = ann.at(&there);
    for post in &posts {
        let again = ann.api.post_message(room, post).await.unwrap().message;
        let known = acknowledged
            .iter()
            .find(|it| it.client_id == again.client_id);
        assert!(
            known.is_none_or(|known| *known == again),
            "{known:?} {again:?}"
        );
    }
    // The room's own first event, and each message once.
    bobs.wait_event(room, MESSAGES + 1).await;
    assert_eq!(ann.api.room(room).await.unwrap().last_seq, MESSAGES + 1);
    bobs.assert_sound();
}

#[tokio::test]
async fn without_redis_messages_still_arrive() {
    let (postgres, mut redis) = (Postgres::start().await, Redis::start().await);
    let (here, there) = two_nodes(&postgres, &redis).await;
    let ann = Person::sign_up(&here, "ann").await;
    let bob = Person::sign_up(&there, "bob").await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (anns, bobs) = (ann.device().await, bob.device().await);

    redis.kill();

    for text in ["one", "two", "three"] {
        let sent = within(
            WITHOUT_REDIS,
            "a send is acknowledged",
            anns.send(room, text),
        )
        .await
        .unwrap()
        .message;
        within(
            WITHOUT_REDIS,
            "a message arrives",
            bobs.wait_event(room, sent.seq),
        )
        .await;
    }
    let group = kith_e2e::group("New", &[ann.clone(), bob.clone()])
        .await
        .id();
    within(
        WITHOUT_REDIS,
        "a new room arrives",
        bobs.wait_event(group, 1),
    )
    .await;
    eventually("readiness says what is missing", async || {
        let ready = ann
            .api
            .request(reqwest::Method::GET, "/readyz")
            .send()
            .await
            .unwrap();
        assert_eq!(ready.status(), 200, "degraded is still ready");
        let ready: serde_json::Value = ready.json().await.unwrap();
        (ready["degraded"] == serde_json::json!(["redis"])).then_some(())
    })
    .await;

    redis.resume().await;

    eventually_within(
        Duration::from_secs(15),
        "the bus is quick again",
        async || {
            let sent = post(&ann, room, "quick").await;
            tokio::time::timeout(AT_ONCE, bobs.wait_event(room, sent.seq))
                .await
                .ok()
                .map(drop)
        },
    )
    .await;
    anns.assert_sound();
    bobs.assert_sound();
}

#[tokio::test]
async fn the_rights_that_the_documentation_gives_a_user_of_redis_are_enough() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let mut lines = include_str!("../../../docs/cluster.md").lines();
    let rights = lines.find(|line| line.starts_with("ACL SETUSER ")).unwrap();
    let rights: Vec<_> = rights.split_whitespace().collect();
    assert_eq!(redis.ask(&rights).trim(), "OK");
    let url = format!("redis://kith:PASSWORD@{}", redis.address());
    let node = async || {
        let settings = Settings::default()
            .with_postgres(&postgres.url())
            .with_redis(&url)
            .with("KITH__PRESENCE__LEASE", "3s");
        Node::start_with(settings).await
    };
    let (here, mut there) = (node().await, node().await);
    let ann = Person::sign_up(&here, "ann").await;
    let bob = Person::sign_up(&there, "bob").await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    let looks = async |status: &str| {
        eventually("a look shows who is here", async || {
            let looks = anns.link.watch(&[bob.id()]).await.unwrap();
            looks.iter().any(|it| it.status == status).then_some(())
        })
        .await;
    };

    // A message crosses, somebody goes and comes again, and their node dies: each with commands of its own.
    let sent = anns.send(room, "across").await.unwrap().message;
    bobs.wait_event(room, sent.seq).await;
    looks("online").await;
    bobs.disconnect().await;
    looks("offline").await;
    let _bobs = bob.device().await;
    looks("online").await;
    there.kill().await;
    looks("offline").await;

    assert_eq!(redis.ask(&["ACL", "LOG"]).trim(), "", "nothing was refused");
}

#[tokio::test]
async fn a_block_at_one_node_holds_at_the_other_when_it_is_answered() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let (here, there) = two_nodes(&postgres, &redis).await;
    let ann = Person::sign_up(&here, "ann").await;
    let bob = Person::sign_up(&there, "bob").await;
    befriend(&ann, &bob).await;
    bob.open_up().await;
    let room = direct_room(&ann, &bob).await.id;
    let bobs = bob.device().await;
    // Bob never stops writing, and bringing Ann into groups.
    let writing = async {
        loop {
            if let Err(refused) = bobs.send(room, "and another").await {
                return refused;
            }
        }
    };
    let grouping = async {
        loop {
            let group = NewGroup {
                name: "Come in".to_owned(),
                participant_ids: vec![ann.id()],
                client_id: None,
            };
            if let Err(refused) = bob.api.create_group(&group).await {
                return refused;
            }
        }
    };
    let blocking = async {
        eventually("both are under way", async || {
            let rooms = ann.api.rooms(&Paging::default()).await.unwrap().items;
            let spoken = ann.api.room(room).await.unwrap().last_seq > 3;
            (rooms.len() > 2 && spoken).then_some(())
        })
        .await;
        ann.api.block(bob.id()).await.unwrap();
        seen_by(&ann.at(&there), room).await
    };

    let (written, grouped, at_the_answer) = tokio::join!(writing, grouping, blocking);

    assert_eq!(written.code(), Some("not_allowed_by_privacy"));
    assert_eq!(grouped.code(), Some("not_allowed_by_privacy"));
    assert_eq!(
        seen_by(&ann, room).await,
        at_the_answer,
        "nothing got in after the answer"
    );
    let bob_here = bob.at(&here);
    assert_eq!(
        bob_here.api.user(ann.id()).await.unwrap().relation,
        "none",
        "like a stranger's"
    );
    bobs.assert_sound();
}

/// How far the room is, and in how many rooms somebody is.
async fn seen_by(person: &Person, room: RoomId) -> (u64, usize) {
    let everything = Paging {
        limit: Some(100),
        cursor: None,
    };
    (
        person.api.room(room).await.unwrap().last_seq,
        person.api.rooms(&everything).await.unwrap().items.len(),
    )
}

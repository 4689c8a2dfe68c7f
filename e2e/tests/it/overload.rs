//! Too much at once, and a database that holds everything up: what matters less is refused at once, what matters most passes, and
//! afterwards everything is as before.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use kith_e2e::{
    Device, Node, Person, Postgres, Settings, background, eventually, eventually_within, group,
    post, raw,
};
use kith_sdk::rest::{Credentials, Refresh};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// Places of the node under test; ordinary calls get twelve of them.
const PLACES: &str = "16";
/// As many as get a place.
const CROWD: usize = 12;

/// Many who ask for the same again and again until they are told to stop; gives the statuses that they saw.
async fn insist(
    people: &[Person],
    stop: &Arc<AtomicBool>,
    ask: impl AsyncFn(&Person) -> StatusCode,
) -> Vec<StatusCode> {
    let one = async |person: &Person| {
        let mut seen = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            seen.push(ask(person).await);
        }
        seen
    };
    let all = (0..CROWD).map(|n| one(&people[n % people.len()]));
    join_all(all).await.concat()
}

async fn status_of(person: &Person, method: Method, path: &str) -> StatusCode {
    let answer = person.api.request(method, path).send().await.unwrap();
    answer.status()
}

#[tokio::test]
async fn sends_resumes_and_refreshes_pass_while_history_and_search_wait_for_the_database() {
    let postgres = Postgres::start().await;
    let settings = Settings::default().with_postgres(&postgres.url());
    let node = Node::start_with(settings.with("KITH__GATEWAY__MAX_REQUESTS", PLACES)).await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Busy", &people).await.id();
    let [ann, bob] = &people;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    let first = post(ann, room, "first").await;
    let receipts = format!("/api/v1/chat/messages/{}/receipts", first.id);
    let search = "/api/v1/users/search?q=bob";
    let stop = Arc::<AtomicBool>::default();

    let held = postgres.hold("LOCK TABLE chat.message_read_receipts IN ACCESS EXCLUSIVE MODE");
    let pressing = insist(&people, &stop, async |person| {
        status_of(person, Method::GET, &receipts).await
    });
    let living = async {
        eventually("looks for people are refused", async || {
            let answer = ann.api.request(Method::GET, search).send().await.unwrap();
            (answer.status() == 503).then_some(())?;
            assert!(answer.headers().contains_key("retry-after"));
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(
                (&problem["code"], &problem["retryable"]),
                (&"unavailable".into(), &true.into())
            );
            Some(())
        })
        .await;
        for n in 0..5 {
            let sent = anns.send(room, &format!("over the socket {n}")).await;
            bobs.wait_event(room, sent.unwrap().message.seq).await;
            let sent = post(bob, room, "over REST").await;
            anns.wait_event(room, sent.seq).await;
        }
        let refresh = Refresh {
            refresh_token: ann.session.refresh_token.clone().unwrap(),
            attempt_id: None,
        };
        ann.api.refresh(&refresh).await.unwrap();
        let back = Device::resume(&bob.api, bob.token(), &bobs).await;
        back.wait_resumed().await;
        bob.api.sync(&bobs.cursors()).await.unwrap();
        back.assert_sound();
        stop.store(true, Ordering::Relaxed);
    };
    let (seen, ()) = tokio::join!(pressing, living);
    let shed = node.metric("kith_shed_total").await;
    drop(held);

    assert!(seen.iter().all(|status| *status == 503), "{seen:?}");
    assert!(shed.is_some_and(|count| count > 0.0), "shed, not queued");
    eventually("everything passes again", async || {
        let ordinary = status_of(ann, Method::GET, &receipts).await;
        let looks = status_of(ann, Method::GET, search).await;
        (ordinary == 200 && looks == 200).then_some(())
    })
    .await;
    anns.assert_sound();
    bobs.assert_sound();
}

#[tokio::test]
async fn tokens_are_refreshed_while_log_ins_wait_for_the_database() {
    let postgres = Postgres::start().await;
    let settings = Settings::default().with_postgres(&postgres.url());
    let node = Node::start_with(settings).await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let stop = Arc::<AtomicBool>::default();

    let held = postgres.hold("LOCK TABLE accounts.login_failures IN ACCESS EXCLUSIVE MODE");
    let logging_in = insist(&people, &stop, async |person| {
        let credentials = Credentials {
            username: person.username.clone(),
            password: person.password.clone(),
            device_name: None,
        };
        let refused = person.api.login(&credentials).await.unwrap_err();
        StatusCode::from_u16(refused.status().unwrap()).unwrap()
    });
    let refreshing = async {
        waiting(&postgres, 4).await;
        let mut refresh_token = people[0].session.refresh_token.clone().unwrap();
        for _ in 0..3 {
            let refresh = Refresh {
                refresh_token,
                attempt_id: None,
            };
            let session = people[0].api.refresh(&refresh).await.unwrap();
            refresh_token = session.refresh_token.unwrap();
        }
        assert_eq!(status_of(&people[0], Method::GET, "/readyz").await, 200);
        stop.store(true, Ordering::Relaxed);
    };
    let (seen, ()) = tokio::join!(logging_in, refreshing);
    drop(held);

    let passing = |status: &StatusCode| [503, 504].contains(&status.as_u16());
    assert!(seen.iter().all(passing), "{seen:?}");
    people[0].log_in(&node).await;
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_does_not_stay_in_the_database() {
    let postgres = Postgres::start().await;
    let settings = Settings::default().with_postgres(&postgres.url());
    let node = Node::start_with(settings).await;
    let people = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let room = group("Busy", &people).await.id();
    let first = post(&people[0], room, "first").await;
    let receipts = format!("/api/v1/chat/messages/{}/receipts", first.id);

    let held = postgres.hold("LOCK TABLE chat.message_read_receipts IN ACCESS EXCLUSIVE MODE");
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let request = people[0].api.request(Method::GET, &receipts);
            background(async move { request.send().await.map(drop) })
        })
        .collect();
    waiting(&postgres, 8).await;
    for call in asking {
        call.abort();
    }

    eventually_within(
        Duration::from_secs(5),
        "the statements have ended, with the lock still held",
        async || (count_waiting(&postgres) == 0).then_some(()),
    )
    .await;
    assert_eq!(
        status_of(&people[0], Method::GET, "/api/v1/chat/rooms/").await,
        200,
        "the pool has its connections back"
    );
    drop(held);
    assert_eq!(status_of(&people[0], Method::GET, &receipts).await, 200);
}

#[tokio::test]
async fn new_sockets_come_at_a_pace_and_open_ones_do_not_notice() {
    let settings = Settings::default().with("KITH__GATEWAY__SOCKETS_PER_SECOND", "2");
    let node = Node::start_with(settings).await;
    let ann = Person::sign_up(&node, "ann").await;
    let open = ann.device().await;

    let knocks = join_all((0..20).map(|_| raw::upgrade(node.address(), ""))).await;

    let of = |status: u16| {
        knocks
            .iter()
            .filter(move |(_, reply)| reply.status == Some(status))
    };
    assert_eq!(of(101).count() + of(503).count(), knocks.len());
    for (_, refused) in of(503) {
        let text = refused.text.to_lowercase();
        assert!(
            text.contains("\r\nretry-after:") && text.contains("unavailable"),
            "{text}"
        );
    }
    assert!(
        of(503).count() > 0,
        "twenty at once are more than two a second"
    );
    open.link.ping().await.unwrap();
    eventually("a later one is let in", async || {
        let (_, reply) = raw::upgrade(node.address(), "").await;
        (reply.status == Some(101)).then_some(())
    })
    .await;
}

/// Waits until so many statements wait for a lock.
async fn waiting(postgres: &Postgres, count: usize) {
    eventually("statements wait for the lock", async || {
        (count_waiting(postgres) >= count).then_some(())
    })
    .await;
}

fn count_waiting(postgres: &Postgres) -> usize {
    let query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    postgres.query(query).parse().unwrap()
}

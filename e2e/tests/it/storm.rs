//! A node dies and all of its devices come to the other one: everybody is live and at head again, and the database hardly notices.

use futures::future::join_all;
use kith_e2e::{
    DEADLINE, Device, Node, Person, Postgres, Redis, Settings, eventually, group, post, within,
};
use kith_sdk::model::RoomId;

/// People in each of as many rooms as devices a person has.
const PEOPLE: usize = 8;
/// Devices of each; a person may have 20.
const DEVICES: usize = 15;

#[tokio::test]
async fn all_devices_of_a_node_that_died_are_live_again_for_less_than_a_transaction_each() {
    let (mut postgres, redis) = (Postgres::start().await, Redis::start().await);
    postgres.query("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
    postgres.kill();
    postgres.resume().await;
    postgres.query("CREATE EXTENSION pg_stat_statements");
    let settings = || {
        Settings::default()
            .with_postgres(&postgres.url())
            .with_redis(&redis.url())
    };
    let mut dying = Node::start_with(settings()).await;
    let staying = Node::start_with(settings()).await;
    let people = Person::sign_up_crowd(&dying, "person", PEOPLE).await;
    let rooms: Vec<RoomId> =
        join_all((0..3).map(|_| async { group("Storm", &people).await.id() })).await;
    let devices = join_all((0..DEVICES).flat_map(|_| people.iter().map(Person::device))).await;
    let writer = people[0].at(&staying);
    join_all(rooms.iter().map(|room| post(&writer, *room, "before"))).await;
    join_all(devices.iter().map(|device| device.wait_event(rooms[0], 2))).await;

    dying.kill().await;
    for room in &rooms {
        post(&writer, *room, "while they are away").await;
    }
    postgres.query("SELECT pg_stat_statements_reset()");
    let back = devices.iter().enumerate().map(|(n, device)| {
        let person = people[n % PEOPLE].at(&staying);
        async move {
            let back = Device::resume(&person.api, person.token(), device).await;
            back.wait_resumed().await;
            back
        }
    });
    let back = within(DEADLINE * 2, "everybody is back", join_all(back)).await;

    let snapshots: usize = postgres
        .query("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '%FROM chat.user_rooms u%ANY%'")
        .parse()
        .unwrap();
    let all = PEOPLE * DEVICES;
    assert!(
        (1..=all / 2).contains(&snapshots),
        "{snapshots} snapshots for {all} devices"
    );
    for room in &rooms {
        let sent = post(&writer, *room, "after").await;
        join_all(back.iter().map(|device| device.wait_event(*room, sent.seq))).await;
    }
    for (before, back) in devices.iter().zip(&back) {
        before.assert_sound();
        back.assert_sound();
    }
    eventually("the node counts its sockets", async || {
        let open = staying.metric("kith_ws_sockets").await?;
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let all = all as f64;
        (open >= all).then_some(())
    })
    .await;
}

//! Two nodes over a Redis Cluster are one system; without one of its masters they are a slower one.

use std::time::Duration;

use kith_e2e::{
    Device, Node, Person, Postgres, RedisCluster, Settings, befriend, eventually_within, group,
    post, within,
};
use kith_sdk::model::RoomId;

const AT_ONCE: Duration = Duration::from_secs(1);
const BY_HEADS: Duration = Duration::from_secs(10);
/// Redis' own time to find out, to elect a replica and to tell; then ours to connect again.
const HEALED: Duration = Duration::from_secs(30);
/// Enough that by chance no master is left without one.
const ROOMS: usize = 12;

/// Two nodes with a person at each, and rooms of both.
struct Stage {
    _postgres: Postgres,
    redis: RedisCluster,
    _nodes: [Node; 2],
    ann: Person,
    bob: Person,
    anns: Device,
    bobs: Device,
    rooms: Vec<RoomId>,
}

impl Stage {
    async fn over(redis: RedisCluster) -> Self {
        let postgres = Postgres::start().await;
        let settings = || {
            Settings::default()
                .with_postgres(&postgres.url())
                .with_redis_cluster(&redis.urls())
        };
        let here = Node::start_with(settings()).await;
        let there = Node::start_with(settings()).await;
        let ann = Person::sign_up(&here, "ann").await;
        let bob = Person::sign_up(&there, "bob").await;
        befriend(&ann, &bob).await;
        let (anns, bobs) = (ann.device().await, bob.device().await);
        let mut rooms = Vec::new();
        for place in 0..ROOMS {
            let made = group(&format!("Room {place}"), &[ann.clone(), bob.clone()]).await;
            bobs.wait_event(made.id(), 1).await;
            rooms.push(made.id());
        }
        Self {
            _postgres: postgres,
            redis,
            _nodes: [here, there],
            ann,
            bob,
            anns,
            bobs,
            rooms,
        }
    }

    /// A message in each room is acknowledged, and there within this time.
    async fn talk(&self, time: Duration) {
        for room in &self.rooms {
            let sent = within(BY_HEADS, "an ok", self.anns.send(*room, "across")).await;
            let seq = sent.unwrap().message.seq;
            within(time, "a message crosses", self.bobs.wait_event(*room, seq)).await;
        }
    }

    /// Waits until messages of every room cross at once.
    async fn is_quick(&self) {
        eventually_within(HEALED, "the bus is quick", async || {
            for room in &self.rooms {
                let sent = post(&self.ann, *room, "quick").await;
                let heard = self.bobs.wait_event(*room, sent.seq);
                tokio::time::timeout(AT_ONCE, heard).await.ok()?;
            }
            Some(())
        })
        .await;
    }

    async fn says_degraded(&self, parts: serde_json::Value) {
        eventually_within(HEALED, "readiness says what is missing", async || {
            let ready = self.ann.api.request(reqwest::Method::GET, "/readyz");
            let ready = ready.send().await.unwrap();
            assert_eq!(ready.status(), 200, "degraded is still ready");
            let ready: serde_json::Value = ready.json().await.unwrap();
            (ready["degraded"] == parts).then_some(())
        })
        .await;
    }

    async fn sees_bob(&self, status: &str) {
        let bob = self.bob.id();
        eventually_within(HEALED, "a watch shows the status", async || {
            let presences = self.anns.link.watch(&[bob]).await.unwrap();
            presences
                .into_iter()
                .find(|it| it.status == status)
                .map(drop)
        })
        .await;
    }

    fn assert_sound(&self) {
        self.anns.assert_sound();
        self.bobs.assert_sound();
    }
}

#[tokio::test]
async fn two_nodes_over_a_redis_cluster_act_as_one() {
    let stage = Stage::over(RedisCluster::start(0).await).await;

    stage.is_quick().await;
    stage.talk(AT_ONCE).await;
    stage.sees_bob("online").await;

    stage.assert_sound();
}

#[tokio::test]
async fn without_a_master_messages_still_arrive() {
    let mut stage = Stage::over(RedisCluster::start(0).await).await;

    stage.redis.kill_first();

    stage.talk(BY_HEADS).await;
    stage.says_degraded(serde_json::json!(["redis"])).await;
    stage.redis.resume_first().await;
    stage.is_quick().await;
    stage.sees_bob("online").await;
    stage.says_degraded(serde_json::json!([])).await;
    stage.assert_sound();
}

#[tokio::test]
async fn a_replica_takes_the_place_of_its_master() {
    let mut stage = Stage::over(RedisCluster::start(1).await).await;

    stage.redis.kill_first();

    stage.talk(BY_HEADS).await;
    stage.redis.is_whole().await;
    stage.is_quick().await;
    stage.sees_bob("online").await;
    stage.assert_sound();
}

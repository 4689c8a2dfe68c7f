//! The stream of ended sessions.

use std::time::Duration;

use chrono::TimeDelta;
use kith_api::accounts::v1::{
    LogoutRequest, Revocation, RevocationCause, WatchRevocationsRequest, WatchRevocationsResponse,
};
use tonic::Streaming;

use crate::world::{Node, PASSWORD, World, somebody_waits_for_a_lock, user};

/// A watcher that hands out one revocation at a time.
pub(crate) struct Watch {
    stream: Streaming<WatchRevocationsResponse>,
    received: Vec<Revocation>,
}

impl Watch {
    pub(crate) async fn start(node: &Node, after_position: u64) -> Self {
        let request = WatchRevocationsRequest { after_position };
        let answer = node.streaming().watch_revocations(request).await;
        Self {
            stream: answer.unwrap().into_inner(),
            received: Vec::new(),
        }
    }

    pub(crate) async fn next(&mut self) -> Revocation {
        while self.received.is_empty() {
            let message = tokio::time::timeout(Duration::from_secs(10), self.stream.message());
            self.received = message.await.unwrap().unwrap().unwrap().revocations;
        }
        self.received.remove(0)
    }
}

#[tokio::test]
async fn every_watcher_learns_of_an_ended_session_on_any_node() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let session = nodes[0].register("alice").await;
    let mut watchers = [
        Watch::start(&nodes[0], 0).await,
        Watch::start(&nodes[0], 0).await,
        Watch::start(&nodes[1], 0).await,
    ];

    nodes[0]
        .person(&session)
        .logout(LogoutRequest {})
        .await
        .unwrap();

    for watcher in &mut watchers {
        let revocation = watcher.next().await;
        assert_eq!(revocation.session_id, session.session_id);
        assert_eq!(revocation.user_id, user(&session).user_id);
        assert_eq!(revocation.cause(), RevocationCause::Ended);
    }
}

#[tokio::test]
async fn a_watcher_goes_on_where_it_stopped() {
    let world = World::new().await;
    let node = world.node().await;
    node.register("alice").await;
    let mut ended = Vec::new();
    for _ in 0..3 {
        let session = node.login("alice", PASSWORD).await.unwrap();
        node.person(&session)
            .logout(LogoutRequest {})
            .await
            .unwrap();
        ended.push(session.session_id);
    }

    let mut whole = Watch::start(&node, 0).await;
    let first = whole.next().await;
    let mut rest = Watch::start(&node, first.position).await;

    assert_eq!(first.session_id, ended[0]);
    assert_eq!(rest.next().await.session_id, ended[1]);
    assert_eq!(rest.next().await.session_id, ended[2]);
    let mut lost = Watch::start(&node, 1_000_000).await;
    assert_eq!(
        lost.next().await,
        first,
        "a position from before a restore starts over"
    );
}

#[tokio::test]
async fn sessions_whose_tokens_have_expired_are_left_out() {
    let world = World::standing_still().await;
    let node = world.node().await;
    for name in ["alice", "bob"] {
        let session = node.register(name).await;
        node.person(&session)
            .logout(LogoutRequest {})
            .await
            .unwrap();
        world.clock.advance(TimeDelta::minutes(61));
    }
    let last = node.register("carol").await;
    node.person(&last).logout(LogoutRequest {}).await.unwrap();

    let mut watch = Watch::start(&node, 0).await;

    assert_eq!(watch.next().await.session_id, last.session_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_commits_late_is_not_skipped() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let mut watch = Watch::start(&node, 0).await;
    // Somebody has taken the next position and not committed yet.
    let mut slow = world.db.pool.begin().await.unwrap();
    sqlx::query(
        "WITH head AS (
             UPDATE accounts.revocation_head SET position = position + 1 RETURNING position
         )
         INSERT INTO accounts.revocations (position, user_id, session_id, cause, revoked_at)
         SELECT position, gen_random_uuid(), gen_random_uuid(), 1, now()
         FROM head",
    )
    .execute(&mut *slow)
    .await
    .unwrap();

    let mut person = node.person(&session);
    let logout = person.logout(LogoutRequest {});
    let commit = async {
        somebody_waits_for_a_lock(&world.db.pool).await;
        slow.commit().await.unwrap();
    };
    let (logout, ()) = tokio::join!(logout, commit);

    logout.unwrap();
    let [first, second] = [watch.next().await, watch.next().await];
    assert_eq!((first.position, second.position), (1, 2));
    assert_eq!(second.session_id, session.session_id);
}

#[tokio::test]
async fn open_streams_end_with_the_node() {
    let world = World::new().await;
    let node = world.node().await;
    let mut watch = Watch::start(&node, 0).await;

    node.tasks.shutdown().signal();

    let end = tokio::time::timeout(Duration::from_secs(5), watch.stream.message()).await;
    assert!(matches!(end, Ok(Ok(None) | Err(_))));
    assert!(
        node.tasks.finish(Duration::from_secs(5)).await,
        "jobs and server have ended"
    );
}

//! Addresses that work, that do not, and that cease to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, http::StatusCode, response::IntoResponse as _};
use kith_api::chat::v1::GetHeadsRequest;
use kith_auth::{Caller, CallerSigner, ClusterKey};
use kith_clock::Clock;
use kith_runtime::{Tasks, serve_grpc};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Status, service::Routes};

use super::*;
use crate::Upstream;

/// Longer than any test.
const NEVER: Duration = Duration::from_hours(1);

/// A node that answers every call with nothing, and counts.
struct Node {
    address: SocketAddr,
    answered: Arc<AtomicUsize>,
    tasks: Tasks,
}

impl Node {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answered = Arc::new(AtomicUsize::new(0));
        let counted = answered.clone();
        let routes = Routes::from(Router::new().fallback(async move || {
            counted.fetch_add(1, Ordering::Relaxed);
            let headers = [("content-type", "application/grpc"), ("grpc-status", "0")];
            (StatusCode::OK, headers, vec![0; 5]).into_response()
        }));
        let tasks = Tasks::new(Shutdown::new());
        let served = serve_grpc(
            routes,
            TcpListenerStream::new(listener),
            tasks.shutdown().clone(),
        );
        tasks.spawn("node", async move { served.await.unwrap() });
        Self {
            address,
            answered,
            tasks,
        }
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    async fn stop(&self) {
        self.tasks.shutdown().signal();
        assert!(self.tasks.finish(Duration::from_secs(10)).await);
    }
}

async fn ask(upstream: &Upstream) -> Result<(), Status> {
    let answer = upstream.repeat(|| async {
        let mut chat = upstream.delivery(&Caller::node("gateway"));
        chat.get_heads(GetHeadsRequest::default()).await
    });
    answer.await.map(drop)
}

/// Calls to whatever is at these addresses, which nobody looks at but for a doubt.
fn upstream(addresses: &[SocketAddr], tasks: &Tasks) -> Upstream {
    let uris = addresses
        .iter()
        .map(|it| format!("http://{it}").parse().unwrap());
    let (channel, mut members) = balance(uris.collect(), Dial::default()).unwrap();
    members.every = NEVER;
    let signer = CallerSigner::new(ClusterKey::new([42; 32]), Clock::system());
    let upstream = Upstream::new(channel, signer, Duration::from_secs(5)).following(&members);
    tasks.spawn("members", members.follow(tasks.shutdown().clone()));
    upstream
}

#[tokio::test]
async fn a_second_attempt_does_not_meet_the_dead_address_of_the_first() {
    let (dying, staying) = (Node::start().await, Node::start().await);
    let tasks = Tasks::new(Shutdown::new());
    let upstream = upstream(&[dying.address, staying.address], &tasks);
    while dying.answered() == 0 || staying.answered() == 0 {
        ask(&upstream).await.ok();
    }

    dying.stop().await;

    for _ in 0..100 {
        ask(&upstream).await.unwrap();
    }
}

#[tokio::test]
async fn a_call_whose_connection_breaks_under_way_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tasks = Tasks::new(Shutdown::new());
    // The client's first bytes come with its connection; the call's are behind them.
    tasks.spawn("breaking", async move {
        while let Ok((connection, _)) = listener.accept().await {
            connection.readable().await.unwrap();
        }
    });
    let upstream = upstream(&[address], &tasks);

    let refused = ask(&upstream).await.unwrap_err();

    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
}

fn members(uris: &[String]) -> Members {
    let uris = uris.iter().map(|uri| uri.parse().unwrap()).collect();
    balance(uris, Dial::default()).unwrap().1
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn only_addresses_at_which_something_listens_are_members() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    let closed = free_address().await;
    let members = members(&[format!("http://{open}"), format!("http://{closed}")]);

    let found = members.look().await;

    assert_eq!(found, HashSet::from([Member::Address(0, open)]));
}

#[tokio::test]
async fn a_lone_address_is_a_member_without_a_try() {
    let closed = free_address().await;
    let members = members(&[format!("http://{closed}")]);

    assert_eq!(
        members.look().await,
        HashSet::from([Member::Address(0, closed)])
    );
}

#[tokio::test]
async fn the_names_stand_in_while_no_address_works_and_go_last() {
    let mut members = members(&["http://localhost:1".to_owned()]);
    let address = Member::Address(0, "127.0.0.1:1".parse().unwrap());

    let changes = members.become_these(HashSet::from([address])).unwrap();

    assert!(matches!(
        changes[..],
        [Change::Insert(new, _), Change::Remove(Member::Name(0))] if new == address
    ));
    let back = members.become_these(HashSet::new()).unwrap();
    assert!(matches!(
        back[..],
        [Change::Insert(Member::Name(0), _), Change::Remove(old)] if old == address
    ));
}

#[test]
fn an_address_keeps_the_scheme_of_its_name() {
    let name = Name::of("https://chat.internal:9090".parse().unwrap());

    let uri = name.at("[::1]:9090".parse().unwrap());

    assert_eq!(uri.to_string(), "https://[::1]:9090/");
}

//! A gateway with very many sockets dies; all of them come to the other one at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use kith_e2e::background;
use kith_sdk::{
    backoff::Backoff,
    rest::Api,
    socket::{Connection, Hello, Upgrade},
};
use tokio::{sync::watch, time::Instant};

use super::{Fault, as_usual};
use crate::{
    scene::{Mode, Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F17",
    title: "reconnect storm",
    in_ci: false,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// Beside a person's own devices; a person may have 20.
const EACH: usize = 17;
/// All of them are back so soon.
const BACK: Duration = Duration::from_secs(20);

async fn act(scene: &mut Scene) {
    let live = Arc::new(AtomicUsize::new(0));
    let (stop, stopped) = watch::channel(false);
    let apis = scene.world.apis();
    let mut crowd = Vec::new();
    for person in &scene.traffic.people {
        for _ in 0..EACH {
            let gates: Vec<Api> = apis
                .iter()
                .map(|api| api.with_token(person.token()))
                .collect();
            crowd.push(background(stay(
                gates,
                person.token().to_owned(),
                Arc::clone(&live),
                stopped.clone(),
            )));
        }
    }
    let all = crowd.len();
    let up = all_live(&live, all, BACK * 2).await;
    scene.extra(format!("{all} sockets are open"), up.is_some());
    let at = scene.world.gateways()[0];
    scene.fault(format!("SIGKILL for the gateway that {all} sockets are at"));
    scene.world.kill(at).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let back = all_live(&live, all, BACK).await;
    let took = back.map_or_else(
        || format!("{} of them", live.load(Ordering::SeqCst)),
        |took| format!("{} ms", took.as_millis()),
    );
    let holds = back.is_some() || scene.mode == Mode::Quick;
    scene.extra(
        format!("all {all} are live again within 20 s ({took})"),
        holds,
    );
    scene.world.restart(at).await;
    scene.heal().await;
    stop.send_replace(true);
    join_all(crowd).await;
}

async fn all_live(live: &AtomicUsize, all: usize, patience: Duration) -> Option<Duration> {
    let began = Instant::now();
    while live.load(Ordering::SeqCst) < all {
        if began.elapsed() > patience {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Some(began.elapsed())
}

/// A device that only listens, at the first gate that takes it.
async fn stay(
    gates: Vec<Api>,
    token: String,
    live: Arc<AtomicUsize>,
    mut stop: watch::Receiver<bool>,
) {
    let mut backoff = Backoff::default();
    for gate in gates.iter().cycle() {
        let hello = Hello::with_token(&token);
        if let Ok(mut connection) =
            Connection::open(&gate.socket_url(), Upgrade::default(), &hello).await
        {
            backoff.reset();
            live.fetch_add(1, Ordering::SeqCst);
            loop {
                tokio::select! {
                    frame = connection.frames.next() => if frame.is_none() { break },
                    _ = stop.changed() => return,
                }
            }
            live.fetch_sub(1, Ordering::SeqCst);
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.next_delay()) => {}
            _ = stop.changed() => return,
        }
    }
}

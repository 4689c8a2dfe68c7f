//! Two devices that hardly read, and not at all, in a room that is flooded. They are told or given up; the others go on.

use std::time::Duration;

use kith_e2e::{background, raw};
use tokio::io::AsyncReadExt as _;

use super::{Fault, as_usual, keeper};
use crate::{
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F15",
    title: "devices that do not read",
    in_ci: false,
    alone: true,
    shape: Shape::Joined,
    variables: as_usual,
    act: |scene| acting(act(scene)),
};

/// Ten by the promise; the machine is shared.
const GIVEN_UP: Duration = Duration::from_secs(20);
/// What two of them may cost in memory: their queues, and what a flood leaves in the allocator.
const MEMORY: u64 = 64 << 20;

async fn act(scene: &mut Scene) {
    let room = scene.traffic.rooms[0].clone();
    let at = scene.world.gateways()[0];
    let token = scene.traffic.people[room.keeper].token().to_owned();
    let address = scene.world.node(at).address().to_owned();
    let memory = resident(scene.world.node(at).process_id());
    let hello = serde_json::json!({ "t": "hello", "token": token }).to_string();
    let mut silent = raw::upgrade(&address, "").await.0;
    let mut slow = raw::upgrade(&address, "").await.0;
    for stream in [&mut silent, &mut slow] {
        use tokio::io::AsyncWriteExt as _;
        stream
            .write_all(&raw::frame(0x81, hello.as_bytes()))
            .await
            .unwrap();
    }
    let reading = background(async move {
        let mut part = [0; 100];
        while slow.read_exact(&mut part).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });

    scene.fault("one device reads nothing, one a kilobyte a second; their room is flooded");
    keeper::flood(scene, &room, 800).await;
    let port = silent.local_addr().unwrap().port();
    let close = tokio::time::timeout(GIVEN_UP, async {
        while is_held(port) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    scene.extra(
        "who does not read is given up within 20 s",
        close.await.is_ok(),
    );
    let grown = resident(scene.world.node(at).process_id()).saturating_sub(memory);
    scene.extra(
        format!("they cost at most 64 MiB ({} MiB)", grown >> 20),
        grown <= MEMORY,
    );
    drop(silent);
    reading.abort();
    scene.heal().await;
}

/// Whether the server still holds its end of the connection from this port.
fn is_held(port: u16) -> bool {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let remote = format!(":{port:04X}");
    table.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(2);
        fields.next().is_some_and(|it| it.ends_with(&remote)) && fields.next() == Some(ESTABLISHED)
    })
}

/// Memory of a process, in bytes.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    kilobytes << 10
}

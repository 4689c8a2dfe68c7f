//! Two devices that hardly read, and not at all, in a room that is flooded. They are told or given up; the others go on.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use kith_e2e::{background, raw};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::Instant,
};

use super::{Fault, as_usual, keeper};
use crate::{
    checker::percentile,
    history::{Entry, What},
    scene::{Mode, Scene, acting},
    traffic::Club,
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

/// From the end of the flood; a device that takes nothing has been told and given up by then.
const GIVEN_UP: Duration = Duration::from_secs(10);
/// Messages of the greatest length: more than the kernel takes on the way to somebody who reads nothing.
const FLOOD: usize = 800;
/// It comes in stretches: what is compared is what slow devices do to the others, not what a busy processor does.
const STRETCHES: usize = 40;
const BETWEEN: Duration = Duration::from_millis(250);
/// What one of them may cost in memory.
const MEMORY: u64 = 2 << 20;
/// What the allocator keeps or gives back from one flood to the next, whoever reads: up to 16 MiB were seen.
const ALLOCATOR: u64 = 28 << 20;
/// 99 of 100 deliveries to the others take at most a fifth longer; below this, what they take is the scheduler's.
const NOISE: Duration = Duration::from_millis(50);

/// What a flood came to.
struct Flooded {
    /// Memory of the node after it.
    resident: u64,
    /// What 99 of 100 deliveries to the others took meanwhile.
    p99: Duration,
}

async fn act(scene: &mut Scene) {
    let room = scene.traffic.rooms[0].clone();
    let at = scene.world.gateways()[0];
    scene.fault("a room is flooded, and everybody reads");
    let before = flooded(scene, &room).await;

    let token = scene.traffic.people[room.keeper].token().to_owned();
    let address = scene.world.node(at).address().to_owned();
    let hello = serde_json::json!({ "t": "hello", "token": token }).to_string();
    let mut silent = raw::upgrade(&address, "").await.0;
    let mut slow = raw::upgrade(&address, "").await.0;
    for stream in [&mut silent, &mut slow] {
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

    scene.fault("one device reads nothing, one a kilobyte a second; the room is flooded again");
    let after = flooded(scene, &room).await;
    let began = Instant::now();
    let (client, server) = (silent.local_addr().unwrap(), silent.peer_addr().unwrap());
    while is_held(server.port(), client.port()) && began.elapsed() < GIVEN_UP * 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = began.elapsed();
    scene.extra(
        format!(
            "who takes nothing is given up within 10 s ({} ms)",
            took.as_millis()
        ),
        took <= GIVEN_UP || scene.mode == Mode::Quick,
    );
    let grown = after.resident.saturating_sub(before.resident);
    scene.extra(
        format!(
            "each of them costs at most 2 MiB beside the allocator's 28 ({} KiB for both)",
            grown >> 10
        ),
        grown <= 2 * MEMORY + ALLOCATOR,
    );
    let bearable = (before.p99 + before.p99 / 5).max(before.p99 + NOISE);
    scene.extra(
        format!(
            "the others hardly notice: 99 of 100 deliveries take {} ms, and took {}",
            after.p99.as_millis(),
            before.p99.as_millis()
        ),
        after.p99 <= bearable || scene.mode == Mode::Quick,
    );
    drop(silent);
    reading.abort();
    scene.heal().await;
}

async fn flooded(scene: &Scene, room: &Club) -> Flooded {
    let from = scene.history.elapsed();
    for _ in 0..STRETCHES {
        keeper::flood(scene, room, 0, FLOOD / STRETCHES).await;
        tokio::time::sleep(BETWEEN).await;
    }
    let node = scene.world.node(scene.world.gateways()[0]);
    Flooded {
        resident: resident(node.process_id()),
        p99: slowest_of_hundred(&scene.history.entries(), from),
    }
}

/// From the decision to send to the arrival at another device, of what devices said after `from`. Only those count that say when
/// they are connected: the SDK's clients are switched off and on all the time.
fn slowest_of_hundred(entries: &[Entry], from: u64) -> Duration {
    let mut connected = HashSet::new();
    let mut said = HashMap::new();
    let mut began = HashMap::new();
    for entry in entries {
        match &entry.what {
            What::Up { device, .. } => {
                connected.insert(device);
            }
            What::Invoke {
                client_id, device, ..
            } if entry.at >= from && device != "keeper" => {
                said.insert(client_id, entry.at);
            }
            What::Ok { client_id, id, .. } => {
                began.extend(said.get(client_id).map(|at| (*id, *at)));
            }
            _ => {}
        }
    }
    let mut took: Vec<u64> = entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Recv {
                device,
                id: Some(id),
                ..
            } if connected.contains(device) => Some(entry.at - began.get(id)?),
            _ => None,
        })
        .collect();
    took.sort_unstable();
    Duration::from_millis(percentile(&took, 99).unwrap_or(0))
}

/// Whether the server still holds its end of the connection between these ports. The client's alone may be another connection's too,
/// to another server.
fn is_held(server: u16, client: u16) -> bool {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let [near, far] = [server, client].map(|port| format!(":{port:04X}"));
    table.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().skip(1).take(3).collect();
        matches!(fields[..], [local, remote, ESTABLISHED] if local.ends_with(&near) && remote.ends_with(&far))
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

//! Rooms with 1,000 to 1,000,000 messages of history: what people do most must cost the same in all of them, in time and in the pages of the
//! database that it touches.

mod fill;
mod section;
mod statements;

use std::time::{Duration, Instant};

use anyhow::ensure;
use hdrhistogram::Histogram;
use kith_e2e::Node;
use kith_sdk::{
    model::RoomId,
    rest::{Api, MessagePost, Paging, Window},
};

use super::{Bench, runs::PROFILED, say};
use crate::{
    crowd::Crowd,
    findings::{Profile, Section},
    numbers::{micros, milliseconds},
    profile::Recording,
};

const DEPTHS: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const QUICK_DEPTHS: [u64; 3] = [1_000, 4_000, 16_000];
/// Who wrote the history; somebody else reads.
const WRITERS: usize = 9;
const CALLS: u64 = 400;
const QUICK_CALLS: u64 = 40;
/// Rooms without history that each reader is in as well.
const OTHER_ROOMS: usize = 10;
/// Leaves time for what the node does by itself after a start.
const SETTLE: Duration = Duration::from_secs(2);

/// What people do.
#[derive(Clone, Copy)]
enum Deed {
    Page,
    Unread,
    RoomList,
    Append,
}

const DEEDS: [(Deed, &str); 4] = [
    (Deed::Page, "page of 50 from the middle"),
    (Deed::Unread, "room with its unread count"),
    (Deed::RoomList, "list of 11 rooms"),
    (Deed::Append, "message appended"),
];

/// A room of some depth, and somebody in it.
struct Place {
    depth: u64,
    room: RoomId,
    reader: Api,
    writer: Api,
}

/// What one deed takes at one depth.
#[derive(Debug)]
struct Cost {
    depth: u64,
    p50_ms: f64,
    buffers: f64,
    /// In Postgres.
    execution_ms: f64,
    /// Pages, runs and text of the statements that touch most.
    heaviest: Vec<Vec<String>>,
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let depths: &[u64] = if bench.plan.quick {
        &QUICK_DEPTHS
    } else {
        &DEPTHS
    };
    let mut crowd = Crowd::gather(&bench.kith, WRITERS + depths.len()).await?;
    let rooms = rooms(&mut crowd, depths.len())?;
    for (room, depth) in rooms.iter().zip(depths) {
        say(&format!("filling a room with {depth} messages"));
        fill::room(&crowd, room, *depth)?;
    }
    fill::finish(&crowd.postgres)?;
    let node = statements::prepare(&crowd.postgres, crowd.nodes.remove(0)).await?;
    let places = places(&node, &crowd, &rooms, depths)?;
    crowd.nodes.push(node);
    std::thread::sleep(SETTLE);

    let mut found = Vec::new();
    for (deed, name) in DEEDS {
        let mut costs = Vec::new();
        for place in &places {
            let cost = cost(bench, &crowd, place, deed).await?;
            say(&format!(
                "{name}, {} messages: p50 {:.2} ms, {:.1} pages",
                cost.depth, cost.p50_ms, cost.buffers
            ));
            costs.push(cost);
        }
        found.push((name, costs));
    }
    let profile = match places.last() {
        Some(deepest) if bench.plan.profile => profiled(deepest, calls(bench)).await?,
        _ => None,
    };
    crowd.stop().await?;
    Ok(Section {
        profile,
        ..section::of(&found)
    })
}

/// One room a depth, of the writers and a reader of its own; and some empty ones of everybody.
fn rooms(crowd: &mut Crowd, count: usize) -> anyhow::Result<Vec<String>> {
    let writers: Vec<usize> = (0..WRITERS).collect();
    let with = |more: std::ops::Range<usize>| writers.iter().copied().chain(more).collect();
    let deep: Vec<Vec<usize>> = (0..count)
        .map(|at| with(WRITERS + at..WRITERS + at + 1))
        .collect();
    let empty: Vec<Vec<usize>> = (0..OTHER_ROOMS)
        .map(|_| with(WRITERS..WRITERS + count))
        .collect();
    crowd.rooms_of(&empty)?;
    let rooms = crowd.rooms_of(&deep)?;
    Ok(rooms.into_iter().map(|room| room.id).collect())
}

fn places(
    node: &Node,
    crowd: &Crowd,
    rooms: &[String],
    depths: &[u64],
) -> anyhow::Result<Vec<Place>> {
    let api = |at: usize| node.api().with_token(&crowd.members[at].token);
    rooms
        .iter()
        .zip(depths)
        .enumerate()
        .map(|(at, (room, depth))| {
            Ok(Place {
                depth: *depth,
                room: serde_json::from_value(room.as_str().into())?,
                reader: api(WRITERS + at),
                writer: api(0),
            })
        })
        .collect()
}

fn calls(bench: &Bench) -> u64 {
    if bench.plan.quick { QUICK_CALLS } else { CALLS }
}

/// All deeds in turn in one room, for the profile alone.
async fn profiled(place: &Place, calls: u64) -> anyhow::Result<Option<Profile>> {
    let Some(recording) = Recording::begin(PROFILED) else {
        return Ok(None);
    };
    let end = Instant::now() + PROFILED;
    // Numbers of messages that nobody has sent yet.
    for number in calls.. {
        if Instant::now() >= end {
            break;
        }
        for (deed, _) in DEEDS {
            place.take(deed, number).await?;
        }
    }
    Ok(recording.end())
}

async fn cost(bench: &Bench, crowd: &Crowd, place: &Place, deed: Deed) -> anyhow::Result<Cost> {
    let calls = calls(bench);
    // Plans and pages that the first calls bring into memory are not what is compared.
    for number in 0..calls / 10 {
        place.take(deed, u64::MAX - number).await?;
    }
    statements::reset(&crowd.postgres)?;
    let mut times = Histogram::<u64>::new(3)?;
    for number in 0..calls {
        let begin = Instant::now();
        place.take(deed, number).await?;
        times.record(micros(begin.elapsed()))?;
    }
    let (buffers, execution_ms) = statements::spent(&crowd.postgres, calls)?;
    Ok(Cost {
        depth: place.depth,
        p50_ms: milliseconds(times.value_at_quantile(0.5)),
        buffers,
        execution_ms,
        heaviest: statements::heaviest(&crowd.postgres, calls)?,
    })
}

impl Place {
    async fn take(&self, deed: Deed, number: u64) -> anyhow::Result<()> {
        match deed {
            Deed::Page => {
                let window = Window::Before(self.depth / 2);
                let page = self.reader.messages(self.room, window, Some(50)).await?;
                ensure!(page.items.len() == 50, "a page of {}", page.items.len());
            }
            Deed::Unread => {
                let room = self.reader.room(self.room).await?;
                ensure!(room.unread_count == 1_000, "{} unread", room.unread_count);
            }
            Deed::RoomList => {
                let rooms = self.reader.rooms(&Paging::default()).await?;
                ensure!(
                    rooms.items.len() == OTHER_ROOMS + 1,
                    "{} rooms",
                    rooms.items.len()
                );
            }
            Deed::Append => {
                let post = MessagePost {
                    client_id: format!("append-{number}"),
                    text: ".".repeat(200),
                    reply_to: None,
                };
                self.writer.post_message(self.room, &post).await?;
            }
        }
        Ok(())
    }
}

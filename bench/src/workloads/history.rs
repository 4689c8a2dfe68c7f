//! Rooms with 1,000 to 1,000,000 messages of history: what people do most must cost the same in all of them, in time and in the pages of the
//! database that it touches.

mod fill;
mod statements;

use std::time::{Duration, Instant};

use anyhow::ensure;
use hdrhistogram::Histogram;
use kith_e2e::Node;
use kith_sdk::{
    model::RoomId,
    rest::{Api, MessagePost, Paging, Window},
};

use super::{Bench, say};
use crate::{
    crowd::Crowd,
    findings::{Line, Plot, Row, Section, Table},
    numbers::{figure, float, micros, milliseconds},
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
struct Cost {
    depth: u64,
    p50_ms: f64,
    buffers: f64,
    /// In Postgres.
    execution_ms: f64,
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
    crowd.stop().await?;
    Ok(section(&found))
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

async fn cost(bench: &Bench, crowd: &Crowd, place: &Place, deed: Deed) -> anyhow::Result<Cost> {
    let calls = if bench.plan.quick { QUICK_CALLS } else { CALLS };
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

fn section(found: &[(&str, Vec<Cost>)]) -> Section {
    let (mut rows, mut table) = (Vec::new(), Vec::new());
    let (mut times, mut pages) = (Vec::new(), Vec::new());
    for (name, costs) in found {
        for cost in costs {
            table.push(vec![
                (*name).to_owned(),
                figure(float(cost.depth)),
                figure(cost.p50_ms),
                figure(cost.execution_ms),
                figure(cost.buffers),
            ]);
        }
        let (Some(first), Some(last)) = (costs.first(), costs.last()) else {
            continue;
        };
        let [buffers, time] = [last.buffers / first.buffers, last.p50_ms / first.p50_ms];
        rows.push(Row::most(
            format!("{name}: pages touched, deepest against shallowest"),
            buffers,
            "×",
            1.1,
        ));
        rows.push(Row::most(
            format!("{name}: time, deepest against shallowest"),
            time,
            "×",
            1.3,
        ));
        let line = |of: fn(&Cost) -> f64| Line {
            name: (*name).to_owned(),
            points: costs
                .iter()
                .map(|cost| (float(cost.depth), of(cost)))
                .collect(),
        };
        times.push(line(|cost| cost.p50_ms));
        pages.push(line(|cost| cost.buffers));
    }
    let plot = |title: &str, unit: &str, lines| Plot::Lines {
        title: title.to_owned(),
        over: "messages in the room".to_owned(),
        unit: unit.to_owned(),
        lines,
    };
    Section {
        title: "Depth of the history".to_owned(),
        about: "All rooms lie in the same tables. One client over REST, calls one after the other; pages of the database by pg_stat_statements. The reader has read nothing, so that 1,000 messages are unread everywhere."
            .to_owned(),
        rows,
        tables: vec![Table {
            title: "Every depth".to_owned(),
            head: ["what", "messages in the room", "p50 ms", "in Postgres, mean ms", "pages touched"]
                .map(str::to_owned)
                .to_vec(),
            rows: table,
        }],
        plots: vec![plot("Time of a call, p50", "ms", times), plot("Pages touched by a call", "pages", pages)],
        ..Section::default()
    }
}

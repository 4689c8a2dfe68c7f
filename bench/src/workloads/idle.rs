//! Idle sockets, each of another person in ten rooms: what one costs in memory. And the idle process itself.

use std::time::Duration;

use anyhow::ensure;

use super::{Bench, say};
use crate::{
    crowd::Crowd,
    driver::{Driver, Listen, Visitor},
    findings::{Bar, Kind, Plot, Row, Section},
    numbers::float_of,
    process,
    profile::Recording,
};

const COUNTS: [usize; 2] = [2_000, 10_000];
const QUICK_COUNTS: [usize; 2] = [100, 400];
const ROOMS_EACH: usize = 10;
const SEATS: usize = 10;
/// Sockets that are connected before those who are here are heard again.
const AT_ONCE: usize = 250;
/// After this long the allocator has given back what it does not need.
const SETTLE: Duration = Duration::from_secs(8);

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Section> {
    let counts = if bench.plan.quick {
        QUICK_COUNTS
    } else {
        COUNTS
    };
    let people = counts[1];
    say(&format!("{people} people sign up"));
    let mut crowd = Crowd::gather(&bench.kith, people).await?;
    crowd.rooms_of(&layout(people))?;
    say("the node starts anew, so that only the sockets are new");
    let mut node = crowd.nodes.remove(0);
    let end = node.stop().await;
    ensure!(end.success(), "kith ended with {end}");
    let node = node.restart().await;
    let started_s = node.started_in().as_secs_f64();
    let kith = node.process_id();
    crowd.nodes.push(node);
    std::thread::sleep(SETTLE);

    let empty = process::pss_kib(kith)?;
    let visitors: Vec<Visitor> = (0..people).map(|at| crowd.visitor(at)).collect();
    let mut driver = Driver::connect(&[])?;
    let mut connected = 0;
    let mut each = Vec::new();
    let mut recording = None;
    for count in counts {
        for part in visitors[connected..count].chunks(AT_ONCE) {
            driver.admit(part)?;
            // Who is here already answers pings while the others come.
            driver.play(&mut Listen::for_the_next(Duration::ZERO))?;
        }
        connected = count;
        if bench.plan.profile && count == people {
            recording = Recording::begin(SETTLE);
        }
        driver.play(&mut Listen::for_the_next(SETTLE))?;
        let kib = (process::pss_kib(kith)? - empty) / float_of(count);
        say(&format!("{count} sockets: {kib:.2} KiB each"));
        each.push((count, kib));
    }
    let profile = recording.and_then(Recording::end);
    drop(driver);
    crowd.stop().await?;
    Ok(Section {
        profile,
        ..section(&each, empty, started_s)
    })
}

/// Everybody is in ten rooms of ten: person `n` sits with those who have the same number but for one digit of another
/// place, or with neighbours at another offset, so that no two rooms have the same people.
fn layout(people: usize) -> Vec<Vec<usize>> {
    let mut rooms = Vec::with_capacity(people);
    for round in 0..ROOMS_EACH {
        // Steps that have no factor in common with the number of people reach everybody.
        let step = (1..)
            .filter(|step| gcd(*step, people) == 1)
            .nth(round)
            .unwrap_or(1);
        for room in 0..people / SEATS {
            rooms.push(
                (0..SEATS)
                    .map(|place| (room * SEATS + place) * step % people)
                    .collect(),
            );
        }
    }
    rooms
}

fn gcd(one: usize, other: usize) -> usize {
    if other == 0 {
        one
    } else {
        gcd(other, one % other)
    }
}

fn section(each: &[(usize, f64)], empty_kib: f64, started_s: f64) -> Section {
    let mut rows = Vec::new();
    let mut bars = Vec::new();
    for (at, (count, kib)) in each.iter().enumerate() {
        let what = format!("memory for each of {count} sockets");
        rows.push(if at + 1 == each.len() {
            Row::most(what, *kib, "KiB", 9.0)
        } else {
            Row::of(what, *kib, "KiB")
        });
        bars.push(Bar::of(format!("{count} sockets"), Kind::Kith, *kib));
    }
    bars.push(Bar::of("aim", Kind::Limit, 9.0));
    rows.extend([
        Row::most(
            "the idle process, without its Postgres",
            empty_kib / 1024.0,
            "MiB",
            80.0,
        ),
        Row::most("start to ready, on this data", started_s, "s", 5.0),
    ]);
    Section {
        title: "Idle sockets".to_owned(),
        about: "Each socket is another person's, authenticated and live in ten rooms of ten. What the process has more (PSS) than before the first one, the state of rooms and people included; the kernel's buffers are not in it."
            .to_owned(),
        rows,
        plots: vec![Plot::Bars {
            title: "Memory for each socket".to_owned(),
            unit: "KiB".to_owned(),
            bars,
        }],
        ..Section::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_in_ten_rooms_of_ten() {
        let people = 400;
        let mut rooms_of = vec![0; people];

        for room in layout(people) {
            let mut seats = room.clone();
            seats.sort_unstable();
            seats.dedup();
            assert_eq!(seats.len(), SEATS);
            for person in room {
                rooms_of[person] += 1;
            }
        }

        assert!(rooms_of.iter().all(|rooms| *rooms == ROOMS_EACH));
    }
}

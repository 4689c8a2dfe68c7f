//! The clocks of the nodes are wrong: an hour ahead, an hour behind, standing still. libfaketime tells that one process so; the
//! machine's clock is never touched. The order of messages does not depend on it.

use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::Fault;
use crate::{
    history::What,
    scene::{Scene, acting},
    world::Shape,
};

pub(super) const FAULT: Fault = Fault {
    id: "F18",
    title: "wrong clocks",
    in_ci: false,
    alone: false,
    shape: Shape::Joined,
    variables,
    act: |scene| acting(act(scene)),
};

/// Where Debian keeps it.
const LIBRARY: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];

/// Where a node's clock is told how wrong it is.
const FILE: &str = "FAKETIME_TIMESTAMP_FILE";

fn library() -> Option<&'static str> {
    LIBRARY
        .iter()
        .copied()
        .find(|path| Path::new(path).exists())
}

/// All nodes read their difference from a file of their own run, anew at every look at the clock.
fn variables() -> Vec<(&'static str, String)> {
    let Some(library) = library() else {
        return Vec::new();
    };
    vec![
        ("LD_PRELOAD", library.to_owned()),
        (FILE, new_file()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // Timers run on; only the time of day is wrong.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// As libfaketime reads it: a time without a sign is where the clock stays.
fn time_of_day() -> String {
    let date = Command::new("date").arg("+%F %T").output().unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}

/// Another one for each run.
fn new_file() -> String {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    format!("/tmp/kith-faults-clock-{}-{run}", std::process::id())
}

async fn act(scene: &mut Scene) {
    if library().is_none() {
        scene.extra("libfaketime is installed", false);
        scene.heal().await;
        return;
    }
    let file = scene.world.variable(FILE).to_owned();
    // A token that is not yet, or no longer, valid by a wrong clock is refused with these, by the book.
    for code in ["unauthenticated", "token_expired", "auth_failed"] {
        scene.history.add(What::Allow {
            code: code.to_owned(),
        });
    }
    // A quarter is what a token has.
    for offset in ["+5m", "-1h", "+1h"] {
        scene.fault(format!("all clocks: {offset}"));
        std::fs::write(&file, offset).unwrap();
        scene.rest(3, 12).await;
    }
    let now = time_of_day();
    scene.fault(format!("all clocks stand still at {now}"));
    std::fs::write(&file, now).unwrap();
    let before = scene.acknowledged();
    scene.rest(3, 12).await;
    let goes_on = scene.acknowledges(before, 1, Duration::ZERO).await;
    scene.extra("sends go on while the clocks stand still", goes_on);
    scene.fault("all clocks are right again");
    std::fs::write(&file, "+0").unwrap();
    scene.heal().await;
    scene.rest(1, 5).await;
    let _ = std::fs::remove_file(&file);
}

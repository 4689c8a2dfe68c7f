//! Runs schedules from one seed to another and prints those that fail: `simulate FROM COUNT [story]`.

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok());
    let (from, count) = (number().unwrap_or(0), number().unwrap_or(10_000));
    let tells = arguments.next().is_some();
    let began = Instant::now();
    let next = AtomicU64::new(from);
    let work = || {
        let mut failures = BTreeMap::new();
        let mut applied = 0;
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + count {
                return (failures, applied);
            }
            match kith_sim::run(seed, None) {
                Ok(summary) => applied += summary.applied,
                Err(failure) => {
                    failures.insert(seed, failure);
                }
            }
        }
    };
    let done: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    let mut out = std::io::stdout().lock();
    let (mut failed, mut applied) = (0, 0);
    for (failures, count) in done {
        failed += failures.len();
        applied += count;
        for (seed, failure) in failures {
            writeln!(out, "seed {seed}: {}", failure.violation)?;
            for line in failure.story.iter().filter(|_| tells) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    writeln!(
        out,
        "{count} schedules, {failed} failed, {applied} entries applied, {seconds:.1} s"
    )?;
    if failed > 0 {
        return Err(std::io::Error::other("some schedules failed"));
    }
    Ok(())
}

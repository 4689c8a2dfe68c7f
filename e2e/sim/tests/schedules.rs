//! Many random schedules, and those that have failed before.

use std::sync::atomic::{AtomicU64, Ordering};

use kith_sim::{Failure, Sabotage, Summary, run};

/// Schedules of one run of the tests; `make simulate` runs more.
const SEEDS: u64 = 10_000;

fn assert_holds(run: Result<Summary, Failure>) -> Summary {
    run.unwrap_or_else(|failure| {
        panic!(
            "seed {}: {}\n{}",
            failure.seed,
            failure.violation,
            failure.story.join("\n")
        )
    })
}

#[test]
fn every_device_has_everything_once_in_order_whatever_breaks() {
    let next = AtomicU64::new(0);
    let work = || {
        let mut total = Summary::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS {
                return Ok(total);
            }
            let summary = run(seed, None)?;
            total.committed += summary.committed;
            total.applied += summary.applied;
        }
    };
    let runs: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });

    let totals: Vec<Summary> = runs.into_iter().map(assert_holds).collect();

    let applied: u64 = totals.iter().map(|total| total.applied).sum();
    let committed: u64 = totals.iter().map(|total| total.committed).sum();
    assert!(applied > committed, "{totals:?}");
}

#[test]
fn a_seed_replays_exactly() {
    let first = run(7, None).unwrap();
    let again = run(7, None).unwrap();

    assert_eq!((first.deeds, first.applied), (again.deeds, again.applied));
}

#[test]
fn a_later_stay_goes_on_when_the_one_before_ends_below_its_cursor() {
    assert_holds(run(3191, None));
}

#[test]
fn a_detached_room_is_fetched_to_its_head_wherever_the_cursor_got_meanwhile() {
    for seed in [4118, 6121, 6457, 1_009_017] {
        assert_holds(run(seed, None));
    }
}

#[test]
fn a_stay_that_ended_while_detached_is_told_to_its_end() {
    for seed in [87, 146, 156] {
        assert_holds(run(seed, None));
    }
}

#[test]
fn a_room_is_known_before_its_first_event_also_after_a_gap_in_the_own_log() {
    assert_holds(run(382, None));
}

#[test]
fn a_page_of_a_later_stay_waits_until_the_own_log_has_told_of_it() {
    for seed in [1_025_276, 1_041_356] {
        assert_holds(run(seed, None));
    }
}

#[test]
fn a_page_of_another_epoch_never_reaches_a_device() {
    for seed in [1_049_477, 1_057_250] {
        assert_holds(run(seed, None));
    }
}

#[test]
fn a_gateway_knows_the_epoch_before_it_hears_of_anybodys_own_log() {
    for seed in [5_144_714, 5_173_915, 5_186_110, 5_188_915, 5_223_096] {
        assert_holds(run(seed, None));
    }
}

#[test]
fn a_stay_whose_beginning_was_skipped_goes_on() {
    assert_holds(run(5_117_755, None));
}

/// A bug that is put in is seen within so many schedules.
fn assert_seen(sabotage: Sabotage, letters: &str) {
    let failure = (0..500).find_map(|seed| run(seed, Some(sabotage)).err());

    let violation = failure.map(|failure| failure.violation);
    assert!(
        violation.as_ref().is_some_and(|it| it.starts_with(letters)),
        "{violation:?}"
    );
}

#[test]
fn reading_before_subscribing_is_seen() {
    assert_seen(Sabotage::ReadThenSubscribe, "I11");
}

#[test]
fn a_missing_gap_check_is_seen() {
    assert_seen(Sabotage::NoGapCheck, "");
}

#[test]
fn a_forgetful_dedup_is_seen() {
    assert_seen(Sabotage::ForgetfulDedup, "I");
}

#[test]
fn membership_kept_past_a_kick_is_seen() {
    assert_seen(Sabotage::StaleMembership, "I9");
}

#[test]
fn an_overflow_that_nobody_is_told_of_is_seen() {
    assert_seen(Sabotage::SilentOverflow, "");
}

#[test]
fn an_ignored_epoch_is_seen() {
    assert_seen(Sabotage::IgnoredEpoch, "");
}

#[test]
fn a_cursor_that_is_not_stored_with_its_events_is_seen() {
    assert_seen(Sabotage::LostCursor, "I3");
}

use proptest::prelude::*;

use super::*;

fn stretches(lengths: &[(i64, u8)]) -> Vec<Stretch<usize>> {
    let mut feed_pos = 0;
    let of = |(log, (length, kind)): (usize, &(i64, u8))| {
        feed_pos += length;
        Stretch {
            feed_pos,
            log,
            kind: [LogKind::User, LogKind::Direct, LogKind::Group][usize::from(*kind) % 3],
            from_seq: 11,
            to_seq: 10 + length,
        }
    };
    lengths.iter().enumerate().map(of).collect()
}

#[test]
fn a_stretch_is_cut_where_the_reader_is_and_where_the_budget_ends() {
    let feed = stretches(&[(5, 1), (3, 2), (4, 1)]);

    let plan = plan(&feed, 2, 5, |_| true);

    let parts: Vec<_> = plan
        .stretches
        .iter()
        .map(|part| (part.log, part.from_seq, part.to_seq, part.feed_pos))
        .collect();
    assert_eq!(parts, [(0, 13, 15, 5), (1, 11, 12, 7)]);
    assert_eq!(plan.reached, 7);
}

#[test]
fn what_is_not_wanted_is_passed_without_being_read() {
    let feed = stretches(&[(1_000, 1), (2, 2), (1_000, 1)]);

    let plan = plan(&feed, 0, 2, |kind| kind == LogKind::Group);

    assert_eq!(plan.stretches.len(), 1);
    assert_eq!(plan.reached, 2_002);
}

#[test]
fn names_are_plain() {
    for name in ["a", "trainer-2.live_x", &"x".repeat(64)] {
        assert!(is_name(name), "{name}");
    }
    for name in ["", "A", "a b", "ä", "a/b", &"x".repeat(65)] {
        assert!(!is_name(name), "{name}");
    }
}

#[test]
fn a_filter_wants_what_it_names_and_everything_when_it_names_nothing() {
    let all = Filter {
        types: Vec::new(),
        kinds: Vec::new(),
    };
    let some = Filter {
        types: vec!["room.created"],
        kinds: vec![LogKind::Group],
    };

    assert!(all.wants_type("read.moved") && all.wants_kind(LogKind::User));
    assert!(some.wants_type("room.created") && !some.wants_type("message.created"));
    assert!(some.wants_kind(LogKind::Group) && !some.wants_kind(LogKind::User));
    assert_eq!(
        (all.budget(), some.budget()),
        (READ_ENTRIES, READ_POSITIONS)
    );
}

proptest! {
    /// However the reads are cut, their parts are the whole feed, each position once and in order.
    #[test]
    fn reads_one_after_the_other_take_every_position_once(
        lengths in prop::collection::vec((1_i64..40, 0_u8..3), 1..30),
        budget in 1_i64..50,
        seen in 1_usize..8,
    ) {
        let feed = stretches(&lengths);
        let head = feed.last().map_or(0, |last| last.feed_pos);
        let mut at = 0;
        let mut positions = Vec::new();
        while at < head {
            let ahead: Vec<_> = feed.iter().filter(|one| one.feed_pos > at).take(seen).copied().collect();
            let plan = plan(&ahead, at, budget, |_| true);
            prop_assert!(plan.reached > at, "no progress at {at}");
            let mut read = 0;
            for part in &plan.stretches {
                for seq in part.from_seq..=part.to_seq {
                    positions.push(part.pos_of(seq));
                    read += 1;
                }
            }
            prop_assert!(read <= budget);
            at = plan.reached;
        }
        prop_assert_eq!(positions, (1..=head).collect::<Vec<_>>());
    }
}

use kith_clock::Clock;
use proptest::prelude::*;

use super::*;

struct Setup {
    coalescer: Coalescer,
    room_id: RoomId,
    user_id: UserId,
    start: Instant,
}

impl Setup {
    fn new() -> Self {
        let clock = Clock::mock(DateTime::UNIX_EPOCH);
        Self {
            coalescer: Coalescer::default(),
            room_id: clock.new_id().into(),
            user_id: clock.new_id().into(),
            start: Instant::now(),
        }
    }

    fn at(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    fn moved(&self, seq: i64) -> Moved {
        Moved {
            room_id: self.room_id,
            user_id: self.user_id,
            advance: Advance {
                read: Some(Mark {
                    seq,
                    at: DateTime::UNIX_EPOCH,
                }),
                delivered: None,
            },
        }
    }

    fn submit(&mut self, seq: i64, millis: u64) -> Option<Moved> {
        self.coalescer.submit(self.moved(seq), self.at(millis))
    }

    fn due(&mut self, millis: u64) -> Vec<i64> {
        let now = self.at(millis);
        seqs(&self.coalescer.take_due(Some(now), 100))
    }

    fn known(&self) -> Option<i64> {
        self.coalescer
            .find(self.room_id, self.user_id)
            .read
            .map(|mark| mark.seq)
    }
}

fn seqs(moved: &[Moved]) -> Vec<i64> {
    moved
        .iter()
        .filter_map(|moved| moved.advance.read)
        .map(|mark| mark.seq)
        .collect()
}

#[test]
fn the_first_is_written_at_once_and_the_newest_of_the_rest_when_the_second_ends() {
    let mut setup = Setup::new();

    let first = setup.submit(1, 0).unwrap();
    setup.coalescer.settle(&first, true);
    let later: Vec<_> = [(2, 100), (5, 200), (4, 300)]
        .into_iter()
        .filter_map(|(seq, millis)| setup.submit(seq, millis))
        .collect();

    assert_eq!(seqs(&[first]), [1]);
    assert!(later.is_empty());
    assert!(setup.due(999).is_empty());
    assert_eq!(setup.known(), Some(5));
    assert_eq!(setup.due(1000), [5]);
}

#[test]
fn what_is_being_written_counts_until_it_is_settled_and_waits_again_when_it_failed() {
    let mut setup = Setup::new();
    let first = setup.submit(3, 0).unwrap();

    assert_eq!(setup.known(), Some(3));
    setup.coalescer.settle(&first, false);

    assert_eq!(setup.known(), Some(3));
    assert!(setup.due(500).is_empty());
    assert_eq!(setup.due(1000), [3]);
}

#[test]
fn everything_is_given_out_at_the_end_and_nothing_is_remembered_for_ever() {
    let mut setup = Setup::new();
    let first = setup.submit(1, 0).unwrap();
    setup.coalescer.settle(&first, true);
    assert!(setup.submit(2, 10).is_none());

    let last = setup.coalescer.take_due(None, 100);
    setup.coalescer.settle(&last[0], true);
    assert!(setup.due(5000).is_empty());

    assert_eq!(seqs(&last), [2]);
    assert!(setup.coalescer.people.is_empty());
}

#[test]
fn a_person_is_asked_for_their_own_rooms_only() {
    let mut setup = Setup::new();
    let other = UserId::new(uuid::Uuid::nil());
    assert!(setup.submit(7, 0).is_some());

    assert_eq!(
        setup.coalescer.list_read(setup.user_id),
        [(setup.room_id, 7)]
    );
    assert!(setup.coalescer.list_read(other).is_empty());
}

proptest! {
    /// However advances come, writes are a second apart, rise, and end with the highest.
    #[test]
    fn writes_are_a_second_apart_and_end_with_the_newest(
        steps in prop::collection::vec((1i64..1000, 0u64..400), 1..60)
    ) {
        let mut setup = Setup::new();
        let mut millis = 0;
        let mut writes: Vec<(u64, i64)> = Vec::new();
        let mut position = 0;
        for &(seq, pause) in &steps {
            millis += pause;
            position = position.max(seq);
            let now = setup.at(millis);
            let mut out = setup.coalescer.take_due(Some(now), 100);
            out.extend(setup.submit(position, millis));
            for moved in out {
                writes.push((millis, seqs(&[moved])[0]));
                setup.coalescer.settle(&moved, true);
            }
        }
        for seq in setup.due(millis + 1000) {
            writes.push((millis + 1000, seq));
        }
        let highest = steps.iter().map(|step| step.0).max();
        prop_assert_eq!(writes.last().map(|write| write.1), highest);
        for pair in writes.windows(2) {
            prop_assert!(pair[1].0 - pair[0].0 >= 1000);
            prop_assert!(pair[1].1 >= pair[0].1);
        }
    }
}

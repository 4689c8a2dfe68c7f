//! Nodes that refuse whatever they are asked are passed over, and come back.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{health::Health, *};

const TICK: Duration = Duration::from_millis(250);
const NODES: u8 = 3;

/// A gateway with open streams to some nodes, of which some cannot do anything. Answers come at once.
struct World {
    unanswered: Unanswered,
    sick: BTreeSet<u8>,
    now: Instant,
    submitted: u64,
}

impl World {
    fn new(sick: BTreeSet<u8>) -> Self {
        let (mut unanswered, now) = (Unanswered::default(), Instant::now());
        for place in 1..=NODES {
            unanswered.open(stream(place), node(place), now);
        }
        Self {
            unanswered,
            sick,
            now,
            submitted: 0,
        }
    }

    /// Somebody does something in a room; gives the node that was asked, and whether it could.
    fn ask(&mut self, room: &str) -> (u8, bool) {
        self.submitted += 1;
        let deadline = self.now + PATIENCE;
        // Everybody for themselves: one person's talk would stay where it is.
        let from = socket(self.submitted);
        self.unanswered.add(request(&from, room, 1, deadline));
        for place in 1..=NODES {
            let asked = batch(&mut self.unanswered, stream(place));
            let Some((request_id, ..)) = asked.last() else {
                continue;
            };
            let did_it = !self.sick.contains(&place);
            self.unanswered.judge(stream(place), did_it, self.now);
            let answer = self.unanswered.answer(stream(place), *request_id, self.now);
            assert!(answer.is_some());
            return (place, did_it);
        }
        panic!("nobody was asked")
    }

    /// So much time passes, while rooms are asked in turn; gives how many were refused.
    fn talk(&mut self, time: Duration, rooms: &[String]) -> usize {
        let (until, mut refused, mut next) = (self.now + time, 0, rooms.iter().cycle());
        while self.now < until {
            let (_, did_it) = self.ask(next.next().unwrap());
            refused += usize::from(!did_it);
            self.pass(TICK);
        }
        refused
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        assert!(self.unanswered.expire(self.now).is_empty());
    }
}

fn stream(place: u8) -> StreamId {
    StreamId(place.into())
}

fn rooms() -> Vec<String> {
    (0..12).map(|n| format!("room {n}")).collect()
}

/// Who owns a room when all are well.
fn owner_of(room: &str) -> u8 {
    let rank = |place: &u8| node(*place).rank(Room::of(&read(room, 0)));
    (1..=NODES).max_by_key(rank).unwrap()
}

#[test]
fn a_node_that_only_refuses_is_passed_over_and_tried_again_with_one_talk_at_a_time() {
    let room = room_of_the_second(node(1), node(2));
    let mut unanswered = with_one();
    unanswered.open(TWO, node(2), Instant::now());
    let began = Instant::now();
    let asked = |unanswered: &mut Unanswered, id: u64| {
        unanswered.add(request(&socket(id), &room, 1, in_time()));
        let by_the_second = unanswered.has_unsent(TWO);
        batch(unanswered, ONE);
        batch(unanswered, TWO);
        by_the_second
    };

    unanswered.judge(TWO, false, began);
    unanswered.judge(TWO, false, began + Duration::from_millis(900));
    assert!(asked(&mut unanswered, 1), "it may be a passing trouble");
    unanswered.judge(TWO, false, began + Duration::from_secs(1));
    assert!(!asked(&mut unanswered, 2));
    unanswered.expire(began + Duration::from_secs(6));

    assert!(asked(&mut unanswered, 3), "its pause is over");
    assert!(!asked(&mut unanswered, 4), "with one talk");
    unanswered.judge(TWO, true, began + Duration::from_secs(6));
    assert!(asked(&mut unanswered, 5));
    assert!(asked(&mut unanswered, 6));
}

#[test]
fn who_does_anything_in_between_is_not_passed_over() {
    let mut world = World::new(BTreeSet::new());
    let room = rooms().swap_remove(0);
    for _ in 0..100 {
        let at = stream(owner_of(&room));
        world.unanswered.judge(at, false, world.now);
        world.pass(TICK * 2);
        assert_eq!(world.ask(&room), (owner_of(&room), true));
    }
}

#[test]
fn a_talk_with_anything_unanswered_stays_where_it_is() {
    let room = room_of_the_second(node(1), node(2));
    let (one, began) = (socket(1), Instant::now());
    let mut unanswered = with_one();
    unanswered.open(TWO, node(2), began);
    unanswered.add(request(&one, &room, 1, in_time()));
    for after in [0, 1] {
        unanswered.judge(TWO, false, began + Duration::from_secs(after));
    }

    unanswered.add(request(&one, &room, 2, in_time()));

    let both = [row(0, 1, "attach"), row(1, 1, "1"), row(2, 1, "2")];
    assert_eq!(batch(&mut unanswered, TWO), both);
}

#[test]
fn a_node_that_fell_silent_is_passed_over_on_its_next_stream_too() {
    let (one, room) = (socket(1), room_of_the_second(node(1), node(2)));
    let mut unanswered = with_one();
    let began = Instant::now();
    unanswered.open(TWO, node(2), began);
    unanswered.add(request(&one, &room, 1, began + PATIENCE));
    let sign = |_: &Socket| command::Command::Attach(Attach::default());
    unanswered.next_batch(TWO, began, sign);
    assert_eq!(unanswered.silent(began + SILENCE), [TWO]);
    unanswered.close(TWO);

    unanswered.open(StreamId(3), node(2), began + SILENCE);
    unanswered.add(request(&socket(2), &room, 1, began + PATIENCE * 2));

    assert!(!unanswered.has_unsent(StreamId(3)));
}

#[test]
fn a_trial_that_comes_to_nothing_is_repeated() {
    let (mut health, began) = (Health::default(), Instant::now());
    let at = |seconds| began + Duration::from_secs(seconds);
    health.fell_silent(node(1), began);
    health.tick(at(5), |_| true);
    health.asked(node(1));
    assert!(!health.takes(node(1)));

    health.tick(at(9), |_| true);
    assert!(!health.takes(node(1)));
    health.tick(at(10), |_| true);
    assert!(health.takes(node(1)), "no answer has come");
    health.asked(node(1));
    health.broke(node(1));
    assert!(health.takes(node(1)), "another stream, another trial");
    health.fell_silent(node(1), at(10));
    health.tick(at(20), |_| false);
    assert!(health.takes(node(1)), "it is no more");
}

proptest! {
    #[test]
    fn sick_nodes_are_hardly_asked_while_another_is_well_and_have_their_rooms_again_when_they_are(
        sick in prop::collection::btree_set(1..=NODES, 0..=usize::from(NODES)),
    ) {
        let mut world = World::new(sick.clone());
        let rooms = rooms();

        world.talk(Duration::from_secs(20), &rooms);
        let refused = world.talk(Duration::from_mins(2), &rooms);

        if sick.len() == usize::from(NODES) {
            for room in &rooms {
                prop_assert!(!world.ask(room).1, "somebody is asked all the same");
            }
        } else {
            // By then a pause is half a minute.
            prop_assert!(refused <= 6 * sick.len(), "{refused}");
        }
        world.sick.clear();
        world.talk(Duration::from_mins(2), &rooms);
        for room in &rooms {
            prop_assert_eq!(world.ask(room), (owner_of(room), true));
        }
    }
}

use std::sync::{
    Mutex,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

/// An entry that nobody has to encode.
#[derive(Debug)]
struct Plain {
    seq: u64,
    size: usize,
    effect: Effect,
    learned_at: Instant,
}

impl Entry for Plain {
    fn seq(&self) -> u64 {
        self.seq
    }

    fn size(&self) -> usize {
        self.size
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    fn learned_at(&self) -> Instant {
        self.learned_at
    }
}

/// A follower that writes down what it gets, and takes only so much.
#[derive(Debug, Clone)]
struct Device {
    id: u64,
    user_id: UserId,
    seen: Arc<Mutex<Vec<u64>>>,
    room: Arc<AtomicUsize>,
    told_behind: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Device {
    fn new(id: u64, user_id: UserId) -> Self {
        Self {
            id,
            user_id,
            seen: Arc::default(),
            room: Arc::new(AtomicUsize::new(usize::MAX)),
            told_behind: Arc::default(),
            ended: Arc::default(),
        }
    }

    fn seen(&self) -> Vec<u64> {
        self.seen.lock().unwrap().clone()
    }

    fn take_only(&self, count: usize) {
        self.room.store(count, Ordering::Relaxed);
    }

    fn told_behind(&self) -> usize {
        self.told_behind.load(Ordering::Relaxed)
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed) > 0
    }
}

impl Receiver for Device {
    type Entry = Plain;
    type Context = ();

    fn id(&self) -> u64 {
        self.id
    }

    fn user_id(&self) -> UserId {
        self.user_id
    }

    fn deliver(&self, entry: &Plain, (): &mut ()) -> bool {
        let room = self.room.load(Ordering::Relaxed);
        if room == 0 {
            return false;
        }
        self.room.store(room - 1, Ordering::Relaxed);
        self.seen.lock().unwrap().push(entry.seq);
        true
    }

    fn fell_behind(&self, (): &mut ()) {
        self.told_behind.fetch_add(1, Ordering::Relaxed);
    }

    fn ended(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }
}

fn user() -> UserId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into()).into()
}

fn entry_with(seq: u64, effect: Effect) -> Arc<Plain> {
    Arc::new(Plain {
        seq,
        size: 2,
        effect,
        learned_at: Instant::now(),
    })
}

fn large_entry(seq: u64) -> Arc<Plain> {
    Arc::new(Plain {
        seq,
        size: 300 * 1024,
        effect: Effect::None,
        learned_at: Instant::now(),
    })
}

fn entry(seq: u64) -> Arc<Plain> {
    entry_with(seq, Effect::None)
}

fn reading(after: u64, through: u64) -> Reading<Plain> {
    Reading {
        after,
        entries: (after + 1..=through).map(entry).collect(),
        through,
        head: through,
    }
}

/// A room's log that stands at `head`, with one live device.
fn log_at(head: u64) -> (Log<Device>, Device) {
    let mut log = Log::new(Some(1_000));
    let device = Device::new(1, user());
    log.establish(head, &mut ());
    log.join(device.clone(), head, &mut ());
    (log, device)
}

#[test]
fn early_entries_are_held_until_the_missing_one_comes() {
    let (mut log, device) = log_at(10);

    for seq in [12, 13, 10, 11, 12] {
        log.receive(entry(seq), &mut ());
    }

    assert_eq!(device.seen(), [11, 12, 13]);
    assert_eq!(log.wants_reading(&mut ()), None);
}

#[test]
fn a_missing_entry_is_read_and_what_was_held_follows() {
    let (mut log, device) = log_at(10);
    log.receive(entry(14), &mut ());

    assert_eq!(log.wants_reading(&mut ()), Some(10));
    log.apply_reading(reading(10, 13), &mut ());

    assert_eq!(device.seen(), [11, 12, 13, 14]);
    assert_eq!(log.wants_reading(&mut ()), None);
}

#[test]
fn of_what_comes_early_so_much_is_held_and_the_rest_is_read() {
    let (mut log, device) = log_at(10);
    for seq in 12..=400 {
        log.receive(entry(seq), &mut ());
    }

    log.receive(entry(11), &mut ());

    // 256 of them followed by themselves; of the others the highest seq is known.
    assert!(device.seen().into_iter().eq(11..=267));
    assert_eq!(log.wants_reading(&mut ()), Some(267));
    log.apply_reading(reading(267, 400), &mut ());
    assert!(device.seen().into_iter().eq(11..=400));
    assert_eq!(log.wants_reading(&mut ()), None);
}

#[test]
fn of_large_entries_that_come_early_a_mebibyte_is_held() {
    let (mut log, device) = log_at(10);
    for seq in 12..=20 {
        log.receive(large_entry(seq), &mut ());
    }

    log.receive(entry(11), &mut ());

    assert_eq!(device.seen(), [11, 12, 13, 14]);
    assert_eq!(log.wants_reading(&mut ()), Some(14));
    for seq in 16..=18 {
        log.receive(large_entry(seq), &mut ());
    }
    log.receive(entry(15), &mut ());
    assert!(
        device.seen().into_iter().eq(11..=18),
        "what was let go of makes room again"
    );
}

#[test]
fn what_comes_before_the_head_is_known_waits_for_it() {
    let mut log = Log::new(Some(1_000));
    let device = Device::new(1, user());
    log.join(device.clone(), 5, &mut ());
    log.receive(entry(8), &mut ());
    log.receive(entry(7), &mut ());
    assert_eq!(log.wants_reading(&mut ()), None);

    log.establish(6, &mut ());

    // 7 and 8 were held; 6 lies behind the head and is read for the one who lacks it.
    assert_eq!(log.high(), Some(8));
    assert_eq!(log.wants_reading(&mut ()), Some(5));
    log.apply_reading(reading(5, 8), &mut ());
    assert_eq!(device.seen(), [6, 7, 8]);
}

#[test]
fn who_joins_within_the_tail_needs_no_reading() {
    let (mut log, _) = log_at(10);
    for seq in 11..=20 {
        log.receive(entry(seq), &mut ());
    }
    let late = Device::new(2, user());

    log.join(late.clone(), 15, &mut ());
    log.receive(entry(21), &mut ());

    assert_eq!(late.seen(), [16, 17, 18, 19, 20, 21]);
    assert_eq!(log.wants_reading(&mut ()), None);
}

#[test]
fn who_joins_before_the_tail_is_read_for() {
    let (mut log, _) = log_at(10);
    for seq in 11..=310 {
        log.receive(entry(seq), &mut ());
    }
    let (within, before) = (Device::new(2, user()), Device::new(3, user()));

    log.join(within.clone(), 54, &mut ());
    assert_eq!(log.wants_reading(&mut ()), None);
    assert!(within.seen().into_iter().eq(55..=310), "the last 256");
    log.join(before, 53, &mut ());
    assert_eq!(log.wants_reading(&mut ()), Some(53));
}

#[test]
fn who_is_ahead_of_the_log_gets_nothing_twice() {
    let (mut log, _) = log_at(10);
    let ahead = Device::new(2, user());

    log.join(ahead.clone(), 12, &mut ());
    for seq in 11..=14 {
        log.receive(entry(seq), &mut ());
    }

    assert_eq!(ahead.seen(), [13, 14]);
}

#[test]
fn nothing_after_a_leave_reaches_the_leaver() {
    let (mut log, stays) = log_at(10);
    let leaver = Device::new(2, user());
    log.join(leaver.clone(), 10, &mut ());

    log.receive(entry(11), &mut ());
    log.receive(entry_with(12, Effect::Left(leaver.user_id)), &mut ());
    log.receive(entry(13), &mut ());

    assert_eq!(leaver.seen(), [11, 12]);
    assert!(leaver.has_ended());
    assert_eq!(stays.seen(), [11, 12, 13]);
}

#[test]
fn a_stay_that_began_before_the_last_one_was_seen_to_end_goes_on_at_its_own_beginning() {
    let (mut log, _) = log_at(10);
    let device = Device::new(2, user());
    log.join(device.clone(), 10, &mut ());

    // `room.removed` and the next `room.added` overtake the room's own events.
    log.end_stay(2, 12);
    log.begin_stay(device.clone(), 15, &mut ());
    log.receive(entry(11), &mut ());
    log.receive(entry_with(12, Effect::Left(device.user_id)), &mut ());
    for seq in 13..=16 {
        log.receive(entry(seq), &mut ());
    }

    assert_eq!(device.seen(), [11, 12, 15, 16]);
    assert!(!device.has_ended());
}

#[test]
fn a_later_end_is_not_taken_for_the_one_before_a_stay_that_was_fetched() {
    let (mut log, _) = log_at(10);
    let device = Device::new(2, user());
    log.join(device.clone(), 10, &mut ());
    log.end_stay(2, 12);
    log.begin_stay(device.clone(), 15, &mut ());
    device.take_only(0);
    for seq in 11..=16 {
        log.receive(entry(seq), &mut ());
    }
    device.take_only(usize::MAX);
    // The fetch gave what is visible of the new stay.
    log.rejoin(2, Some(16), &mut ());

    log.receive(entry_with(17, Effect::Left(device.user_id)), &mut ());
    log.receive(entry(18), &mut ());

    assert_eq!(device.seen(), [17]);
    assert!(device.has_ended());
}

#[test]
fn who_falls_behind_on_the_way_to_the_end_of_their_stay_is_out() {
    let (mut log, _) = log_at(10);
    let device = Device::new(2, user());
    log.join(device.clone(), 10, &mut ());
    log.end_stay(2, 12);
    device.take_only(0);

    log.receive(entry(11), &mut ());

    assert!(device.has_ended());
    device.take_only(usize::MAX);
    log.rejoin(2, Some(11), &mut ());
    log.receive(entry(12), &mut ());
    assert!(device.seen().is_empty());
}

#[test]
fn the_end_of_a_stay_does_not_end_the_one_that_was_fetched_after_it() {
    let (mut log, _) = log_at(20);
    let device = Device::new(2, user());
    log.join(device.clone(), 20, &mut ());
    device.take_only(0);
    log.receive(entry(21), &mut ());
    device.take_only(usize::MAX);
    // They left with 22 and came back with 25, and have fetched up to 26 before their own log says any of it.
    for seq in 22..=26 {
        log.receive(entry(seq), &mut ());
    }
    log.rejoin(2, Some(26), &mut ());

    log.end_stay(2, 22);
    log.begin_stay(device.clone(), 25, &mut ());
    log.receive(entry(27), &mut ());

    assert_eq!(device.seen(), [27]);
}

#[test]
fn a_full_queue_detaches_only_its_own_room_seat_until_it_asks() {
    let (mut log, fast) = log_at(10);
    let slow = Device::new(2, user());
    log.join(slow.clone(), 10, &mut ());
    slow.take_only(2);

    for seq in 11..=15 {
        log.receive(entry(seq), &mut ());
    }
    assert_eq!(fast.seen(), [11, 12, 13, 14, 15]);
    assert_eq!(slow.seen(), [11, 12]);
    assert_eq!(slow.told_behind(), 1);

    slow.take_only(usize::MAX);
    log.rejoin(2, Some(14), &mut ());
    log.receive(entry(16), &mut ());

    assert_eq!(slow.seen(), [11, 12, 15, 16]);
}

#[test]
fn a_gap_of_more_than_a_thousand_is_skipped_and_told() {
    let (mut log, device) = log_at(10);
    log.hear_of(1_011);

    assert_eq!(log.wants_reading(&mut ()), None);

    assert_eq!(log.high(), Some(1_011));
    assert_eq!(device.told_behind(), 1);
    log.receive(entry(1_012), &mut ());
    assert!(device.seen().is_empty());
}

#[test]
fn a_persons_log_is_read_over_its_holes() {
    let mut log = Log::new(None);
    let device = Device::new(1, user());
    log.establish(3, &mut ());
    log.join(device.clone(), 3, &mut ());
    log.hear_of(9);

    assert_eq!(log.wants_reading(&mut ()), Some(3));
    let with_holes = Reading {
        after: 3,
        entries: vec![entry(5), entry(8)],
        through: 9,
        head: 9,
    };
    log.apply_reading(with_holes, &mut ());
    log.receive(entry(10), &mut ());

    assert_eq!(device.seen(), [5, 8, 10]);
}

#[test]
fn who_lost_entries_of_their_own_log_gets_them_from_where_they_stood() {
    let mut log = Log::new(None);
    let device = Device::new(1, user());
    log.establish(0, &mut ());
    log.join(device.clone(), 0, &mut ());
    device.take_only(1);
    for seq in 1..=3 {
        log.receive(entry(seq), &mut ());
    }

    device.take_only(usize::MAX);
    log.rejoin(1, None, &mut ());

    assert_eq!(device.seen(), [1, 2, 3]);
}

/// What can happen to a room's log on a node.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// The next event commits, and its live copy is lost, comes now, or comes later.
    Commit(Fate),
    /// A late copy, or one that came before, arrives.
    Arrive(usize),
    /// Anti-entropy.
    Compare,
    /// The reading that the log wants is done; at most so many entries.
    Read(u64),
    /// Another device, with everything up to so many events ago.
    Join(u64),
    /// A device's queue fills up after so many entries.
    Fill(usize, usize),
    /// It is empty again, and the device fetches to the head.
    Fetch(usize),
    /// A device's person leaves the room.
    Leave(usize),
    Forget,
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Live,
    Late,
    Lost,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let fate = prop_oneof![
        4 => Just(Fate::Live),
        2 => Just(Fate::Late),
        1 => Just(Fate::Lost),
    ];
    let act = prop_oneof![
        12 => fate.prop_map(Act::Commit),
        6 => any::<usize>().prop_map(Act::Arrive),
        2 => Just(Act::Compare),
        4 => (1u64..20).prop_map(Act::Read),
        2 => (0u64..30).prop_map(Act::Join),
        1 => (any::<usize>(), 0usize..4).prop_map(|(who, room)| Act::Fill(who, room)),
        2 => any::<usize>().prop_map(Act::Fetch),
        1 => any::<usize>().prop_map(Act::Leave),
        1 => Just(Act::Forget),
    ];
    prop::collection::vec(act, 1..200)
}

/// The log as the database has it, the node's copy of it, and the devices.
struct Model {
    committed: Vec<Effect>,
    late: Vec<u64>,
    log: Log<Device>,
    /// Each with the seq that it had when it joined, and what a fetch gave it.
    devices: Vec<(Device, u64)>,
}

impl Model {
    fn new() -> Self {
        let mut log = Log::new(Some(1_000));
        log.establish(0, &mut ());
        Self {
            committed: Vec::new(),
            late: Vec::new(),
            log,
            devices: Vec::new(),
        }
    }

    fn head(&self) -> u64 {
        self.committed.len() as u64
    }

    fn entry(&self, seq: u64) -> Arc<Plain> {
        entry_with(seq, self.committed[usize::try_from(seq).unwrap() - 1])
    }

    fn commit(&mut self, effect: Effect, fate: Fate) {
        self.committed.push(effect);
        let seq = self.head();
        match fate {
            Fate::Live => {
                let entry = self.entry(seq);
                self.log.receive(entry, &mut ());
            }
            Fate::Late => self.late.push(seq),
            Fate::Lost => {}
        }
    }

    fn read(&mut self, most: u64) {
        if let Some(after) = self.log.wants_reading(&mut ()) {
            let through = self.head().min(after + most);
            let reading = Reading {
                after,
                entries: (after + 1..=through).map(|seq| self.entry(seq)).collect(),
                through,
                head: self.head(),
            };
            self.log.apply_reading(reading, &mut ());
        }
    }

    /// What `fetch` does: the device takes everything up to the head out of band.
    fn fetch(&mut self, who: usize) {
        let head = self.head();
        let (device, _) = &self.devices[who];
        device.take_only(usize::MAX);
        let is_behind = device.told_behind() > 0;
        if !is_behind || device.has_ended() {
            return;
        }
        device.told_behind.store(0, Ordering::Relaxed);
        let last = device.seen().last().copied().unwrap_or(self.devices[who].1);
        for seq in last + 1..=head {
            device.seen.lock().unwrap().push(seq);
            if self.committed[usize::try_from(seq).unwrap() - 1] == Effect::Left(device.user_id) {
                // Chat would answer `not_found`; the person's own log ends the stay.
                device.ended.store(1, Ordering::Relaxed);
                self.log.end_stay(device.id, seq);
                return;
            }
        }
        self.log.rejoin(device.id, Some(head), &mut ());
    }

    fn act(&mut self, act: Act) {
        let who = |index: usize| (!self.devices.is_empty()).then(|| index % self.devices.len());
        match act {
            Act::Commit(fate) => self.commit(Effect::None, fate),
            Act::Arrive(index) if !self.late.is_empty() => {
                // Left in the list: a copy may come twice.
                let entry = self.entry(self.late[index % self.late.len()]);
                self.log.receive(entry, &mut ());
            }
            Act::Compare => {
                let head = self.head();
                self.log.hear_of(head);
            }
            Act::Read(most) => self.read(most),
            Act::Join(ago) => {
                let cursor = self.head().saturating_sub(ago);
                let device = Device::new(self.devices.len() as u64, user());
                self.log.join(device.clone(), cursor, &mut ());
                self.devices.push((device, cursor));
            }
            Act::Fill(index, room) => {
                if let Some(who) = who(index) {
                    self.devices[who].0.take_only(room);
                }
            }
            Act::Fetch(index) => {
                if let Some(who) = who(index) {
                    self.fetch(who);
                }
            }
            Act::Leave(index) => {
                if let Some(who) = who(index) {
                    let user_id = self.devices[who].0.user_id;
                    self.commit(Effect::Left(user_id), Fate::Late);
                }
            }
            Act::Forget => self.log.forget_tail(Instant::now()),
            Act::Arrive(_) => {}
        }
    }

    /// Everything heals: queues drain, heads are compared, the log is read.
    fn heal(&mut self) {
        for who in 0..self.devices.len() {
            self.fetch(who);
        }
        let head = self.head();
        self.log.hear_of(head);
        for _ in 0..1_000 {
            self.read(50);
        }
        for who in 0..self.devices.len() {
            self.fetch(who);
        }
    }

    /// From where it joined to the head, or to its person's leave: everything, once, in order.
    fn expected(&self, device: &Device, joined_at: u64) -> Vec<u64> {
        let mut expected = Vec::new();
        for seq in joined_at + 1..=self.head() {
            expected.push(seq);
            if self.committed[usize::try_from(seq).unwrap() - 1] == Effect::Left(device.user_id) {
                break;
            }
        }
        expected
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_each_device_gets_everything_once_in_order_up_to_its_leave(acts in acts()) {
        let mut model = Model::new();

        for act in acts {
            model.act(act);
            for (device, joined_at) in &model.devices {
                let seen = device.seen();
                let expected = model.expected(device, *joined_at);
                prop_assert_eq!(&seen[..], &expected[..seen.len().min(expected.len())]);
            }
        }
        model.heal();

        for (device, joined_at) in &model.devices {
            prop_assert_eq!(device.seen(), model.expected(device, *joined_at));
        }
    }
}

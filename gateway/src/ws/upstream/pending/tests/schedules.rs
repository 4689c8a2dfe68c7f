//! Any schedule of sends, streams that open, break or die with their node, and answers: each command is answered once, and what a socket does in a room
//! takes effect in its order. A node goes on with what it got on a stream that broke, as slowly as it likes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const NODES: usize = 3;
const SOCKETS: usize = 2;
const ROOMS: usize = 4;

#[derive(Debug, Clone, Copy)]
enum Step {
    Submit {
        socket: usize,
        room: usize,
    },
    Open(usize),
    /// The node lives.
    Break(usize),
    Die(usize),
    Send(usize),
    /// The node does the next that it was told.
    Work(usize),
    /// The next answer arrives, if its stream is still there.
    Hear(usize),
    Close {
        socket: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let node = 0..NODES;
    let socket = 0..SOCKETS;
    prop_oneof![
        6 => (socket.clone(), 0..ROOMS).prop_map(|(socket, room)| Step::Submit { socket, room }),
        3 => node.clone().prop_map(Step::Open),
        2 => node.clone().prop_map(Step::Break),
        1 => node.clone().prop_map(Step::Die),
        6 => node.clone().prop_map(Step::Send),
        8 => node.clone().prop_map(Step::Work),
        6 => node.prop_map(Step::Hear),
        1 => socket.prop_map(|socket| Step::Close { socket }),
    ]
}

#[derive(Default)]
struct Node {
    open: Option<StreamId>,
    inbox: VecDeque<(StreamId, Command)>,
    answers: VecDeque<(StreamId, u64)>,
}

struct World {
    unanswered: Unanswered,
    nodes: [Node; NODES],
    sockets: Vec<Arc<Socket>>,
    streams: u64,
    attached: BTreeSet<(StreamId, u64)>,
    /// Of each talk: how much was submitted, and what took effect.
    submitted: BTreeMap<(u64, String), u64>,
    effects: BTreeMap<(u64, String), Vec<u64>>,
    answered: BTreeMap<(u64, String), BTreeSet<u64>>,
}

impl World {
    fn new() -> Self {
        Self {
            unanswered: Unanswered::default(),
            nodes: Default::default(),
            sockets: (1..).take(SOCKETS).map(socket).collect(),
            streams: 0,
            attached: BTreeSet::new(),
            submitted: BTreeMap::new(),
            effects: BTreeMap::new(),
            answered: BTreeMap::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Submit { socket, room } => self.submit(socket, &format!("room {room}")),
            Step::Open(at) => self.open(at),
            Step::Break(at) => self.close(at),
            Step::Die(at) => {
                self.close(at);
                self.nodes[at] = Node::default();
            }
            Step::Send(at) => self.send(at),
            Step::Work(at) => self.work(at),
            Step::Hear(at) => self.hear(at),
            Step::Close { socket } => {
                let id = self.sockets[socket].id;
                self.unanswered.add(Submission::Gone(id));
            }
        }
    }

    fn submit(&mut self, socket: usize, room: &str) {
        let socket = &self.sockets[socket];
        let seq = self
            .submitted
            .entry((socket.id, room.to_owned()))
            .or_default();
        *seq += 1;
        self.unanswered.add(request(socket, room, *seq, in_time()));
    }

    fn open(&mut self, at: usize) {
        if self.nodes[at].open.is_none() {
            self.streams += 1;
            let id = StreamId(self.streams);
            self.nodes[at].open = Some(id);
            let owner = node(u8::try_from(at).unwrap());
            self.unanswered.open(id, owner, Instant::now());
        }
    }

    fn close(&mut self, at: usize) {
        if let Some(id) = self.nodes[at].open.take() {
            self.unanswered.close(id);
        }
    }

    fn send(&mut self, at: usize) {
        if let Some(id) = self.nodes[at].open {
            let commands = next_batch(&mut self.unanswered, id);
            self.nodes[at]
                .inbox
                .extend(commands.into_iter().map(|it| (id, it)));
        }
    }

    fn work(&mut self, at: usize) {
        let Some((stream, command)) = self.nodes[at].inbox.pop_front() else {
            return;
        };
        let handle = (stream, command.handle);
        match command.command.unwrap() {
            command::Command::Attach(_) => assert!(self.attached.insert(handle), "twice"),
            command::Command::Detach(_) => assert!(self.attached.remove(&handle), "not there"),
            command::Command::MarkRoomAsRead(it) => {
                assert!(self.attached.contains(&handle), "nobody's");
                let effects = self
                    .effects
                    .entry((command.handle, it.room_id))
                    .or_default();
                // A repeat has no effect.
                if !effects.contains(&it.seq) {
                    effects.push(it.seq);
                }
                self.nodes[at]
                    .answers
                    .push_back((stream, command.request_id));
            }
            _ => unreachable!(),
        }
    }

    fn hear(&mut self, at: usize) {
        let Some((stream, request_id)) = self.nodes[at].answers.pop_front() else {
            return;
        };
        if self.nodes[at].open != Some(stream) {
            return;
        }
        let answered = self.unanswered.answer(stream, request_id, Instant::now());
        if let Some(pending) = answered {
            let command::Command::MarkRoomAsRead(it) = pending.command else {
                unreachable!()
            };
            let talk = (pending.socket.id, it.room_id);
            let is_new = self.answered.entry(talk).or_default().insert(it.seq);
            assert!(is_new, "answered twice");
        }
    }

    fn settle(&mut self) {
        for at in 0..NODES {
            self.open(at);
        }
        let mut rounds = 0;
        while !self.unanswered.pending.is_empty() {
            rounds += 1;
            // In each, every node does one thing; there are no more than that.
            assert!(rounds < 2_000, "some are lost");
            for at in 0..NODES {
                self.send(at);
                self.work(at);
                self.hear(at);
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_or_answered_twice_and_order_is_kept(steps in prop::collection::vec(step(), 0..150)) {
        let mut world = World::new();

        for step in steps {
            world.take(step);
        }
        world.settle();

        for (talk, count) in &world.submitted {
            let all: Vec<u64> = (1..=*count).collect();
            prop_assert_eq!(&world.effects[talk], &all);
            prop_assert!(world.answered[talk].iter().eq(&all));
        }
        prop_assert!(world.unanswered.talks.is_empty());
    }
}

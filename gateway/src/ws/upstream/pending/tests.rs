//! What is sent where and in which order, whom it answers, and what happens when streams come and go.

use std::sync::Arc;

use kith_api::chat::v1::{Attach, MarkRoomAsRead};
use kith_clock::Clock;

use super::*;
use crate::{Config, admission::Admission};

mod passing_over;
mod schedules;

const ONE: StreamId = StreamId(1);
const TWO: StreamId = StreamId(2);
const PATIENCE: Duration = Duration::from_secs(8);

fn socket(id: u64) -> Arc<Socket> {
    let clock = Clock::system();
    Arc::new(Socket::new(
        id,
        clock.new_id().into(),
        clock.new_id().into(),
    ))
}

fn node(place: u8) -> Owner {
    Owner::at(Some(([10, 0, 0, place], 9090).into()))
}

/// The name of a room that the second of these nodes owns.
fn room_of_the_second(first: Owner, second: Owner) -> String {
    (0..100)
        .map(|n| n.to_string())
        .find(|name| {
            let room = Room::of(&read(name, 0));
            second.rank(room) > first.rank(room)
        })
        .unwrap()
}

fn read(room: &str, seq: u64) -> command::Command {
    command::Command::MarkRoomAsRead(MarkRoomAsRead {
        room_id: room.to_owned(),
        seq,
    })
}

fn request(socket: &Arc<Socket>, room: &str, seq: u64, deadline: Instant) -> Submission {
    Submission::Request(Pending {
        socket: socket.clone(),
        reference: "a".into(),
        command: read(room, seq),
        deadline,
        traceparent: None,
        admitted: Admission::new(&Config::for_test()).admit_send().unwrap(),
    })
}

fn in_time() -> Instant {
    Instant::now() + PATIENCE
}

fn next_batch(unanswered: &mut Unanswered, id: StreamId) -> Vec<Command> {
    unanswered.next_batch(id, Instant::now(), |socket| {
        command::Command::Attach(Attach {
            caller: socket.id.to_string(),
        })
    })
}

fn batch(unanswered: &mut Unanswered, id: StreamId) -> Vec<(u64, u64, String)> {
    next_batch(unanswered, id)
        .into_iter()
        .map(|command| {
            let word = match command.command.unwrap() {
                command::Command::Attach(_) => "attach".to_owned(),
                command::Command::Detach(_) => "detach".to_owned(),
                command::Command::MarkRoomAsRead(it) => it.seq.to_string(),
                _ => "other".to_owned(),
            };
            (command.request_id, command.handle, word)
        })
        .collect()
}

fn row(id: u64, handle: u64, word: &str) -> (u64, u64, String) {
    (id, handle, word.to_owned())
}

/// With a stream to the first node.
fn with_one() -> Unanswered {
    let mut unanswered = Unanswered::default();
    unanswered.open(ONE, node(1), Instant::now());
    unanswered
}

#[test]
fn a_broken_stream_repeats_what_is_unanswered_in_its_order_after_attaching_again() {
    let (one, two) = (socket(1), socket(2));
    let mut unanswered = with_one();
    for submission in [
        request(&one, "r", 11, in_time()),
        request(&two, "r", 21, in_time()),
        Submission::Notice(one.clone(), read("r", 0)),
        request(&one, "r", 12, in_time()),
    ] {
        unanswered.add(submission);
    }

    let first = batch(&mut unanswered, ONE);
    unanswered.answer(ONE, 2, Instant::now()).unwrap();
    unanswered.close(ONE);
    unanswered.add(request(&one, "r", 13, in_time()));
    unanswered.add(Submission::Notice(one, read("r", 0)));
    unanswered.open(TWO, node(1), Instant::now());
    let second = batch(&mut unanswered, TWO);

    assert_eq!(
        first,
        [
            row(0, 1, "attach"),
            row(1, 1, "11"),
            row(0, 2, "attach"),
            row(2, 2, "21"),
            row(0, 1, "0"),
            row(3, 1, "12"),
        ]
    );
    assert_eq!(
        second,
        [
            row(0, 1, "attach"),
            row(1, 1, "11"),
            row(3, 1, "12"),
            row(4, 1, "13"),
        ]
    );
}

#[test]
fn what_is_done_in_a_room_goes_to_its_owner_once_nothing_before_it_is_unanswered_elsewhere() {
    let one = socket(1);
    let room = room_of_the_second(node(1), node(2));
    let mut unanswered = with_one();
    unanswered.add(request(&one, &room, 1, in_time()));
    unanswered.open(TWO, node(2), Instant::now());

    unanswered.add(request(&one, &room, 2, in_time()));
    unanswered.add(Submission::Notice(one.clone(), read(&room, 0)));
    let kept = batch(&mut unanswered, ONE);
    for id in [1, 2] {
        unanswered.answer(ONE, id, Instant::now()).unwrap();
    }
    unanswered.add(request(&one, &room, 3, in_time()));

    let before = [
        row(0, 1, "attach"),
        row(1, 1, "1"),
        row(2, 1, "2"),
        row(0, 1, "0"),
    ];
    assert_eq!(kept, before);
    assert!(!unanswered.has_unsent(ONE));
    assert_eq!(
        batch(&mut unanswered, TWO),
        [row(0, 1, "attach"), row(3, 1, "3")]
    );
}

#[test]
fn another_node_takes_over_what_a_dead_one_had_at_once() {
    let one = socket(1);
    let room = room_of_the_second(node(1), node(2));
    let mut unanswered = with_one();
    unanswered.open(TWO, node(2), Instant::now());
    for seq in [1, 2, 3] {
        unanswered.add(request(&one, &room, seq, in_time()));
    }
    let sent = batch(&mut unanswered, TWO);
    unanswered.answer(TWO, 1, Instant::now()).unwrap();

    unanswered.close(TWO);

    assert_eq!(sent.len(), 4);
    let moved = [row(0, 1, "attach"), row(2, 1, "2"), row(3, 1, "3")];
    assert_eq!(batch(&mut unanswered, ONE), moved);
}

#[test]
fn a_socket_is_detached_wherever_it_is_attached() {
    let (one, room) = (socket(1), room_of_the_second(node(1), node(2)));
    let mut unanswered = with_one();
    unanswered.open(TWO, node(2), Instant::now());
    unanswered.add(Submission::Notice(one, read(&room, 1)));
    unanswered.add(Submission::Gone(1));
    unanswered.add(Submission::Gone(2));

    assert_eq!(
        batch(&mut unanswered, TWO),
        [row(0, 1, "attach"), row(0, 1, "1"), row(0, 1, "detach")]
    );
    assert_eq!(batch(&mut unanswered, ONE), []);
}

#[test]
fn what_has_waited_too_long_is_neither_sent_nor_answered_later() {
    let one = socket(1);
    let now = Instant::now();
    let mut unanswered = with_one();
    unanswered.add(request(&one, "r", 1, now));
    unanswered.add(request(&one, "r", 2, now + PATIENCE));

    let expired = unanswered.expire(now);

    assert_eq!(expired.len(), 1);
    assert!(unanswered.answer(ONE, 1, now).is_none());
    assert_eq!(
        batch(&mut unanswered, ONE),
        [row(0, 1, "attach"), row(2, 1, "2")]
    );
}

#[test]
fn a_node_that_was_asked_and_says_nothing_is_given_up_while_there_is_another() {
    let (one, room) = (socket(1), room_of_the_second(node(1), node(2)));
    let mut unanswered = Unanswered::default();
    let began = Instant::now();
    unanswered.open(TWO, node(2), began);
    let asked = began + PATIENCE;
    for seq in [1, 2] {
        unanswered.add(request(&one, &room, seq, asked + PATIENCE));
    }
    let sign = |_: &Socket| command::Command::Attach(Attach::default());
    unanswered.next_batch(TWO, asked, sign);
    let late = asked + SILENCE;

    assert_eq!(unanswered.silent(late), [], "it is the only one");
    unanswered.open(ONE, node(1), began);
    assert_eq!(unanswered.silent(late - Duration::from_millis(1)), []);
    assert_eq!(unanswered.silent(late), [TWO]);
    unanswered.answer(TWO, 1, late);
    assert_eq!(unanswered.silent(late), [], "it has said something");
    unanswered.answer(TWO, 2, late);
    assert_eq!(unanswered.silent(late + SILENCE), [], "nobody asks it");
}

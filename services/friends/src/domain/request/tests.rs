//! The rules of friend requests as tables.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const SENDER: UserId = UserId::new(Uuid::from_u128(1));
const RECEIVER: UserId = UserId::new(Uuid::from_u128(2));
const OTHER: UserId = UserId::new(Uuid::from_u128(3));

fn request(status: RequestStatus, hidden: bool) -> FriendRequest {
    FriendRequest {
        id: Uuid::from_u128(9).into(),
        sender: SENDER,
        receiver: RECEIVER,
        note: String::new(),
        status,
        hidden,
        create_time: DateTime::UNIX_EPOCH,
        respond_time: None,
    }
}

#[test]
fn each_answer_counts_from_the_right_person_and_state_only() {
    use {Action::*, AnswerRefusal::*, RequestStatus::*};
    let cases = [
        (RECEIVER, Accept, Pending, Ok(Answer::Becomes(Accepted))),
        (RECEIVER, Decline, Pending, Ok(Answer::Becomes(Declined))),
        (SENDER, Cancel, Pending, Ok(Answer::Becomes(Cancelled))),
        (RECEIVER, Accept, Accepted, Ok(Answer::Unchanged)),
        (RECEIVER, Decline, Declined, Ok(Answer::Unchanged)),
        (SENDER, Cancel, Cancelled, Ok(Answer::Unchanged)),
        (RECEIVER, Decline, Accepted, Err(Closed)),
        (RECEIVER, Accept, Declined, Err(Closed)),
        (RECEIVER, Accept, Cancelled, Err(Closed)),
        (SENDER, Cancel, Accepted, Err(Closed)),
        (SENDER, Cancel, Declined, Err(Closed)),
        (SENDER, Accept, Pending, Err(NotTheirs)),
        (SENDER, Decline, Accepted, Err(NotTheirs)),
        (RECEIVER, Cancel, Pending, Err(NotTheirs)),
        (RECEIVER, Cancel, Cancelled, Err(NotTheirs)),
        (OTHER, Accept, Pending, Err(Unseen)),
        (OTHER, Cancel, Accepted, Err(Unseen)),
    ];
    for (viewer, action, status, expected) in cases {
        assert_eq!(
            request(status, false).answer(viewer, action),
            expected,
            "{viewer} {action:?} {status:?}"
        );
    }
}

#[test]
fn a_hidden_request_is_the_senders_alone() {
    let hidden = request(RequestStatus::Pending, true);

    assert_eq!(hidden.viewers(), [SENDER]);
    assert_eq!(
        hidden.answer(RECEIVER, Action::Accept),
        Err(AnswerRefusal::Unseen)
    );
    assert_eq!(
        hidden.answer(SENDER, Action::Cancel),
        Ok(Answer::Becomes(RequestStatus::Cancelled))
    );
}

const FACTS: SendFacts = SendFacts {
    sender_blocks: false,
    receiver_blocks: false,
    friends: false,
    mutual: false,
    incoming: false,
    outgoing: false,
    policy: Audience::Everyone,
};

#[test]
fn a_new_request_is_judged_by_what_is_between_the_two() {
    use {SendOutcome::*, SendRefusal::*};
    let ask = Ok(Ask { hidden: false });
    // Who blocks, what they are, who asked already; from first to last in the order of judgement.
    let cases = [
        ("nothing", ask),
        ("sender_blocks", Err(Blocking)),
        ("sender_blocks friends incoming outgoing", Err(Blocking)),
        ("friends", Err(AlreadyFriends)),
        ("friends incoming", Err(AlreadyFriends)),
        ("incoming", Ok(AcceptTheirs)),
        ("incoming outgoing", Ok(AcceptTheirs)),
        ("outgoing", Err(AlreadyRequested)),
        ("receiver_blocks", Ok(Ask { hidden: true })),
        ("receiver_blocks outgoing", Err(AlreadyRequested)),
    ];
    for (words, expected) in cases {
        let has = |word| words.split(' ').any(|one| one == word);
        let facts = SendFacts {
            sender_blocks: has("sender_blocks"),
            receiver_blocks: has("receiver_blocks"),
            friends: has("friends"),
            incoming: has("incoming"),
            outgoing: has("outgoing"),
            ..FACTS
        };
        assert_eq!(facts.judge(), expected, "{words}");
    }
}

#[test]
fn settings_count_only_where_nobody_has_asked() {
    use {Audience::*, SendOutcome::*, SendRefusal::*};
    let cases = [
        (Nobody, true, false, Err(Privacy)),
        (Nobody, true, true, Ok(AcceptTheirs)),
        (FriendsOfFriends, false, false, Err(Privacy)),
        (FriendsOfFriends, true, false, Ok(Ask { hidden: false })),
        (Everyone, false, false, Ok(Ask { hidden: false })),
    ];
    for (policy, mutual, incoming, expected) in cases {
        let facts = SendFacts {
            mutual,
            incoming,
            policy,
            ..FACTS
        };
        assert_eq!(facts.judge(), expected, "{facts:?}");
    }
}

proptest! {
    #[test]
    fn the_sender_cannot_tell_whether_the_receiver_blocks_them(
        mutual: bool, outgoing: bool, policy in prop_oneof![Just(Audience::Everyone), Just(Audience::FriendsOfFriends), Just(Audience::Nobody)],
    ) {
        let open = SendFacts { mutual, outgoing, policy, ..FACTS };
        let blocked = SendFacts { receiver_blocks: true, ..open };

        let seen = |facts: SendFacts| facts.judge().map(|outcome| matches!(outcome, SendOutcome::Ask { .. }));

        prop_assert_eq!(seen(open), seen(blocked));
    }
}

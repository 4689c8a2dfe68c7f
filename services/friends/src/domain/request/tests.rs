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
    use {Audience::*, SendOutcome::*, SendRefusal::*};
    let friends = SendFacts {
        friends: true,
        ..FACTS
    };
    let incoming = SendFacts {
        incoming: true,
        ..FACTS
    };
    let outgoing = SendFacts {
        outgoing: true,
        ..FACTS
    };
    let cases = [
        (FACTS, Ok(Ask { hidden: false })),
        (friends, Err(AlreadyFriends)),
        (incoming, Ok(AcceptTheirs)),
        (
            SendFacts {
                policy: Nobody,
                ..incoming
            },
            Ok(AcceptTheirs),
        ),
        (outgoing, Err(AlreadyRequested)),
        (
            SendFacts {
                policy: Nobody,
                ..outgoing
            },
            Err(AlreadyRequested),
        ),
        (
            SendFacts {
                sender_blocks: true,
                ..FACTS
            },
            Err(Blocking),
        ),
        (
            SendFacts {
                policy: Nobody,
                mutual: true,
                ..FACTS
            },
            Err(Privacy),
        ),
        (
            SendFacts {
                policy: FriendsOfFriends,
                ..FACTS
            },
            Err(Privacy),
        ),
        (
            SendFacts {
                policy: FriendsOfFriends,
                mutual: true,
                ..FACTS
            },
            Ok(Ask { hidden: false }),
        ),
    ];
    for (facts, expected) in cases {
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

//! What an import of another system's graph asks for, and what became of each row.

use chrono::{DateTime, Utc};
use kith_error::Violation;
use kith_ids::{FriendRequestId, UserId};
use uuid::Uuid;

use super::request::{SendFacts, SendOutcome, SendRefusal};

/// Two people who were friends elsewhere, or of whom the first had asked the second.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub from: UserId,
    pub to: UserId,
    /// Friends since then; none: since now.
    pub since: Option<DateTime<Utc>>,
    /// Of a request.
    pub note: String,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Created,
    /// It was there already.
    Unchanged,
    Refused(Violation),
}

/// What an imported request leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A pending request; the receiver may not see it.
    Ask { hidden: bool },
    /// They asked too: friends at once.
    Befriend,
}

/// Something that an import made, of which its people are told after the commit: a request, or a friendship under an id that no request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Made {
    pub id: FriendRequestId,
    pub from: UserId,
    pub to: UserId,
}

impl Made {
    const BYTES: usize = 48;

    /// Several, as they wait in the outbox.
    pub(crate) fn encode(all: &[Self]) -> Vec<u8> {
        let ids = all
            .iter()
            .flat_map(|one| [*one.id.as_uuid(), *one.from.as_uuid(), *one.to.as_uuid()]);
        ids.flat_map(Uuid::into_bytes).collect()
    }

    /// The same back; bytes that are no whole one are left out.
    pub(crate) fn decode(bytes: &[u8]) -> Vec<Self> {
        let uuid = |bytes: &[u8]| Uuid::from_slice(bytes).unwrap_or_default();
        bytes
            .chunks_exact(Self::BYTES)
            .map(|one| Self {
                id: uuid(&one[..16]).into(),
                from: uuid(&one[16..32]).into(),
                to: uuid(&one[32..]).into(),
            })
            .collect()
    }
}

impl Outcome {
    /// Refused because of a field.
    pub(crate) fn refused(field: &str, code: &str, message: &str) -> Self {
        Self::Refused(Violation::new(field, code, message))
    }

    /// Nobody is imported as their own friend.
    pub(crate) fn refused_self() -> Self {
        Self::refused("friend_id", "cannot_target_self", "the same person twice")
    }

    /// A block or a setting stands against it; an import is no way around them.
    pub(crate) fn refused_by_privacy() -> Self {
        Self::refused(
            "friend_id",
            "not_allowed_by_privacy",
            "a block or a privacy setting does not allow it",
        )
    }
}

/// Judges an imported friendship: friends stay friends, and nothing passes a block.
pub(crate) fn judge_friendship(facts: SendFacts) -> Outcome {
    if facts.friends {
        return Outcome::Unchanged;
    }
    if facts.sender_blocks || facts.receiver_blocks {
        return Outcome::refused_by_privacy();
    }
    Outcome::Created
}

/// Judges an imported request by the rule for every request; what is there already is no error here.
pub(crate) fn judge_request(facts: SendFacts) -> Result<Step, Outcome> {
    match facts.judge() {
        Ok(SendOutcome::Ask { hidden }) => Ok(Step::Ask { hidden }),
        Ok(SendOutcome::AcceptTheirs) => Ok(Step::Befriend),
        Err(SendRefusal::AlreadyFriends | SendRefusal::AlreadyRequested) => Err(Outcome::Unchanged),
        Err(SendRefusal::Blocking | SendRefusal::Privacy) => Err(Outcome::refused_by_privacy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::privacy::Audience;

    const STRANGERS: SendFacts = SendFacts {
        sender_blocks: false,
        receiver_blocks: false,
        friends: false,
        mutual: false,
        incoming: false,
        outgoing: false,
        policy: Audience::Everyone,
    };

    #[test]
    fn an_import_passes_no_block() {
        for (sender_blocks, receiver_blocks) in [(true, false), (false, true)] {
            let facts = SendFacts {
                sender_blocks,
                receiver_blocks,
                ..STRANGERS
            };

            assert_eq!(judge_friendship(facts), Outcome::refused_by_privacy());
        }
        let blocking = SendFacts {
            sender_blocks: true,
            ..STRANGERS
        };
        assert_eq!(judge_request(blocking), Err(Outcome::refused_by_privacy()));
        let blocked = SendFacts {
            receiver_blocks: true,
            ..STRANGERS
        };
        assert_eq!(judge_request(blocked), Ok(Step::Ask { hidden: true }));
    }

    #[test]
    fn what_was_made_survives_the_outbox() {
        let id = Uuid::from_u128;
        let made = [1, 4].map(|n| Made {
            id: id(n).into(),
            from: id(n + 1).into(),
            to: id(n + 2).into(),
        });

        assert_eq!(Made::decode(&Made::encode(&made)), made);
        assert_eq!(Made::decode(&[]), []);
    }

    #[test]
    fn what_is_there_already_stays() {
        let friends = SendFacts {
            friends: true,
            ..STRANGERS
        };
        let asked = SendFacts {
            outgoing: true,
            ..STRANGERS
        };
        let crossed = SendFacts {
            incoming: true,
            ..STRANGERS
        };

        assert_eq!(judge_friendship(STRANGERS), Outcome::Created);
        assert_eq!(judge_friendship(friends), Outcome::Unchanged);
        assert_eq!(judge_request(friends), Err(Outcome::Unchanged));
        assert_eq!(judge_request(asked), Err(Outcome::Unchanged));
        assert_eq!(judge_request(crossed), Ok(Step::Befriend));
    }
}

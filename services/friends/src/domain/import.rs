//! What an import of another system's graph asks for, and what became of each row.

use chrono::{DateTime, Utc};
use kith_error::Violation;
use kith_ids::UserId;

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

//! Two people, in order, and what chat must know of them.

use kith_ids::UserId;

use super::privacy::Audience;

/// Two different people, the smaller id first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pair {
    lo: UserId,
    hi: UserId,
}

/// What decides who may write to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PairFacts {
    pub friends: bool,
    /// One of them blocks the other.
    pub blocked: bool,
    /// One of them is deleted.
    pub gone: bool,
    /// Whom `lo` lets write to them.
    pub lo_messages: Audience,
    /// Whom `hi` lets write to them.
    pub hi_messages: Audience,
}

/// What chat judges a send by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PairFlags {
    pub lo_may_message_hi: bool,
    pub hi_may_message_lo: bool,
    pub blocked: bool,
}

/// A pair's flags as of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PairState {
    pub pair: Pair,
    pub flags: PairFlags,
    pub version: i64,
}

impl Pair {
    /// The pair of two people; none for one and the same.
    pub(crate) fn of(one: UserId, other: UserId) -> Option<Self> {
        match one.cmp(&other) {
            std::cmp::Ordering::Less => Some(Self { lo: one, hi: other }),
            std::cmp::Ordering::Greater => Some(Self { lo: other, hi: one }),
            std::cmp::Ordering::Equal => None,
        }
    }

    pub(crate) const fn lo(&self) -> UserId {
        self.lo
    }

    pub(crate) const fn hi(&self) -> UserId {
        self.hi
    }

    /// Both, in order.
    pub(crate) const fn both(&self) -> [UserId; 2] {
        [self.lo, self.hi]
    }
}

impl PairFacts {
    /// Who may write to whom: the recipient's policy decides, and neither a block nor a deleted account lets anything through.
    pub(crate) fn flags(self) -> PairFlags {
        let open = !self.blocked && !self.gone;
        PairFlags {
            lo_may_message_hi: open && self.hi_messages.admits(self.friends, false),
            hi_may_message_lo: open && self.lo_messages.admits(self.friends, false),
            blocked: self.blocked,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn audience() -> impl Strategy<Value = Audience> {
        prop_oneof![
            Just(Audience::Everyone),
            Just(Audience::Friends),
            Just(Audience::Nobody)
        ]
    }

    proptest! {
        #[test]
        fn a_pair_is_the_same_from_both_sides(one: u128, other: u128) {
            let (one, other) = (UserId::new(Uuid::from_u128(one)), UserId::new(Uuid::from_u128(other)));

            let pair = Pair::of(one, other);

            prop_assert_eq!(pair, Pair::of(other, one));
            prop_assert_eq!(pair.is_none(), one == other);
            prop_assert!(pair.is_none_or(|pair| pair.lo() < pair.hi()));
        }

        #[test]
        fn nothing_passes_a_block_or_a_deleted_account(
            friends: bool, blocked: bool, gone: bool, lo_messages in audience(), hi_messages in audience(),
        ) {
            let flags = PairFacts { friends, blocked, gone, lo_messages, hi_messages }.flags();

            prop_assert_eq!(flags.blocked, blocked);
            if blocked || gone {
                prop_assert!(!flags.lo_may_message_hi && !flags.hi_may_message_lo);
            } else {
                prop_assert_eq!(flags.lo_may_message_hi, hi_messages == Audience::Everyone || (hi_messages == Audience::Friends && friends));
                prop_assert_eq!(flags.hi_may_message_lo, lo_messages == Audience::Everyone || (lo_messages == Audience::Friends && friends));
            }
        }
    }
}

//! Two people in order, and what friends said about them.

use kith_ids::UserId;

/// Two different people, the smaller id first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PairKey {
    pub(crate) lo: UserId,
    pub(crate) hi: UserId,
}

/// What friends said of a pair, at one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) key: PairKey,
    /// Rises with every change; an older one is ignored.
    pub(crate) version: i64,
    pub(crate) lo_may_message_hi: bool,
    pub(crate) hi_may_message_lo: bool,
    pub(crate) blocked: bool,
}

impl PairKey {
    /// Orders two people; none when they are one.
    pub(crate) fn of(a: UserId, b: UserId) -> Option<Self> {
        (a != b).then(|| Self {
            lo: a.min(b),
            hi: a.max(b),
        })
    }
}

impl Pair {
    /// Whether this one of the two may write to the other.
    pub(crate) fn may_message(&self, from: UserId) -> bool {
        if from == self.key.lo {
            self.lo_may_message_hi
        } else {
            from == self.key.hi && self.hi_may_message_lo
        }
    }
}

#[cfg(test)]
mod tests {
    use kith_clock::Clock;

    use super::*;

    #[test]
    fn a_pair_is_the_same_from_both_sides_and_each_has_their_own_right() {
        let clock = Clock::mock(chrono::DateTime::UNIX_EPOCH);
        let [a, b, stranger]: [UserId; 3] = std::array::from_fn(|_| clock.new_id().into());
        let key = PairKey::of(b, a).unwrap();
        let pair = Pair {
            key,
            version: 1,
            lo_may_message_hi: true,
            hi_may_message_lo: false,
            blocked: false,
        };

        assert_eq!(PairKey::of(a, b), Some(key));
        assert_eq!(PairKey::of(a, a), None);
        assert!(pair.may_message(key.lo));
        assert!(!pair.may_message(key.hi));
        assert!(!pair.may_message(stranger));
    }
}

//! The feed's rules: what a consumer is called, what it wants, and which parts of logs the next read takes.

/// Entries of one read, and so of one answer: what a slow consumer may cost in memory.
pub(crate) const READ_ENTRIES: i64 = 256;
/// Positions that one read passes when messages are not wanted: the rest is rare, and found without looking at each.
pub(crate) const READ_POSITIONS: i64 = 20_000;

/// Which kind of log a stretch is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogKind {
    User,
    Direct,
    Group,
}

/// Part of a log at its place in the feed: entry `to_seq` is at `feed_pos`, the one before it at `feed_pos - 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch<L> {
    pub(crate) feed_pos: i64,
    pub(crate) log: L,
    pub(crate) kind: LogKind,
    pub(crate) from_seq: i64,
    pub(crate) to_seq: i64,
}

/// What a consumer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    /// The words of the types; none: all.
    pub(crate) types: Vec<&'static str>,
    /// The kinds of rooms; none: all, and people's logs.
    pub(crate) kinds: Vec<LogKind>,
}

/// What the next read takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan<L> {
    /// Each cut to what is read of it, in order.
    pub(crate) stretches: Vec<Stretch<L>>,
    /// Everything up to here is read, or not wanted.
    pub(crate) reached: i64,
}

impl<L> Stretch<L> {
    /// The position of an entry of this stretch.
    pub(crate) const fn pos_of(&self, seq: i64) -> i64 {
        self.feed_pos - (self.to_seq - seq)
    }
}

impl Filter {
    /// Whether events of this type are wanted.
    pub(crate) fn wants_type(&self, word: &str) -> bool {
        self.types.is_empty() || self.types.contains(&word)
    }

    /// Whether logs of this kind are wanted at all.
    pub(crate) fn wants_kind(&self, kind: LogKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// How many positions one read may pass.
    pub(crate) fn budget(&self) -> i64 {
        if self.wants_type("message.created") {
            READ_ENTRIES
        } else {
            READ_POSITIONS
        }
    }
}

/// Cuts stretches, given in their order, to what lies above a position and within the budget; leaves out what is not wanted, at no cost.
pub(crate) fn plan<L: Copy>(
    stretches: &[Stretch<L>],
    after: i64,
    budget: i64,
    wants: impl Fn(LogKind) -> bool,
) -> Plan<L> {
    let mut plan = Plan {
        stretches: Vec::new(),
        reached: after,
    };
    let mut left = budget;
    for stretch in stretches {
        let first = stretch
            .from_seq
            .max(stretch.to_seq - (stretch.feed_pos - plan.reached) + 1);
        if !wants(stretch.kind) {
            plan.reached = stretch.feed_pos;
            continue;
        }
        if left == 0 {
            break;
        }
        let last = stretch.to_seq.min(first + left - 1);
        let feed_pos = stretch.pos_of(last);
        plan.stretches.push(Stretch {
            feed_pos,
            from_seq: first,
            to_seq: last,
            ..*stretch
        });
        left -= last - first + 1;
        plan.reached = feed_pos;
    }
    plan
}

/// Whether this may name a consumer: 1 to 64 of `a-z 0-9 - _ .`.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests;

//! What must hold of every history, whatever happened: the invariants I1 to I14 as pure functions of what people saw and
//! what the database holds. Knows nothing of faults.

mod deliveries;
mod endings;
mod facts;
mod positions;
mod sends;
#[cfg(test)]
mod tests;

use kith_sdk::model::RoomId;

use crate::{dump::Dump, history::Entry};
pub(crate) use endings::{percentile, times};
use facts::Facts;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which invariant, such as `I1`.
    pub invariant: &'static str,
    /// What is wrong.
    pub text: String,
    /// Words by which the lines of the history that belong to it are found.
    pub keys: Vec<String>,
    /// When it was seen, if it was at a moment.
    pub at: Option<u64>,
}

/// What is judged by the clock.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Of 100 devices 95 have everything so soon after the heal.
    pub healed_p95_ms: u64,
    /// All devices have.
    pub healed_ms: u64,
}

/// One sentence for each invariant.
pub const INVARIANTS: &[(&str, &str)] = &[
    (
        "I1",
        "what was acknowledged is stored as it was sent and reaches every device that may see it",
    ),
    ("I2", "nothing arrives that was not sent"),
    (
        "I3",
        "every device applies every entry once, and every send has one place",
    ),
    (
        "I4",
        "the order is the same and without gaps for everybody, as frames arrive",
    ),
    ("I5", "a room's log is 1..last_seq"),
    ("I6", "what was refused for good left nothing"),
    ("I7", "what may have happened happened for all or for none"),
    (
        "I8",
        "what one device says one after the other has rising places",
    ),
    ("I9", "nobody gets anything from outside of their stays"),
    (
        "I10",
        "read positions never go back and are the same on all devices",
    ),
    (
        "I11",
        "everybody has everything soon after the heal, and in time while only hints are lost",
    ),
    (
        "I12",
        "sockets, files, tasks, connections, transactions and subscriptions go back to what they were",
    ),
    ("I13", "unread counts are what counting gives"),
    (
        "I14",
        "only documented answers; nothing breaks, nothing hangs",
    ),
];

/// Reads a whole run.
pub fn check(entries: &[Entry], dump: &Dump, bounds: &Bounds) -> Vec<Finding> {
    let facts = Facts::new(entries, dump);
    let mut findings = sends::check(&facts);
    findings.extend(deliveries::check(&facts));
    findings.extend(positions::check(&facts));
    findings.extend(endings::check(entries, bounds));
    findings
}

/// Whether all devices know the positions that are stored; and whether what was answered is stored, of which a node that dies
/// may take the last second with it.
pub(crate) fn positions_agree(entries: &[Entry], dump: &Dump) -> (bool, bool) {
    let facts = Facts::new(entries, dump);
    (
        positions::read(&facts).is_empty(),
        positions::are_answered_stored(&facts),
    )
}

/// Whether what people were told last to be unread is what counting gives.
pub(crate) fn counts_agree(entries: &[Entry], dump: &Dump) -> bool {
    positions::unread(&Facts::new(entries, dump)).is_empty()
}

/// Reads a run that died before the database could be read.
pub fn check_without_dump(entries: &[Entry]) -> Vec<Finding> {
    let bounds = Bounds {
        healed_p95_ms: u64::MAX,
        healed_ms: u64::MAX,
    };
    endings::check(entries, &bounds)
}

impl Finding {
    fn new(invariant: &'static str, text: impl Into<String>) -> Self {
        Self {
            invariant,
            text: text.into(),
            keys: Vec::new(),
            at: None,
        }
    }

    fn at(self, at: u64) -> Self {
        Self {
            at: Some(at),
            ..self
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "ids and texts alike, without an & at twenty calls"
    )]
    fn about(mut self, key: impl ToString) -> Self {
        self.keys.push(key.to_string());
        self
    }

    fn in_room(self, room: RoomId, seq: u64) -> Self {
        self.about(format!("\"room\":\"{room}\",\"seq\":{seq}"))
    }
}

//! What one run of a load gave.

use hdrhistogram::Histogram;

use super::pass::Tally;
use crate::{
    cost::{Each, Spent},
    numbers::{float, milliseconds},
};

/// From this share of a processor on, other work on the machine is noted as disturbing.
pub(crate) const FOREIGN: f64 = 0.25;

/// Figures of one run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) acknowledged_per_s: f64,
    /// To everybody but the sender.
    pub(crate) delivered_per_s: f64,
    pub(crate) refused: u64,
    /// Send to receive.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) longest_ms: f64,
    /// Send to answer.
    pub(crate) answer_p50_ms: f64,
    pub(crate) answer_p99_ms: f64,
    /// Reads that were answered, and how long that took; zero where nobody reads.
    pub(crate) reads_per_s: f64,
    pub(crate) read_p50_ms: f64,
    pub(crate) read_p99_ms: f64,
    pub(crate) reads_refused: u64,
    /// Microseconds of processor time for each acknowledged message.
    pub(crate) per_message: Each,
    /// Processors in use.
    pub(crate) cores: Each,
    /// Microseconds of kith, Postgres and Redis for each delivery.
    pub(crate) per_delivery_us: f64,
    /// Processors that other work took.
    pub(crate) foreign: f64,
}

impl Outcome {
    pub(super) fn of(tally: &Tally, spent: &Spent) -> Self {
        let seconds = spent.seconds();
        let used = spent.used();
        let per_message = used.times(1e6 / float(tally.acknowledged.max(1)));
        let cores = used.times(1.0 / seconds);
        let at = |times: &Histogram<u64>, quantile| milliseconds(times.value_at_quantile(quantile));
        Self {
            acknowledged_per_s: float(tally.acknowledged) / seconds,
            delivered_per_s: tally.to_others / seconds,
            refused: tally.refused,
            p50_ms: at(&tally.delivery, 0.5),
            p99_ms: at(&tally.delivery, 0.99),
            longest_ms: milliseconds(tally.delivery.max()),
            answer_p50_ms: at(&tally.answer, 0.5),
            answer_p99_ms: at(&tally.answer, 0.99),
            reads_per_s: float(tally.read.len()) / seconds,
            read_p50_ms: at(&tally.read, 0.5),
            read_p99_ms: at(&tally.read, 0.99),
            reads_refused: tally.reads_refused,
            per_message,
            cores,
            per_delivery_us: used.served() * 1e6 / tally.to_others.max(1.0),
            foreign: spent.foreign() / seconds,
        }
    }

    /// Something else used the machine.
    pub(crate) fn is_disturbed(&self) -> bool {
        self.foreign >= FOREIGN
    }
}

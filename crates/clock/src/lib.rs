//! What time is it, and what is the next id? Both are asked of a [`Clock`] that is handed in, so that tests decide
//! the answers.
#![warn(missing_docs)]

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt as _;
use uuid::Uuid;

/// Tells time and makes ids. Cheap to clone; clones of a mock share its time.
#[derive(Debug, Clone, Default)]
pub struct Clock(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    System,
    Mock(Arc<Mock>),
}

#[derive(Debug)]
struct Mock {
    now: Mutex<DateTime<Utc>>,
    ids: AtomicU64,
}

impl Clock {
    /// The machine's clock, and random ids.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`], with ids that count up.
    pub fn mock(start: DateTime<Utc>) -> Self {
        Self(Source::Mock(Arc::new(Mock {
            now: Mutex::new(start),
            ids: AtomicU64::new(0),
        })))
    }

    /// The current time, in UTC.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the machine"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => Utc::now(),
            Source::Mock(mock) => *mock.now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// A fresh UUIDv7 of the current millisecond.
    pub fn new_id(&self) -> Uuid {
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or(0);
        let random = match &self.0 {
            Source::System => random_bytes(),
            Source::Mock(mock) => {
                let mut bytes = [0; 10];
                let count = mock.ids.fetch_add(1, Ordering::Relaxed);
                bytes[2..].copy_from_slice(&count.to_be_bytes());
                bytes
            }
        };
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// Moves a mock's time; does nothing to the system clock.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Mock(mock) = &self.0 {
            let mut now = mock.now.lock().unwrap_or_else(PoisonError::into_inner);
            *now += by;
        }
    }
}

/// Bytes from the operating system's generator, for tokens and keys.
#[expect(clippy::disallowed_methods, reason = "the one source of randomness")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill(&mut bytes);
    bytes
}

/// A factor in `[1 - spread, 1 + spread]`, so that periodic work of many nodes does not fall together.
#[expect(clippy::disallowed_methods, reason = "the one source of randomness")]
pub fn jitter(spread: f64) -> f64 {
    rand::rng().random_range(1.0 - spread..=1.0 + spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mock_stands_still_until_advanced() {
        let clock = Clock::mock(DateTime::UNIX_EPOCH);

        clock.advance(TimeDelta::seconds(5));

        assert_eq!(clock.now().timestamp(), 5);
    }

    #[test]
    fn ids_are_version_7_and_rise_in_a_mock() {
        let clock = Clock::mock(DateTime::UNIX_EPOCH);

        let (first, second) = (clock.new_id(), clock.new_id());

        assert_eq!(first.get_version_num(), 7);
        assert!(first < second);
    }
}

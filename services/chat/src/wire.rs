//! The proto forms of what the logs hold. The store keeps event bodies encoded, the fan-out carries them, the calls answer
//! with them: one rendering for all three.

pub(crate) mod message;
pub(crate) mod pair;
pub(crate) mod room;
pub(crate) mod user;
pub(crate) mod user_event;

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// A time for the wire.
pub(crate) fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        // Below 10^9 in every time that Postgres can hold (there are no leap seconds in it).
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0),
    }
}

/// A time from the wire; none when it is out of range.
pub(crate) fn time(timestamp: &Timestamp) -> Option<DateTime<Utc>> {
    let nanos = u32::try_from(timestamp.nanos).ok()?;
    DateTime::from_timestamp(timestamp.seconds, nanos)
}

/// A seq or useq from Postgres, where it is never negative.
pub(crate) fn seq(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

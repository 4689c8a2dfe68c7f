//! Times: RFC 3339 in UTC with exactly three digits after the second.

use chrono::{DateTime, SecondsFormat, Utc};
use prost_types::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A moment, RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-11-22T10:15:00.000Z"))]
pub(crate) struct Time(DateTime<Utc>);

impl Time {
    /// The moment of a field that is always set; the epoch if a service left it out.
    pub(crate) fn required(timestamp: Option<Timestamp>) -> Self {
        Self::optional(timestamp).unwrap_or(Self(DateTime::UNIX_EPOCH))
    }

    /// The moment of a field that may be absent.
    pub(crate) fn optional(timestamp: Option<Timestamp>) -> Option<Self> {
        let timestamp = timestamp?;
        let nanos = u32::try_from(timestamp.nanos).ok()?;
        DateTime::from_timestamp(timestamp.seconds, nanos).map(Self)
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

//! How long the call that a task works on has left: what it asks of others must not take longer, or it would go on for a
//! caller who has gone.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use http::HeaderMap;

/// Digits of a `grpc-timeout`; the protocol allows no more.
const MAX_DIGITS: usize = 8;

tokio::task_local! {
    static END: Instant;
}

/// What the call has left, zero when it is overdue. None outside of calls, for callers without a deadline, and in work
/// that outlives its call (a task of its own).
pub fn time_left() -> Option<Duration> {
    END.try_with(|end| end.saturating_duration_since(Instant::now()))
        .ok()
}

/// Runs a call whose caller waits so long, or without an end.
pub async fn within<F: Future>(timeout: Option<Duration>, call: F) -> F::Output {
    match timeout.and_then(|timeout| Instant::now().checked_add(timeout)) {
        Some(end) => END.scope(end, call).await,
        None => call.await,
    }
}

/// The caller's `grpc-timeout`: up to eight digits and a unit. One that cannot be read is none, as for the server.
pub(crate) fn timeout_of(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty()
        || digits.len() > MAX_DIGITS
        || !digits.bytes().all(|it| it.is_ascii_digit())
    {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3_600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-timeout"),
            text.parse().unwrap(),
        )]);
        timeout_of(&headers)
    }

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        for (text, expected) in [
            ("2H", Some(Duration::from_hours(2))),
            ("3M", Some(Duration::from_mins(3))),
            ("10S", Some(Duration::from_secs(10))),
            ("250m", Some(Duration::from_millis(250))),
            ("99999999u", Some(Duration::from_micros(99_999_999))),
            ("7n", Some(Duration::from_nanos(7))),
            ("999999999m", None),
            ("-1S", None),
            ("+1S", None),
            ("1", None),
            ("S", None),
            ("", None),
            ("1x", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn time_runs_out_inside_of_a_call_and_is_unknown_outside() {
        let inside = within(Some(Duration::from_mins(1)), async { time_left() }).await;
        let overdue = within(Some(Duration::ZERO), async { time_left() }).await;
        let unbounded = within(None, async { time_left() }).await;

        assert!(inside.is_some_and(|left| left <= Duration::from_mins(1) && !left.is_zero()));
        assert_eq!(overdue, Some(Duration::ZERO));
        assert_eq!((unbounded, time_left()), (None, None));
    }
}

//! How fast one socket may send frames: a bucket that fills again with time.

use std::time::{Duration, Instant};

/// Frames refused one after another before the connection is closed: a client that heeds `rate_limited` never gets there.
const REFUSALS: u32 = 20;

/// What a socket has left.
#[derive(Debug)]
pub(super) struct Pace {
    /// None: as fast as it likes.
    per_minute: Option<f64>,
    left: f64,
    filled_at: Instant,
    refusals: u32,
}

/// The frame came too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooFast {
    /// Come back after this.
    Wait(Duration),
    /// It does not listen.
    Stop,
}

impl Pace {
    /// A full bucket.
    pub(super) fn new(per_minute: Option<u32>, now: Instant) -> Self {
        let per_minute = per_minute.map(f64::from);
        Self {
            per_minute,
            left: per_minute.unwrap_or(0.0),
            filled_at: now,
            refusals: 0,
        }
    }

    /// One frame.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), TooFast> {
        let Some(per_minute) = self.per_minute else {
            return Ok(());
        };
        let per_second = per_minute / 60.0;
        let since = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.left = (self.left + since * per_second).min(per_minute);
        self.filled_at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            self.refusals = 0;
            return Ok(());
        }
        self.refusals += 1;
        if self.refusals > REFUSALS {
            return Err(TooFast::Stop);
        }
        let missing = (1.0 - self.left) / per_second.max(f64::MIN_POSITIVE);
        Err(TooFast::Wait(Duration::from_secs_f64(missing.min(60.0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_refused_then_closed_and_time_heals() {
        let now = Instant::now();
        let mut pace = Pace::new(Some(60), now);
        for _ in 0..60 {
            assert_eq!(pace.take(now), Ok(()));
        }

        assert_eq!(pace.take(now), Err(TooFast::Wait(Duration::from_secs(1))));
        assert_eq!(pace.take(now + Duration::from_secs(1)), Ok(()));

        for _ in 0..REFUSALS {
            assert!(matches!(
                pace.take(now + Duration::from_secs(1)),
                Err(TooFast::Wait(_))
            ));
        }
        assert_eq!(pace.take(now + Duration::from_secs(1)), Err(TooFast::Stop));
    }

    #[test]
    fn without_a_limit_nothing_is_refused() {
        let now = Instant::now();
        let mut pace = Pace::new(None, now);

        assert!((0..10_000).all(|_| pace.take(now).is_ok()));
    }
}

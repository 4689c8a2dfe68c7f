//! How long to wait before the next attempt: full jitter, so that devices that lost the same server do not come back
//! together.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Counts failed attempts and gives the wait before the next one: `rand(0, min(30 s, 0.5 s · 2ⁿ))`.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The wait before the next attempt.
    #[expect(
        clippy::disallowed_methods,
        reason = "a device has no injected clock; tests use `delay_at`"
    )]
    pub fn next_delay(&mut self) -> Duration {
        use rand::RngExt as _;
        self.delay_at(rand::rng().random_range(0.0..1.0))
    }

    /// The same with the random part given: a share in `[0, 1)` of the attempt's longest wait.
    pub fn delay_at(&mut self, share: f64) -> Duration {
        let longest = ceiling(self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        longest.mul_f64(share.clamp(0.0, 1.0))
    }

    /// To be called when a connection has been good: the next failure starts from the shortest wait.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// The longest wait after `attempts` failures.
fn ceiling(attempts: u32) -> Duration {
    FIRST
        .saturating_mul(2_u32.saturating_pow(attempts))
        .min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_doubles_up_to_half_a_minute() {
        let mut backoff = Backoff::default();

        let waits: Vec<_> = (0..8).map(|_| backoff.delay_at(1.0).as_millis()).collect();

        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
    }

    #[test]
    fn jitter_reaches_down_to_zero() {
        assert_eq!(Backoff::default().delay_at(0.0), Duration::ZERO);
    }

    #[test]
    fn very_many_attempts_do_not_overflow() {
        let mut backoff = Backoff { attempts: u32::MAX };

        assert_eq!(backoff.delay_at(1.0), LONGEST);
        assert!(backoff.next_delay() <= LONGEST);
    }

    #[test]
    fn a_good_connection_starts_over() {
        let mut backoff = Backoff { attempts: 9 };

        backoff.reset();

        assert_eq!(backoff.delay_at(1.0), FIRST);
    }
}

//! How the service is set up: `[accounts]`. What the values mean stands beside the defaults in `config.default.toml`.

use std::time::Duration;

use chrono::TimeDelta;
use serde::Deserialize;

/// The longest an access token may hold. Retired signing keys are published this long, so it is no setting.
pub(crate) const MAX_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_hours(1);
/// Tokens count whole seconds.
const MIN_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(1);

/// `[accounts]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long an access token holds.
    #[serde(with = "humantime_serde")]
    pub access_token_lifetime: Duration,
    /// How long a session lives without a refresh.
    #[serde(with = "humantime_serde")]
    pub session_idle_lifetime: Duration,
    /// For how long a repeated refresh gets the same answer.
    #[serde(with = "humantime_serde")]
    pub refresh_repeat_window: Duration,
    /// Argon2id: memory of one hash.
    pub password_memory_kib: u32,
    /// Argon2id: passes over it.
    pub password_passes: u32,
    /// Argon2id: lanes.
    pub password_lanes: u32,
    /// Hashes in progress at once.
    pub password_concurrency: u32,
    /// The longest wait for a turn to hash.
    #[serde(with = "humantime_serde")]
    pub password_max_wait: Duration,
    /// Wrong passwords for one name within the window.
    pub login_failures: u32,
    /// The window.
    #[serde(with = "humantime_serde")]
    pub login_failure_window: Duration,
    /// How often sessions ended on other nodes are looked for.
    #[serde(with = "humantime_serde")]
    pub revocation_poll_interval: Duration,
    /// How often undelivered news are looked for; what this node writes goes out at once.
    #[serde(with = "humantime_serde")]
    pub outbox_poll_interval: Duration,
    /// How often the signing keys are read again.
    #[serde(with = "humantime_serde")]
    pub signing_key_reload_interval: Duration,
    /// How often what no longer matters is deleted.
    #[serde(with = "humantime_serde")]
    pub tidy_interval: Duration,
    /// Whether login failures are limited: the process's `limits.enabled`, set by whoever starts the service.
    #[serde(skip, default = "enabled")]
    pub limits_enabled: bool,
}

const fn enabled() -> bool {
    true
}

impl Config {
    /// Every problem at once; empty when the configuration can be used.
    pub fn validate(&self) -> Vec<String> {
        let minute = Duration::from_mins(1);
        let rules = [
            (
                self.access_token_lifetime >= MIN_ACCESS_TOKEN_LIFETIME
                    && self.access_token_lifetime <= MAX_ACCESS_TOKEN_LIFETIME,
                "accounts.access_token_lifetime must be between 1s and 1h",
            ),
            (
                self.session_idle_lifetime >= self.access_token_lifetime
                    && self.session_idle_lifetime <= minute * 60 * 24 * 3650,
                "accounts.session_idle_lifetime must be between access_token_lifetime and 3650d",
            ),
            (
                self.refresh_repeat_window <= minute * 10,
                "accounts.refresh_repeat_window must be at most 10m",
            ),
            (
                argon2::Params::new(
                    self.password_memory_kib,
                    self.password_passes,
                    self.password_lanes,
                    None,
                )
                .is_ok(),
                "accounts.password_memory_kib, password_passes and password_lanes are not parameters of Argon2",
            ),
            (
                (1..=64).contains(&self.password_concurrency),
                "accounts.password_concurrency must be between 1 and 64",
            ),
            (
                (1..=1000).contains(&self.login_failures),
                "accounts.login_failures must be between 1 and 1000",
            ),
            (
                !self.login_failure_window.is_zero() && self.login_failure_window <= minute * 1440,
                "accounts.login_failure_window must be above 0 and at most 1d",
            ),
            (
                !self.revocation_poll_interval.is_zero() && !self.outbox_poll_interval.is_zero(),
                "accounts.revocation_poll_interval and outbox_poll_interval must be above 0",
            ),
            (
                !self.signing_key_reload_interval.is_zero()
                    && self.signing_key_reload_interval <= minute,
                "accounts.signing_key_reload_interval must be above 0 and at most 1m",
            ),
            (
                !self.tidy_interval.is_zero(),
                "accounts.tidy_interval must be above 0",
            ),
        ];
        rules
            .into_iter()
            .filter(|(holds, _)| !holds)
            .map(|(_, problem)| problem.to_owned())
            .collect()
    }

    /// The defaults with hashes that cost next to nothing.
    pub fn for_test() -> Self {
        let minute = Duration::from_mins(1);
        Self {
            access_token_lifetime: minute * 15,
            session_idle_lifetime: minute * 60 * 24 * 60,
            refresh_repeat_window: minute,
            password_memory_kib: 64,
            password_passes: 1,
            password_lanes: 1,
            password_concurrency: 2,
            password_max_wait: Duration::from_secs(3),
            login_failures: 5,
            login_failure_window: minute * 15,
            revocation_poll_interval: Duration::from_millis(50),
            outbox_poll_interval: Duration::from_millis(50),
            signing_key_reload_interval: Duration::from_millis(50),
            tidy_interval: Duration::from_millis(50),
            limits_enabled: true,
        }
    }
}

/// A duration of the configuration for arithmetic with times; `validate` keeps them all far below the limit.
pub(crate) fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_named_at_once() {
        let config = Config {
            access_token_lifetime: Duration::from_hours(2),
            password_memory_kib: 1,
            login_failures: 0,
            ..Config::for_test()
        };

        assert_eq!(config.validate().len(), 3);
        assert!(Config::for_test().validate().is_empty());
    }

    #[test]
    fn the_defaults_hold() {
        #[derive(Deserialize)]
        struct File {
            accounts: Config,
        }

        let file: File = kith_config::Loader::new()
            .defaults(crate::DEFAULTS)
            .load()
            .unwrap();

        assert!(file.accounts.validate().is_empty());
        assert!(file.accounts.limits_enabled);
    }
}

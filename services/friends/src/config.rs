//! `[friends]` of the configuration: limits on what may wait for what.

use std::time::Duration;

use serde::Deserialize;

/// The friends service's settings; `config.default.toml` says what each is for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Calls to chat at once.
    pub chat_calls: usize,
    /// Calls to accounts at once.
    pub accounts_calls: usize,
    /// Calls from other Kith services at once.
    pub sibling_calls: usize,
    /// How long a call waits for its turn.
    #[serde(with = "humantime_serde")]
    pub turn_timeout: Duration,
    /// How long suggestions wait for chat to name shared groups.
    #[serde(with = "humantime_serde")]
    pub companions_timeout: Duration,
    /// How often the outbox is looked through.
    #[serde(with = "humantime_serde")]
    pub relay_interval: Duration,
    /// How long a row belongs to who delivers it.
    #[serde(with = "humantime_serde")]
    pub relay_lease: Duration,
    /// The longest pause between two attempts.
    #[serde(with = "humantime_serde")]
    pub relay_max_backoff: Duration,
    /// Contact matching.
    pub contacts: Contacts,
}

/// `[friends.contacts]`: contact matching.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contacts {
    /// Names the salt that contacts are hashed with; raised, it makes another one.
    pub salt_id: u32,
    /// Contacts that somebody may ask about in a day.
    pub hashes_per_day: u32,
    /// Whether the budget counts: the process's `limits.enabled`, set by whoever starts the service.
    #[serde(skip, default = "enabled")]
    pub limits_enabled: bool,
}

const fn enabled() -> bool {
    true
}

impl Config {
    /// All that is wrong with the values, in words.
    pub fn validate(&self) -> Vec<String> {
        let counts = [
            ("chat_calls", self.chat_calls),
            ("accounts_calls", self.accounts_calls),
            ("sibling_calls", self.sibling_calls),
        ];
        let durations = [
            ("turn_timeout", self.turn_timeout),
            ("companions_timeout", self.companions_timeout),
            ("relay_interval", self.relay_interval),
            ("relay_lease", self.relay_lease),
            ("relay_max_backoff", self.relay_max_backoff),
        ];
        let counts = counts
            .into_iter()
            .filter(|(_, value)| !(1..=10_000).contains(value))
            .map(|(key, _)| format!("friends.{key} must be between 1 and 10000"));
        let durations = durations
            .into_iter()
            .filter(|(_, value)| value.is_zero() || *value > Duration::from_hours(1))
            .map(|(key, _)| format!("friends.{key} must be above 0 and at most an hour"));
        counts.chain(durations).collect()
    }

    /// The defaults with short pauses.
    pub fn for_test() -> Self {
        Self {
            chat_calls: 8,
            accounts_calls: 16,
            sibling_calls: 3,
            turn_timeout: Duration::from_secs(5),
            companions_timeout: Duration::from_millis(500),
            relay_interval: Duration::from_millis(50),
            relay_lease: Duration::from_secs(5),
            relay_max_backoff: Duration::from_millis(200),
            contacts: Contacts {
                salt_id: 1,
                hashes_per_day: 5000,
                limits_enabled: true,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Sections {
        friends: Config,
    }

    #[test]
    fn the_defaults_are_valid() {
        let sections: Sections = kith_config::Loader::new()
            .defaults(crate::DEFAULTS)
            .load()
            .unwrap();

        assert_eq!(sections.friends.validate(), [""; 0]);
    }

    #[test]
    fn every_bad_value_is_named() {
        let bad = Config {
            chat_calls: 0,
            relay_lease: Duration::ZERO,
            ..Config::for_test()
        };

        let problems = bad.validate();

        assert_eq!(problems.len(), 2);
        assert!(problems[0].contains("chat_calls") && problems[1].contains("relay_lease"));
    }
}

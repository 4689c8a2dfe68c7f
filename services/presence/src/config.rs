//! `[presence]` of the configuration: how long things last and how much may wait.

use std::time::Duration;

use serde::Deserialize;

/// The presence service's settings; `config.default.toml` says what each is for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long a gateway may be silent.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// Between two shown changes of who is connected.
    #[serde(with = "humantime_serde")]
    pub coalesce: Duration,
    /// How long comings and goings are gathered.
    #[serde(with = "humantime_serde")]
    pub gather: Duration,
    /// How often leases are compared with the store.
    #[serde(with = "humantime_serde")]
    pub sweep: Duration,
    /// How often changes of visibility are looked for.
    #[serde(with = "humantime_serde")]
    pub visibility_poll: Duration,
    /// Calls to friends at once.
    pub friends_calls: usize,
    /// Calls from other Kith services at once.
    pub sibling_calls: usize,
    /// How long a call waits for its turn.
    #[serde(with = "humantime_serde")]
    pub turn_timeout: Duration,
}

impl Config {
    /// All that is wrong with the values, in words.
    pub fn validate(&self) -> Vec<String> {
        let counts = [
            ("friends_calls", self.friends_calls),
            ("sibling_calls", self.sibling_calls),
        ];
        let durations = [
            ("lease", self.lease),
            ("coalesce", self.coalesce),
            ("gather", self.gather),
            ("sweep", self.sweep),
            ("visibility_poll", self.visibility_poll),
            ("turn_timeout", self.turn_timeout),
        ];
        let counts = counts
            .into_iter()
            .filter(|(_, value)| !(1..=10_000).contains(value))
            .map(|(key, _)| format!("presence.{key} must be between 1 and 10000"));
        let durations = durations
            .into_iter()
            .filter(|(_, value)| value.is_zero() || *value > Duration::from_hours(1))
            .map(|(key, _)| format!("presence.{key} must be above 0 and at most an hour"));
        let order = (self.sweep >= self.lease || self.gather >= self.lease).then(|| {
            "presence.lease must be longer than presence.sweep and presence.gather".to_owned()
        });
        counts.chain(durations).chain(order).collect()
    }

    /// How often a gateway says that it lives: two beats may be lost.
    pub(crate) fn beat(&self) -> Duration {
        self.lease / 3
    }

    /// The defaults with short pauses.
    pub fn for_test() -> Self {
        Self {
            lease: Duration::from_millis(900),
            coalesce: Duration::from_millis(600),
            gather: Duration::from_millis(20),
            sweep: Duration::from_millis(100),
            visibility_poll: Duration::from_millis(200),
            friends_calls: 8,
            sibling_calls: 3,
            turn_timeout: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Sections {
        presence: Config,
    }

    #[test]
    fn the_defaults_are_valid() {
        let sections: Sections = kith_config::Loader::new()
            .defaults(crate::DEFAULTS)
            .load()
            .unwrap();

        assert_eq!(sections.presence.validate(), [""; 0]);
    }

    #[test]
    fn every_bad_value_is_named() {
        let bad = Config {
            friends_calls: 0,
            lease: Duration::from_millis(10),
            coalesce: Duration::ZERO,
            ..Config::for_test()
        };

        let problems = bad.validate();

        assert_eq!(problems.len(), 3);
    }
}

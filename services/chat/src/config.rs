//! Chat's section of the configuration.

use std::time::Duration;

use serde::Deserialize;

/// `[chat]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// People in a group, its owner included.
    pub group_size: u32,
    /// Append lanes of this node.
    pub lanes: usize,
    /// How long a send waits for its lane before it is `unavailable`.
    #[serde(with = "humantime_serde")]
    pub queue_patience: Duration,
    /// Deliveries that a gateway may be behind on its stream.
    pub stream_queue: usize,
    /// How often a node looks whether the epoch was bumped.
    #[serde(with = "humantime_serde")]
    pub epoch_poll: Duration,
}

impl Config {
    /// Every problem at once, in words.
    pub fn validate(&self) -> Vec<String> {
        let checks = [
            (
                (1..=1000).contains(&self.group_size),
                "chat.group_size must be 1..1000",
            ),
            ((1..=16).contains(&self.lanes), "chat.lanes must be 1..16"),
            (
                !self.queue_patience.is_zero(),
                "chat.queue_patience must be more than nothing",
            ),
            (
                self.stream_queue >= 256,
                "chat.stream_queue must be at least 256",
            ),
            (
                !self.epoch_poll.is_zero() && self.epoch_poll <= Duration::from_secs(5),
                "chat.epoch_poll must be more than nothing and at most 5s",
            ),
        ];
        checks
            .into_iter()
            .filter(|(holds, _)| !holds)
            .map(|(_, problem)| problem.to_owned())
            .collect()
    }

    /// What tests start from: the defaults, with a quicker look at the epoch.
    pub const fn for_test() -> Self {
        Self {
            group_size: 1000,
            lanes: 2,
            queue_patience: Duration::from_secs(2),
            stream_queue: 16_384,
            epoch_poll: Duration::from_millis(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_named_at_once() {
        let mut config = Config::for_test();
        assert!(config.validate().is_empty());

        config.group_size = 0;
        config.lanes = 0;

        assert_eq!(config.validate().len(), 2);
    }
}

//! Chat's section of the configuration.

use std::time::Duration;

use serde::Deserialize;

/// `[chat]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// People in a group, its owner included.
    pub group_size: u32,
    /// Append lanes of this node; when absent, two on a node that is alone and one on a node that shares its database.
    pub lanes: Option<usize>,
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
            (
                self.lanes.is_none_or(|lanes| (1..=16).contains(&lanes)),
                "chat.lanes must be 1..16",
            ),
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

    /// How many lanes this node has. While one waits for its commit another one works; where nodes share a database the others' lanes do that
    /// already, and one lane a node makes its transactions twice as large.
    pub(crate) fn lanes(&self, is_alone: bool) -> usize {
        self.lanes.unwrap_or(if is_alone { 2 } else { 1 })
    }

    /// What tests start from: the defaults, with a quicker look at the epoch.
    pub const fn for_test() -> Self {
        Self {
            group_size: 1000,
            lanes: None,
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
        config.lanes = Some(0);

        assert_eq!(config.validate().len(), 2);
    }

    #[test]
    fn nodes_that_share_a_database_have_a_lane_each_unless_told_otherwise() {
        let mut config = Config::for_test();
        assert_eq!((config.lanes(true), config.lanes(false)), (2, 1));

        config.lanes = Some(4);

        assert_eq!((config.lanes(true), config.lanes(false)), (4, 4));
    }
}

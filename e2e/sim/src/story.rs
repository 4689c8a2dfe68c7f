//! What happened in a run, for people who look into a failure.

/// The last lines of a run's story; empty unless it is told.
#[derive(Debug, Default)]
pub(crate) struct Story {
    is_told: bool,
    lines: Vec<String>,
}

/// Lines that a failure shows.
const SHOWN: usize = 400;

impl Story {
    pub(crate) fn new(is_told: bool) -> Self {
        Self {
            is_told,
            lines: Vec::new(),
        }
    }

    pub(crate) fn tell(&mut self, now: u64, line: impl FnOnce() -> String) {
        if self.is_told {
            let (seconds, micros) = (now / 1_000_000, now % 1_000_000);
            self.lines
                .push(format!("{seconds:>3}.{micros:06} {}", line()));
        }
    }

    pub(crate) fn into_lines(mut self, about: &str) -> Vec<String> {
        // What concerns the place of the violation says more than the rest.
        if !about.is_empty() {
            self.lines.retain(|line| line.contains(about));
        }
        let surplus = self.lines.len().saturating_sub(SHOWN);
        self.lines.split_off(surplus)
    }
}

//! Tells the person who waits how far it is: a bar that moves on a terminal, a line now and then elsewhere.

use std::{
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use crate::say::complain;

/// Between two pictures of the bar.
const ON_TERMINAL: Duration = Duration::from_millis(200);
/// Between two lines in a log.
const ELSEWHERE: Duration = Duration::from_secs(5);
const WIDTH: u64 = 30;

/// How far an import is, in bytes of its files.
pub(super) struct Progress {
    step: &'static str,
    done: u64,
    total: u64,
    rows: u64,
    begin: Instant,
    shown: Instant,
    is_terminal: bool,
}

impl Progress {
    /// Begins.
    pub(super) fn new(step: &'static str, total: u64) -> Self {
        let now = Instant::now();
        Self {
            step,
            done: 0,
            total: total.max(1),
            rows: 0,
            begin: now,
            shown: now,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// One row more, `done` bytes in all.
    pub(super) fn advance(&mut self, done: u64) {
        self.done = done;
        self.rows += 1;
        let pause = if self.is_terminal {
            ON_TERMINAL
        } else {
            ELSEWHERE
        };
        if self.shown.elapsed() >= pause {
            self.shown = Instant::now();
            self.show();
        }
    }

    /// The step is done.
    pub(super) fn finish(mut self) {
        self.done = self.total;
        self.show();
        if self.is_terminal {
            complain("");
        }
    }

    fn show(&self) {
        let percent = self.done.min(self.total) * 100 / self.total;
        let seconds = self.begin.elapsed().as_secs();
        let line = format!(
            "{:<12} {percent:>3} %  {} rows, {seconds} s",
            self.step, self.rows
        );
        if !self.is_terminal {
            complain(&line);
            return;
        }
        let filled = usize::try_from(percent * WIDTH / 100).unwrap_or(0);
        let bar = format!("{}{}", "#".repeat(filled), ".".repeat(30 - filled.min(30)));
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(std::io::stderr(), "\r[{bar}] {line} ");
        let _ = std::io::stderr().flush();
    }
}

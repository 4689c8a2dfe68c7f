//! What people read: results on stdout, complaints on stderr. Logs are `tracing`'s.

use std::io::Write as _;

/// Prints a line. A reader who has gone away is not an error.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Prints an error.
pub(crate) fn complain(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "kith: {message}");
}

//! Promises of a cluster that only a broken way shows.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test like the tests do"
)]

mod passing_over;

//! The promises of the contract, kept by the real process. Each test has a node of its own, so tests run side by side.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test like the tests do"
)]

mod blocks;
mod groups;
mod positions;
mod resume;
mod sessions;
mod talking;

//! The fault suite: real nodes on a real Postgres and Redis, devices that talk through proxies which delay, drop, repeat
//! and cut, faults while they do, and a checker that reads what everybody saw. Everything random follows from a seed, as
//! far as real processes allow.
//!
//! A run is `scene` (what happens), `world` (the processes and proxies), `traffic` and `phone` (the people), `history`
//! (what they saw, as JSON lines), `dump` (what the database holds in the end), `checker` (what must hold) and `report`.
//! It is test code: a step of the harness that fails panics, and the run counts as failed.
#![warn(missing_docs)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed step of the harness fails the run that took it"
)]

pub mod checker;
pub mod dump;
pub mod faults;
pub mod history;
mod levels;
mod phone;
pub mod proxy;
pub mod report;
mod scene;
pub mod seeded;
mod traffic;
mod world;

pub use scene::{Mode, Outcome, Plan, play};

//! What accounts promises, asked over real gRPC and on a real Postgres.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure in the tests' own helpers fails the test"
)]

mod callers;
mod canary;
mod deletion;
mod disabling;
mod login;
mod outbox;
mod passwords;
mod profile;
mod refresh;
mod registration;
mod revocations;
mod service_keys;
mod sessions;
mod siblings;
mod signing_keys;
mod tidying;
mod trouble;
mod world;

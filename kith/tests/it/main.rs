//! The binary and its private PostgreSQL, on the real thing.
#![expect(
    clippy::unwrap_used,
    reason = "test support: a failure here fails the test"
)]

mod abuse;
mod cluster;
mod embedded;
mod internal_port;
mod operator;
mod process;
mod running;
mod service_keys;

//! The presence service on a real Postgres over real gRPC, alone in memory and as several nodes over a real Redis, with a server that answers who
//! may see whom in the place of friends.
#![expect(
    clippy::unwrap_used,
    reason = "test support: a failure here fails the test"
)]

mod dying;
mod nodes;
mod seeing;
mod statuses;
mod storm;
mod watching;
mod world;

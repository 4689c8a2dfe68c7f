//! The friends service on a real Postgres over real gRPC, with recording servers in the places of accounts and chat.
#![expect(
    clippy::unwrap_used,
    reason = "test support: a failure here fails the test"
)]

mod blocks;
mod counts;
mod extension;
mod imports;
mod input;
mod lists;
mod outbox;
mod pairs;
mod privacy;
mod races;
mod requests;
mod search;
mod sights;
mod suggestions;
mod users;
mod world;

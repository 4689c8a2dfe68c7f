//! Chat against real Postgres, over real gRPC in memory.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test support: a failure here fails the test"
)]

mod append;
mod callers;
mod delivery;
mod direct_rooms;
mod feed;
mod gateway;
mod groups;
mod lanes;
mod logs;
mod participants;
mod people;
mod positions;
mod proxy;
mod queued_commands;
mod races;
mod receipts;
mod rooms_live;
mod siblings;
mod world;

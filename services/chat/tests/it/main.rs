//! Chat against real Postgres, over real gRPC in memory.

mod direct_rooms;
mod groups;
mod siblings;
mod world;

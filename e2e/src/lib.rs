//! The system from outside: starts the real `kith` binary (and, for clusters, a private Postgres and Redis), and gives
//! the tests people with devices. Nothing here knows the inside of a service.
//!
//! The harness is test code: a step that fails panics and says which. Every wait is for a condition, with a deadline.
#![warn(missing_docs)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed step of the harness fails the test that took it"
)]

mod device;
mod load;
mod node;
mod people;
mod ports;
pub mod raw;
mod redis_cluster;
mod servers;
mod wait;

pub use device::Device;
pub use load::Load;
pub use node::{Node, Settings};
pub use people::{Group, Person, befriend, befriend_all, direct_room, group, post};
pub use ports::free_port;
pub use redis_cluster::RedisCluster;
pub use servers::{Held, Postgres, Redis, installed};
pub use wait::{DEADLINE, background, eventually, eventually_within, within};

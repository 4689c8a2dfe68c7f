//! The promises of the contract, kept by the real process. Each test has a node of its own, so tests run side by side.
#![expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "helpers of tests fail the test like the tests do; a journey is told in one piece"
)]

mod bad_input;
mod blocks;
mod closes;
mod cluster;
mod contacts;
mod discovery;
mod faults;
mod feed;
mod groups;
mod heartbeat;
mod imports;
mod mutual_tls;
mod overload;
mod positions;
mod presence;
mod privacy;
mod process;
mod profiles;
mod races;
mod redis_cluster;
mod rendezvous;
mod resume;
mod roles;
mod rolling;
mod sdk;
mod seeing;
mod sessions;
mod slow_reader;
mod storm;
mod surface;
mod talking;
mod traces;

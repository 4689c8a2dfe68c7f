//! The delivery of messages in a world that fails in every way it can. The gateway's logs ([`kith_delivery`]) and the device
//! ([`kith_sdk::device`]) are the real ones; around them are models of Postgres, of the bus, of chat nodes and of the
//! network, which lose, repeat, delay and reorder, and processes that die and come back. Time is virtual, everything
//! random comes from one seed, and so each run replays exactly.
//!
//! [`run`] runs one schedule: some seconds of people talking, coming and going while things break; then everything
//! heals, and ten virtual seconds later every device has everything it may have, once, in order, and nothing else.

mod bus;
mod chat;
mod checks;
mod database;
mod device;
mod gateway;
mod hello;
mod plan;
mod random;
mod socket;
mod steps;
mod story;
mod world;

pub use plan::Sabotage;
pub use world::{Failure, Summary};

/// Runs the schedule of a seed.
pub fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<Summary, Failure> {
    world::World::new(seed, sabotage, false)
        .run()
        .map_err(|violation| {
            // Again, with the story written down: only failures need one.
            let mut told = world::World::new(seed, sabotage, true);
            let _ = told.run();
            Failure {
                seed,
                violation,
                story: told.into_story(),
            }
        })
}

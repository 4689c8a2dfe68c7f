//! The faults: each one says what it needs, what it does to a running world, and when that is over. What must hold
//! whatever happens is the checker's; what one fault demands beyond that it notes itself.

mod crowd;
mod f01_gateway_killed;
mod f02_services_killed;
mod f03_redis_killed;
mod f04_redis_emptied;
mod f05_redis_paused;
mod f06_hints_mangled;
mod f07_redis_overflow;
mod f08_postgres_killed;
mod f09_postgres_starved;
mod f11_commit_unknown;
mod f13_partition;
mod f14_half_open;
mod f15_slow_consumer;
mod f16_flapping;
mod f17_storm;
mod f18_clocks;
mod f21_duplicates;
mod f22_frozen;
mod f23_rolling_restart;
mod f29_churn;
mod keeper;

use crate::{
    scene::{Acting, Scene},
    world::Shape,
};

/// A fault.
pub struct Fault {
    /// Its number in the research.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Whether CI runs it.
    pub in_ci: bool,
    /// Whether it measures the machine, so that no other run may be beside it.
    pub alone: bool,
    /// The world it needs.
    pub shape: Shape,
    /// Configuration of the nodes beyond the usual.
    pub(crate) variables: fn() -> Vec<(&'static str, String)>,
    /// What it does.
    pub(crate) act: for<'a> fn(&'a mut Scene) -> Acting<'a>,
}

/// All faults, by their numbers.
pub static FAULTS: &[Fault] = &[
    f01_gateway_killed::FAULT,
    f02_services_killed::FAULT,
    f03_redis_killed::FAULT,
    f04_redis_emptied::FAULT,
    f05_redis_paused::FAULT,
    f06_hints_mangled::FAULT,
    f07_redis_overflow::FAULT,
    f08_postgres_killed::FAULT,
    f09_postgres_starved::FAULT,
    f11_commit_unknown::FAULT,
    f13_partition::FAULT,
    f14_half_open::FAULT,
    f15_slow_consumer::FAULT,
    f16_flapping::FAULT,
    f17_storm::FAULT,
    f18_clocks::FAULT,
    f21_duplicates::FAULT,
    f22_frozen::FAULT,
    f23_rolling_restart::FAULT,
    f29_churn::FAULT,
];

/// The fault of a number, such as `F3`.
pub fn find(id: &str) -> Option<&'static Fault> {
    FAULTS
        .iter()
        .find(|fault| fault.id.eq_ignore_ascii_case(id))
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

fn as_usual() -> Vec<(&'static str, String)> {
    Vec::new()
}

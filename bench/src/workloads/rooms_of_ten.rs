//! 200 people in 20 rooms of 10: the community that several workloads share, each with a load of its own.

use super::{Bench, runs::Runs};
use crate::{
    crowd::Crowd,
    load::{Load, Pace},
};

const ROOMS: usize = 20;
pub(super) const SEATS: usize = 10;

/// A node with these people.
pub(super) async fn gather(bench: &Bench) -> anyhow::Result<Crowd> {
    Crowd::gather(&bench.kith, ROOMS * SEATS).await
}

/// Makes their rooms anew, connects everybody, and runs a load in which all of them send.
pub(super) fn run(
    bench: &Bench,
    crowd: &mut Crowd,
    name: &str,
    pace: Pace,
) -> anyhow::Result<Runs> {
    let rooms = crowd.rooms(ROOMS, SEATS)?;
    let mut load = Load::connect(&rooms, SEATS, crowd.parties())?;
    Runs::take(bench, name, &mut load, pace, &crowd.postgres)
}

/// The same on a node of its own, which ends with it.
pub(super) async fn run_alone(bench: &Bench, name: &str, pace: Pace) -> anyhow::Result<Runs> {
    let mut crowd = gather(bench).await?;
    let runs = run(bench, &mut crowd, name, pace)?;
    crowd.stop().await?;
    Ok(runs)
}

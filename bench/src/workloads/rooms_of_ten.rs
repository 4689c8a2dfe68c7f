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

/// Makes their rooms anew and connects everybody to a load in which all of them send.
pub(super) fn connect(crowd: &mut Crowd) -> anyhow::Result<Load> {
    let rooms = crowd.rooms(ROOMS, SEATS)?;
    Load::connect(&rooms, SEATS, crowd.parties())
}

/// The same, and runs it.
pub(super) fn run(
    bench: &Bench,
    crowd: &mut Crowd,
    name: &str,
    pace: Pace,
) -> anyhow::Result<Runs> {
    let mut load = connect(crowd)?;
    Runs::take(bench, name, &mut load, pace, &crowd.postgres)
}

/// The same on a node of its own, which ends with it.
pub(super) async fn run_alone(bench: &Bench, name: &str, pace: Pace) -> anyhow::Result<Runs> {
    let mut crowd = gather(bench).await?;
    let runs = run(bench, &mut crowd, name, pace)?;
    crowd.stop().await?;
    Ok(runs)
}

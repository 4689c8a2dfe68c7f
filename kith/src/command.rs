//! What `kith` does besides starting. Operators' commands open the instance's database, running or not, and call the
//! services' own use cases; they hold no rule of their own.

pub(crate) mod config_check;
mod demo;
pub(crate) mod doctor;
mod import;
mod operator;
mod speaker;

use crate::cli::{Command, ImportCommand, Place};
use crate::config::Config;

/// Runs a command that works on an instance.
pub(crate) async fn operate(place: &Place, command: Command) -> anyhow::Result<()> {
    let config = Config::load(place, None)
        .map_err(|problems| anyhow::anyhow!("the configuration cannot be used:\n{problems}"))?;
    match command {
        Command::Demo(options) => demo::run(&config, options.stay).await,
        Command::Import(ImportCommand::Friends(options)) => import::run(&config, options).await,
        other => operator::run(&config, other).await,
    }
}

//! The one binary, as a library: what the commands of `kith` do, the start and the end of a node, and the private
//! PostgreSQL of a node that was given no database.

mod cli;
mod command;
mod config;
pub mod embedded;
mod node;
mod place;
mod runtime;
mod say;
mod store;

use std::process::ExitCode;

pub use cli::Cli;
use cli::Command;
use say::complain;

/// Runs a command to its end.
pub fn run(cli: Cli) -> ExitCode {
    dispatch(cli).unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli {
        place,
        start,
        command,
    } = cli;
    match command {
        None => node::run(&place, &start),
        Some(Command::Config(cli::ConfigCommand::Check(start))) => {
            command::config_check::run(&place, &start)
        }
        Some(Command::Doctor(doctor)) => {
            runtime::block_on(None, command::doctor::run(&place, &doctor.start))
        }
        Some(command) => runtime::block_on(None, async {
            command::operate(&place, command).await?;
            Ok(ExitCode::SUCCESS)
        }),
    }
}

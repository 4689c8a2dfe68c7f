//! The one binary, as a library: what the commands of `kith` do, the start and the end of a node, and the private
//! PostgreSQL of a node that was given no database.

mod cli;
mod command;
mod config;
pub mod embedded;
mod node;
mod place;
mod say;
mod store;

use std::process::ExitCode;

pub use cli::Cli;
use cli::Command;
use say::complain;

/// Runs a command to its end.
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Password hashes are capped by accounts and files are few; each further thread would keep memory of its own.
        .max_blocking_threads(16)
        .thread_name("kith")
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("the async runtime does not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(dispatch(cli));
    // A password hash that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli {
        place,
        start,
        command,
    } = cli;
    match command {
        None => node::run(&place, &start).await,
        Some(Command::Config(cli::ConfigCommand::Check(start))) => {
            command::config_check::run(&place, &start)
        }
        Some(Command::Doctor(doctor)) => command::doctor::run(&place, &doctor.start).await,
        Some(command) => Ok(command::operate(&place, command)
            .await
            .map(|()| ExitCode::SUCCESS)?),
    }
}

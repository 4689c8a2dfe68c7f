//! Reads the command line and hands over.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    kith::run(kith::Cli::parse())
}

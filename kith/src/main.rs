//! Reads the command line and hands over.

use std::process::ExitCode;

use clap::Parser as _;

/// A message is some fifty small allocations, most of them freed by another thread, which is what glibc's is worst at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kith::run(kith::Cli::parse())
}

//! How is it set up? Layers, later ones win: the defaults that each crate embeds, one optional file, the environment
//! (`KITH__SECTION__KEY`), the command line. The result is typed; unknown keys are errors, and every problem is named at
//! once. The only crate that reads the environment.
#![warn(missing_docs)]

mod address;
mod environment;
mod loader;
mod problems;
mod sections;

pub use environment::search_path;
pub use loader::{Loader, Setting};
pub use problems::Problems;
pub use sections::{
    Database, InternalTls, Limits, Redis, Secrets, Server, ServiceDatabase, Telemetry, redacted_url,
};

/// The defaults of the shared sections.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

//! How is it set up? Layers, later ones win: the defaults that each crate embeds, one optional file, the environment
//! (`KITH__SECTION__KEY`). The result is typed; unknown keys are errors. The only crate that reads the environment.
#![warn(missing_docs)]

mod loader;
mod sections;

pub use loader::{ConfigError, Loader};
pub use sections::{Database, Limits, Redis, Secrets, Server, Telemetry, redacted_url};

/// The defaults of the shared sections.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

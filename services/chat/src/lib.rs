//! Chat: rooms, who is in them, messages, positions, the rooms' logs and the people's own logs.
//!
//! It promises a durable, gapless, equally ordered log for each room, every accepted message exactly once, and delivery
//! of each entry to the gateway nodes that asked. It refuses to decide who may write to whom: that is friends' word, kept
//! here as pair flags; and whether somebody exists is accounts' word.

mod app;
mod config;
mod domain;
mod error;
mod fanout;
mod jobs;
mod lanes;
pub mod operator;
mod rpc;
mod start;
mod store;
mod wire;

pub use config::Config;
pub use error::Error;
pub use start::{Deps, Running, StartError, start};

/// The schema's migrations.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The defaults of [`Config`], as one TOML table.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

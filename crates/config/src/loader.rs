//! Merges the layers.

use std::path::{Path, PathBuf};

use config::{Environment, File, FileFormat};
use serde::de::DeserializeOwned;

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// Collects layers in order.
#[derive(Debug, Default)]
pub struct Loader {
    defaults: Vec<&'static str>,
    file: Option<PathBuf>,
}

impl Loader {
    /// No layers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a crate's embedded `config.default.toml`.
    pub fn defaults(mut self, toml: &'static str) -> Self {
        self.defaults.push(toml);
        self
    }

    /// Adds the operator's file, which must exist.
    pub fn file(mut self, path: Option<&Path>) -> Self {
        self.file = path.map(Path::to_path_buf);
        self
    }

    /// Merges the layers and the environment into `T`.
    pub fn load<T: DeserializeOwned>(self) -> Result<T, ConfigError> {
        let mut builder = config::Config::builder();
        for toml in self.defaults {
            builder = builder.add_source(File::from_str(toml, FileFormat::Toml));
        }
        if let Some(path) = self.file {
            builder = builder.add_source(File::from(path).format(FileFormat::Toml).required(true));
        }
        builder
            .add_source(
                Environment::with_prefix("KITH")
                    .prefix_separator("__")
                    .separator("__")
                    .try_parsing(true),
            )
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| ConfigError(error.to_string()))
    }
}

//! Merges the layers, and says everything that is wrong with them at once.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use config::{Config, Environment, File, FileFormat, Value, ValueKind};
use serde::de::DeserializeOwned;

use crate::{Problems, environment};

/// Names the layer of a command-line flag in messages.
const FLAGS: &str = "the command line";

/// Collects layers in order; later ones win.
#[derive(Debug)]
pub struct Loader {
    defaults: Vec<&'static str>,
    file: Option<PathBuf>,
    environment: HashMap<String, String>,
    flags: Vec<(String, String)>,
}

/// One effective setting, as `kith config check` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `section.key`.
    pub key: String,
    /// Its value as TOML; of a secret, only that there is one.
    pub value: String,
    /// It is not the default.
    pub changed: bool,
}

impl Default for Loader {
    fn default() -> Self {
        Self::new()
    }
}

impl Loader {
    /// No layers yet but this process's environment.
    pub fn new() -> Self {
        Self {
            defaults: Vec::new(),
            file: None,
            environment: environment::settings(),
            flags: Vec::new(),
        }
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

    /// Takes these variables instead of the process's; for tests.
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment = variables.into_iter().collect();
        self
    }

    /// Sets one key from the command line, if the flag was given.
    pub fn flag(mut self, key: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.flags.push((key.to_owned(), value.to_string()));
        }
        self
    }

    /// Merges the layers into `T`, or names every key that cannot be used.
    pub fn load<T: DeserializeOwned>(&self) -> Result<T, Problems> {
        let overrides = self.overrides()?;
        let whole = self.merged(&overrides).and_then(Config::try_deserialize);
        whole.map_err(|error| {
            let mut problems = self.judge_one_by_one::<T>(&overrides);
            if problems.is_empty() {
                problems.add("", error.to_string());
            }
            problems
        })
    }

    /// Every effective setting, in order of its key.
    pub fn settings(&self) -> Result<Vec<Setting>, Problems> {
        let overrides = self.overrides()?;
        let merged = self
            .merged(&overrides)
            .map_err(|error| Problems::one("", error.to_string()))?;
        let defaults = self
            .merged(&[])
            .map_err(|error| Problems::one("", error.to_string()))?;
        let mut settings: Vec<Setting> = leaves(&merged.cache)
            .into_iter()
            .map(|(key, value)| Setting {
                value: shown(&key, &as_default(&key, value, &defaults)),
                changed: overrides.iter().any(|(other, ..)| *other == key),
                key,
            })
            .collect();
        // By table first: TOML may open each only once.
        settings.sort_by(|one, other| table_and_key(&one.key).cmp(&table_and_key(&other.key)));
        Ok(settings)
    }

    /// The keys that are not defaults, each with its value and where it comes from.
    fn overrides(&self) -> Result<Vec<(String, Value, String)>, Problems> {
        let mut found = Vec::new();
        if let Some(path) = &self.file {
            let file = Config::builder()
                .add_source(File::from(path.as_path()).format(FileFormat::Toml))
                .build()
                .map_err(|error| Problems::one("", format!("{}: {error}", path.display())))?;
            found.extend(origins(&file.cache, &path.display().to_string()));
        }
        let variables = Config::builder()
            .add_source(
                Environment::with_prefix("KITH")
                    .prefix_separator("__")
                    .separator("__")
                    .ignore_empty(true)
                    .source(Some(self.environment.clone())),
            )
            .build()
            .map_err(|error| Problems::one("", error.to_string()))?;
        found.extend(origins(&variables.cache, "the environment"));
        for (key, value) in &self.flags {
            found.push((
                key.clone(),
                Value::new(None, value.as_str()),
                FLAGS.to_owned(),
            ));
        }
        Ok(found)
    }

    fn merged(&self, overrides: &[(String, Value, String)]) -> Result<Config, config::ConfigError> {
        let mut builder = Config::builder();
        for toml in &self.defaults {
            builder = builder.add_source(File::from_str(toml, FileFormat::Toml));
        }
        let defaults = builder.clone().build()?;
        for (key, value, _) in overrides {
            let is_list = matches!(defaults.get::<Value>(key), Ok(found) if matches!(found.kind, ValueKind::Array(_)));
            let value = if is_list {
                as_list(value)
            } else {
                value.clone()
            };
            builder = builder.set_override(key, value)?;
        }
        builder.build()
    }

    /// Tries each changed key alone on top of the defaults: a type that does not fit and a key that nobody knows are
    /// then named, all of them, where the whole would stop at its first.
    fn judge_one_by_one<T: DeserializeOwned>(
        &self,
        overrides: &[(String, Value, String)],
    ) -> Problems {
        let mut problems = Problems::default();
        for change in overrides {
            let alone = self
                .merged(std::slice::from_ref(change))
                .and_then(Config::try_deserialize::<T>);
            if let Err(error) = alone {
                let (key, _, origin) = change;
                problems.add(key, format!("{error} (from {origin})"));
            }
        }
        problems
    }
}

fn origins(root: &Value, origin: &str) -> Vec<(String, Value, String)> {
    leaves(root)
        .into_iter()
        .map(|(key, value)| (key, value, origin.to_owned()))
        .collect()
}

/// A variable is one text: where a list is expected, commas part its items.
fn as_list(value: &Value) -> Value {
    let ValueKind::String(text) = &value.kind else {
        return value.clone();
    };
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    Value::new(None, items.map(str::to_owned).collect::<Vec<_>>())
}

/// The values that are no tables, with their dotted keys.
fn leaves(root: &Value) -> Vec<(String, Value)> {
    fn walk(prefix: &str, value: &Value, found: &mut Vec<(String, Value)>) {
        let ValueKind::Table(table) = &value.kind else {
            found.push((prefix.to_owned(), value.clone()));
            return;
        };
        for (key, value) in table {
            let dotted = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            walk(&dotted, value, found);
        }
    }
    let mut found = Vec::new();
    walk("", root, &mut found);
    found.retain(|(key, _)| !key.is_empty());
    found
}

fn table_and_key(dotted: &str) -> (&str, &str) {
    dotted.rsplit_once('.').unwrap_or(("", dotted))
}

/// A variable's text as what its default is: a number or a choice of true and false needs no quotes.
fn as_default(key: &str, value: Value, defaults: &Config) -> Value {
    let Ok(default) = defaults.get::<Value>(key) else {
        return value;
    };
    let kind = match default.kind {
        ValueKind::Boolean(_) => value.clone().into_bool().map(ValueKind::Boolean),
        ValueKind::I64(_) => value.clone().into_int().map(ValueKind::I64),
        ValueKind::Float(_) => value.clone().into_float().map(ValueKind::Float),
        _ => return value,
    };
    kind.map_or(value, |kind| Value::new(None, kind))
}

/// A value as an operator may see it on a screen that others see too.
fn shown(key: &str, value: &Value) -> String {
    let last = key.rsplit('.').next().unwrap_or(key);
    let is_secret = ["key", "secret", "password", "token"]
        .iter()
        .any(|word| last == *word || last.ends_with(&format!("_{word}")));
    if is_secret && !value.to_string().is_empty() {
        return quoted("(set)");
    }
    match &value.kind {
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(literal).collect();
            format!("[{}]", items.join(", "))
        }
        _ => literal(value),
    }
}

/// A single value as TOML writes it.
fn literal(value: &Value) -> String {
    match &value.kind {
        ValueKind::String(text) => quoted(&crate::redacted_url(text)),
        _ => value.to_string(),
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let escaped = format!("\\u{:04X}", u32::from(c));
                quoted.push_str(&escaped);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;

//! What was found: sections with figures, tables and plots, kept as JSON so that the parts of a report can be taken one after the other.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::numbers::figure;

/// Everything that one report shows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) sections: Vec<Section>,
    /// Figures that other sections compare themselves with, by name.
    pub(crate) bases: BTreeMap<String, f64>,
}

/// One workload, or a limit.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Section {
    pub(crate) id: String,
    pub(crate) title: String,
    /// What was done, in a sentence or two.
    pub(crate) about: String,
    /// When, and how long each run was.
    pub(crate) taken: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) tables: Vec<Table>,
    pub(crate) plots: Vec<Plot>,
    pub(crate) profile: Option<Profile>,
    pub(crate) notes: Vec<String>,
}

/// A figure, and what it should be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) figure: String,
    pub(crate) aim: Option<Aim>,
}

/// What a figure should be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Aim {
    pub(crate) text: String,
    pub(crate) is_met: bool,
}

/// Cells as text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A picture.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Plot {
    /// Amounts beside each other.
    Bars {
        title: String,
        unit: String,
        bars: Vec<Bar>,
    },
    /// Something over a size that grows by factors.
    Lines {
        title: String,
        over: String,
        unit: String,
        lines: Vec<Line>,
    },
}

/// One amount, in parts that lie behind each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) parts: Vec<(Kind, f64)>,
}

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Whose amount it is: its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Kith,
    Limit,
    Postgres,
    Redis,
    Driver,
}

/// Where the time went: samples of the whole machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// Percent by process.
    pub(crate) processes: Vec<(f64, String)>,
    /// Percent by function: process, function.
    pub(crate) functions: Vec<(f64, String, String)>,
}

impl Findings {
    /// What an earlier run has left.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Leaves them for the next one.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        std::fs::write(path, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("writing {}", path.display()))
    }

    /// Takes the place of an earlier section of the same workload.
    pub(crate) fn add(&mut self, section: Section) {
        self.sections.retain(|earlier| earlier.id != section.id);
        self.sections.push(section);
    }

    /// Keeps a figure for others to compare themselves with.
    pub(crate) fn set(&mut self, name: &str, value: f64) {
        self.bases.insert(name.to_owned(), value);
    }

    /// A figure of this or an earlier part.
    pub(crate) fn base(&self, name: &str) -> Option<f64> {
        self.bases.get(name).copied().filter(|value| *value > 0.0)
    }
}

impl Row {
    /// A text.
    pub(crate) fn text(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            figure: figure.into(),
            aim: None,
        }
    }

    /// A number and its unit.
    pub(crate) fn of(what: impl Into<String>, value: f64, unit: &str) -> Self {
        Self::text(what, with_unit(value, unit))
    }

    /// A number that should be at least so much.
    pub(crate) fn least(what: impl Into<String>, value: f64, unit: &str, aim: f64) -> Self {
        let aim = Aim {
            text: format!("≥ {}", with_unit(aim, unit)),
            is_met: value >= aim,
        };
        Self {
            aim: Some(aim),
            ..Self::of(what, value, unit)
        }
    }

    /// A number that should be at most so much.
    pub(crate) fn most(what: impl Into<String>, value: f64, unit: &str, aim: f64) -> Self {
        let aim = Aim {
            text: format!("≤ {}", with_unit(aim, unit)),
            is_met: value <= aim,
        };
        Self {
            aim: Some(aim),
            ..Self::of(what, value, unit)
        }
    }
}

impl Bar {
    /// An amount of one party.
    pub(crate) fn of(name: impl Into<String>, kind: Kind, value: f64) -> Self {
        Self {
            name: name.into(),
            parts: vec![(kind, value)],
        }
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    let space = if unit.is_empty() || unit.starts_with(['/', '×', '%']) {
        ""
    } else {
        " "
    };
    format!("{}{space}{unit}", figure(value))
}

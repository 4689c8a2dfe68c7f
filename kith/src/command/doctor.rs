//! `kith doctor`: looks at this machine as a start would, and says for each thing that is missing how to get it.

mod database;
mod machine;

use std::process::ExitCode;

use crate::cli::{Place, Start};
use crate::config::Config;
use crate::say::say;

/// What was found out about one thing.
pub(super) struct Finding {
    state: State,
    what: String,
    /// The command or setting that helps.
    remedy: Option<String>,
}

#[derive(PartialEq, Eq)]
enum State {
    Fine,
    Better,
    Missing,
}

impl Finding {
    pub(super) fn fine(what: impl Into<String>) -> Self {
        Self {
            state: State::Fine,
            what: what.into(),
            remedy: None,
        }
    }

    /// Works, but not for many.
    pub(super) fn better(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Better,
            what: what.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// Keeps a node from starting.
    pub(super) fn missing(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            state: State::Missing,
            what: what.into(),
            remedy: Some(remedy.into()),
        }
    }
}

pub(crate) async fn run(place: &Place, start: &Start) -> anyhow::Result<ExitCode> {
    let mut findings = Vec::new();
    match Config::load(place, Some(start)) {
        Err(problems) => findings.push(Finding::missing(
            format!("the configuration cannot be used:\n{problems}"),
            "kith config check",
        )),
        Ok(config) => {
            findings.push(Finding::fine("the configuration"));
            if config.is_embedded() {
                findings.extend(database::embedded(&config).await);
            } else {
                findings.extend(database::given(&config).await);
            }
            findings.push(database::redis(&config).await);
            findings.extend(machine::look(&config).await);
        }
    }
    for finding in &findings {
        print(finding);
    }
    let ready = findings
        .iter()
        .all(|finding| finding.state != State::Missing);
    say(if ready {
        "\nThis machine can run kith."
    } else {
        "\nThis machine cannot run kith yet."
    });
    Ok(if ready {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(finding: &Finding) {
    let mark = match finding.state {
        State::Fine => "ok     ",
        State::Better => "better ",
        State::Missing => "missing",
    };
    say(&format!(
        "{mark}  {}",
        finding.what.replace('\n', "\n         ")
    ));
    if let Some(remedy) = &finding.remedy {
        say(&format!(
            "         → {}",
            remedy.replace('\n', "\n           ")
        ));
    }
}

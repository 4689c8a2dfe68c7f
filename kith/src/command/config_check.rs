//! `kith config check`: what a start would use, or everything that keeps it from starting.

use std::process::ExitCode;

use crate::cli::{Place, Start};
use crate::config::Config;
use crate::say::{complain, say};

pub(crate) fn run(place: &Place, start: &Start) -> anyhow::Result<ExitCode> {
    if let Err(problems) = Config::load(place, Some(start)) {
        complain(&format!("the configuration cannot be used:\n{problems}"));
        return Ok(ExitCode::FAILURE);
    }
    let settings = Config::settings(place, start)?;
    let mut section = "";
    for setting in &settings {
        let (table, key) = setting.key.rsplit_once('.').unwrap_or(("", &setting.key));
        if table != section {
            say(&format!(
                "{}[{table}]",
                if section.is_empty() { "" } else { "\n" }
            ));
            section = table;
        }
        let note = if setting.changed { "   # changed" } else { "" };
        say(&format!("{key} = {}{note}", setting.value));
    }
    Ok(ExitCode::SUCCESS)
}

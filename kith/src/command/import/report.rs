//! What became of the rows: counts for the person who waits, and a file that names every refused one.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use kith_api::common::v1::{ImportOutcome, ImportResult};

use super::rows::Flaw;
use crate::say::{complain, say};

/// Refused rows that are shown when there is no file for them.
const SHOWN: u64 = 10;

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) line: u64,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    User,
    Friendship,
    Request,
    /// It could not be read.
    Unknown,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    created: u64,
    unchanged: u64,
    refused: u64,
}

/// Collects results.
pub(super) struct Report {
    files: Vec<PathBuf>,
    output: Option<BufWriter<File>>,
    counts: [Counts; 4],
    refused: u64,
}

impl Report {
    /// Begins; `output` gets one line for each flaw of each refused row.
    pub(super) fn new(files: &[PathBuf], output: Option<&Path>) -> anyhow::Result<Self> {
        let output = match output {
            None => None,
            Some(path) => {
                let file = File::create(path)
                    .with_context(|| format!("writing the report {}", path.display()))?;
                let mut output = BufWriter::new(file);
                writeln!(output, "file,line,field,code,message")?;
                Some(output)
            }
        };
        Ok(Self {
            files: files.to_vec(),
            output,
            counts: [Counts::default(); 4],
            refused: 0,
        })
    }

    /// A row that Kith answered.
    pub(super) fn answered(
        &mut self,
        place: Place,
        subject: Subject,
        result: &ImportResult,
    ) -> anyhow::Result<()> {
        let counts = &mut self.counts[subject as usize];
        match result.outcome() {
            ImportOutcome::Created => counts.created += 1,
            ImportOutcome::Unchanged => counts.unchanged += 1,
            ImportOutcome::Refused | ImportOutcome::Unspecified => {
                let flaws: Vec<Flaw> = result
                    .violations
                    .iter()
                    .map(|one| Flaw::new(&one.field, &one.code, &one.message))
                    .collect();
                self.refuse(place, subject, &flaws)?;
            }
        }
        Ok(())
    }

    /// A row that was refused here.
    pub(super) fn refuse(
        &mut self,
        place: Place,
        subject: Subject,
        flaws: &[Flaw],
    ) -> anyhow::Result<()> {
        self.counts[subject as usize].refused += 1;
        self.refused += 1;
        let file = self.files[place.file].display().to_string();
        for flaw in flaws {
            let Flaw {
                field,
                code,
                message,
            } = flaw;
            if let Some(output) = &mut self.output {
                let (file, message) = (quoted(&file), quoted(message));
                writeln!(output, "{file},{},{field},{code},{message}", place.line)?;
            } else if self.refused <= SHOWN {
                complain(&format!(
                    "{file}:{}: {field}: {message} ({code})",
                    place.line
                ));
            }
        }
        Ok(())
    }

    /// Says how it went.
    pub(super) fn finish(mut self, dry_run: bool) -> anyhow::Result<()> {
        if let Some(output) = &mut self.output {
            output.flush()?;
        } else if self.refused > SHOWN {
            complain(&format!(
                "… and {} more; --report FILE names them all",
                self.refused - SHOWN
            ));
        }
        let new = if dry_run { "would be new" } else { "new" };
        for (subject, name) in [
            (Subject::User, "users"),
            (Subject::Friendship, "friendships"),
            (Subject::Request, "requests"),
        ] {
            let counts = self.counts[subject as usize];
            say(&format!(
                "{name:<12} {:>9} {new}, {:>9} there already, {:>7} refused",
                counts.created, counts.unchanged, counts.refused
            ));
        }
        let unreadable = self.counts[Subject::Unknown as usize].refused;
        if unreadable > 0 {
            say(&format!("{unreadable} rows could not be read"));
        }
        Ok(())
    }
}

/// A cell that may hold anything.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

//! `kith import friends`: the people and friendships of another product, from files, through the gRPC that any backend may
//! use, with a service key of its own. Read row by row and sent in batches, so memory does not grow with the files; every
//! row may be sent again, so an interrupted run is finished by the next one.

mod batches;
mod progress;
mod record;
mod report;
mod rows;

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    path::PathBuf,
};

use anyhow::Context as _;

use super::speaker::{self, Speaker};
use crate::{cli::ImportFriends, config::Config, say::say};
use batches::Batches;
use progress::Progress;
use record::Record;
use report::{Place, Report, Subject};
use rows::{Flaw, Rows};

/// The key that a run makes for itself, and revokes at its end.
const KEY_NAME: &str = "kith-import";

pub(super) async fn run(config: &Config, options: ImportFriends) -> anyhow::Result<()> {
    // Before anything is started: a report that cannot be written, or a file that cannot be read, is known at once.
    let report = Report::new(&options.files, options.report.as_deref())?;
    for file in &options.files {
        Rows::open(file)?;
    }
    speaker::with_speaker(config, KEY_NAME, async move |speaker| {
        Import::new(speaker, options, report)?.run().await
    })
    .await
}

/// A run.
struct Import {
    files: Vec<PathBuf>,
    dry_run: bool,
    /// Bytes of all files.
    total: u64,
    batches: Batches,
    report: Report,
    /// Keyed hashes of the ids of users, eight bytes each: to tell a repeated id, and in a dry run an unknown one.
    seen: HashSet<u64>,
    hasher: RandomState,
}

impl Import {
    fn new(speaker: Speaker, options: ImportFriends, report: Report) -> anyhow::Result<Self> {
        let mut total = 0;
        for file in &options.files {
            let metadata =
                std::fs::metadata(file).with_context(|| format!("reading {}", file.display()))?;
            total += metadata.len();
        }
        Ok(Self {
            batches: Batches::new(speaker, options.dry_run),
            files: options.files,
            dry_run: options.dry_run,
            total,
            report,
            seen: HashSet::new(),
            hasher: RandomState::new(),
        })
    }

    /// Users first, wherever they stand, then what is between them.
    async fn run(mut self) -> anyhow::Result<()> {
        for step in [Step::Users, Step::Links] {
            let mut progress = Progress::new(step.name(), self.total);
            let mut before = 0;
            for (file, path) in self.files.clone().into_iter().enumerate() {
                let mut rows = Rows::open(&path)?;
                while let Some(row) = rows.next()? {
                    let place = Place {
                        file,
                        line: row.line,
                    };
                    let record = row.content.and_then(|fields| Record::read(&fields));
                    self.take(step, place, record).await?;
                    progress.advance(before + rows.bytes_read());
                }
                before += rows.bytes_read();
            }
            self.batches.finish(&mut self.report).await?;
            progress.finish();
        }
        self.report.finish(self.dry_run)?;
        if self.dry_run {
            say("Nothing was written. Blocks and privacy settings are judged only by a real run.");
        }
        Ok(())
    }

    async fn take(
        &mut self,
        step: Step,
        place: Place,
        record: Result<Record, Flaw>,
    ) -> anyhow::Result<()> {
        match (step, record) {
            (Step::Users, Ok(Record::User(user))) => {
                if self.seen.insert(self.hasher.hash_one(&user.external_id)) {
                    return self.batches.user(place, user, &mut self.report).await;
                }
                let twice = Flaw::new("id", "duplicate", "an earlier row has this id");
                self.report.refuse(place, Subject::User, &[twice])
            }
            (Step::Users, Err(flaw)) => self.report.refuse(place, Subject::Unknown, &[flaw]),
            (Step::Links, Ok(Record::Link(link))) => {
                let is_new = |id: &str| self.seen.contains(&self.hasher.hash_one(id));
                let known = [is_new(&link.from), is_new(&link.to)];
                self.batches
                    .link(place, link, known, &mut self.report)
                    .await
            }
            // Each row belongs to one of the steps; what could not be read was reported in the first.
            (Step::Users, Ok(Record::Link(_))) | (Step::Links, _) => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Users,
    Links,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Links => "friendships",
        }
    }
}

//! Where PostgreSQL is on this machine: the newest one for a new folder, the matching one for an existing folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::Error;

/// The oldest major version that the SQL of the services is written for.
pub const MINIMUM_MAJOR: u32 = 15;

/// One installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder that holds `postgres` and `initdb`.
    pub folder: PathBuf,
    /// Its major version.
    pub major: u32,
}

impl Binaries {
    /// Whether it comes with an extension; nothing when it does not say where it keeps them.
    pub async fn has_extension(&self, name: &str) -> Option<bool> {
        let answer = Command::new(self.program("pg_config"))
            .arg("--sharedir")
            .output()
            .await
            .ok()?;
        let folder = String::from_utf8_lossy(&answer.stdout);
        let control = Path::new(folder.trim()).join(format!("extension/{name}.control"));
        answer.status.success().then(|| control.exists())
    }

    /// The path of one of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Every usable PostgreSQL, newest first.
pub async fn locate(search_path: Option<&OsStr>) -> Vec<Binaries> {
    let mut found: Vec<Binaries> = Vec::new();
    for folder in candidates(search_path).await {
        // Resolved first, because Debian links the newest version's programs into other folders of the PATH.
        let Ok(program) = folder.join("postgres").canonicalize() else {
            continue;
        };
        let Some(folder) = program.parent() else {
            continue;
        };
        if found.iter().any(|known| known.folder == folder) || !folder.join("initdb").exists() {
            continue;
        }
        if let Some(major) = major_of(&program)
            .await
            .filter(|major| *major >= MINIMUM_MAJOR)
        {
            found.push(Binaries {
                folder: folder.to_owned(),
                major,
            });
        }
    }
    found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
    found
}

/// The PostgreSQL for this database folder.
pub(super) async fn for_folder(
    data: &Path,
    search_path: Option<&OsStr>,
) -> Result<Binaries, Error> {
    let found = locate(search_path).await;
    let Some(wanted) = version_of_folder(data) else {
        return found.into_iter().next().ok_or(Error::NoBinaries);
    };
    let majors: Vec<String> = found
        .iter()
        .map(|binaries| binaries.major.to_string())
        .collect();
    found
        .into_iter()
        .find(|binaries| binaries.major == wanted)
        .ok_or_else(|| Error::OtherVersion {
            folder: data.to_owned(),
            wanted,
            found: if majors.is_empty() {
                "none".to_owned()
            } else {
                majors.join(", ")
            },
        })
}

fn version_of_folder(data: &Path) -> Option<u32> {
    std::fs::read_to_string(data.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

async fn candidates(search_path: Option<&OsStr>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = search_path
        .map(|path| std::env::split_paths(path).collect())
        .unwrap_or_default();
    for root in [
        "/usr/lib/postgresql",
        "/usr/local/pgsql",
        "/opt/homebrew/opt",
        "/usr/lib/postgresql15",
    ] {
        folders.push(Path::new(root).join("bin"));
        let Ok(entries) = std::fs::read_dir(root) else {
            continue;
        };
        folders.extend(entries.flatten().map(|entry| entry.path().join("bin")));
    }
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output().await
        && output.status.success()
    {
        folders.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    folders
}

async fn major_of(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().await.ok()?;
    parse_major(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `… 18beta1` and `… 17devel`.
fn parse_major(text: &str) -> Option<u32> {
    let version = text.split("(PostgreSQL)").nth(1)?.trim_start();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        let cases = [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
                Some(15),
            ),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("something else 15", None),
            ("", None),
        ];
        for (text, major) in cases {
            assert_eq!(parse_major(text), major, "{text}");
        }
    }
}

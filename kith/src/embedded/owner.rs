//! Whom the database runs as: this user, or an unprivileged one when root started the node, because PostgreSQL refuses root.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use tokio::process::Command;

use super::Error;

/// The operating-system user of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// It is another user than ours, so files and processes are handed over.
    pub handed_over: bool,
}

impl Owner {
    /// The owner of an existing database, or the right one for a new database.
    pub async fn choose(data: &Path) -> Result<Self, Error> {
        let ours = rustix::process::geteuid().as_raw();
        let existing = std::fs::metadata(data).ok();
        if ours != 0 {
            return match existing {
                Some(folder) if folder.uid() != ours => Err(Error::OtherOwner {
                    folder: data.to_owned(),
                    uid: folder.uid(),
                }),
                _ => Ok(Self {
                    uid: ours,
                    gid: rustix::process::getegid().as_raw(),
                    handed_over: false,
                }),
            };
        }
        if let Some(folder) = existing.filter(|folder| folder.uid() != 0) {
            return Ok(Self {
                uid: folder.uid(),
                gid: folder.gid(),
                handed_over: true,
            });
        }
        Self::unprivileged().await.ok_or(Error::NoUser)
    }

    /// Makes the command run as the owner, away from our terminal's process group so that Ctrl-C does not reach it, and
    /// without our environment, which may hold secrets and settings of other databases.
    pub(super) fn prepare(self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .current_dir("/")
            .process_group(0);
        if self.handed_over {
            // The standard library drops the supplementary groups when root gives up its user id.
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Hands a file or folder over.
    pub(super) fn take(self, path: &Path) -> Result<(), Error> {
        if !self.handed_over {
            return Ok(());
        }
        std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid)).map_err(Error::io(
            "cannot hand over to the user of the database",
            path,
        ))
    }

    async fn unprivileged() -> Option<Self> {
        for name in ["postgres", "nobody"] {
            if let (Some(uid), Some(gid)) = (id(&["-u", name]).await, id(&["-g", name]).await)
                && let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse())
            {
                return Some(Self {
                    uid,
                    gid,
                    handed_over: true,
                });
            }
        }
        None
    }
}

/// The name of the user who runs this process, as PostgreSQL's peer authentication will see it.
pub(super) async fn own_name() -> Option<String> {
    id(&["-un"]).await
}

/// Asks `id`, because users may live in a directory service and not in /etc/passwd.
async fn id(arguments: &[&str]) -> Option<String> {
    let output = Command::new("id").args(arguments).output().await.ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

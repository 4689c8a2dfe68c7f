//! Makes a new database folder with `initdb`, all or nothing.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::process::Stdio;

use tokio::process::Command;

use super::handle::Access;
use super::{ADMIN, Binaries, DataFolder, Error, Owner};

/// Creates the database beside its final place and moves it there, so that a node killed half-way leaves nothing that
/// looks like a database.
pub(super) async fn create(
    folder: &DataFolder,
    binaries: &Binaries,
    owner: &Owner,
) -> Result<(), Error> {
    let (target, fresh) = (folder.database(), folder.path().join("postgres.new"));
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh)
            .map_err(Error::io("cannot remove an unfinished database", &fresh))?;
    }
    DirBuilder::new()
        .mode(0o700)
        .create(&fresh)
        .map_err(Error::io(
            "cannot create the folder of the database",
            &fresh,
        ))?;
    owner.take(&fresh)?;
    let access = Access::open(&fresh)?;

    let mut command = Command::new(binaries.program("initdb"));
    owner.prepare(&mut command);
    // C.UTF-8 and not C: under C, trigrams of a name in Chinese or Arabic are empty.
    command
        .arg("-D")
        .arg(access.folder_for_child())
        .args([
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--auth=peer",
            "-U",
            ADMIN,
        ])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command
        .output()
        .await
        .map_err(Error::io("cannot run", binaries.program("initdb")))?;
    if !output.status.success() {
        let output = [output.stdout, output.stderr].concat();
        return Err(Error::Initdb {
            output: String::from_utf8_lossy(&output).trim().to_owned(),
        });
    }
    // An empty folder may be there (made by an administrator, or a mount point's leftover); anything else is not ours to replace.
    let _ = std::fs::remove_dir(&target);
    std::fs::rename(&fresh, &target).map_err(Error::io(
        "cannot move the new database into place",
        &target,
    ))
}

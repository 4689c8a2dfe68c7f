//! The data folder: where its parts are, and the lock that keeps a second node out.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FlockOperation;

use super::Error;

/// A data folder held by this process; the lock goes with the last clone, or with the process.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
    _lock: Arc<File>,
}

impl DataFolder {
    /// Makes the folder if it is not there, and takes its lock.
    pub fn open(path: &Path) -> Result<Self, Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(Error::io("cannot create the data folder", path))?;
        // Absolute, because the database and the addresses derived from it must survive a change of directory.
        let path = path
            .canonicalize()
            .map_err(Error::io("cannot resolve the data folder", path))?;
        let lock = lock(&path)?;
        Ok(Self {
            path,
            _lock: Arc::new(lock),
        })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database's folder, handed over to the user who runs it.
    pub fn database(&self) -> PathBuf {
        database_of(&self.path)
    }

    /// What PostgreSQL says.
    pub fn log(&self) -> PathBuf {
        self.path.join("postgres.log")
    }
}

/// The database's folder inside a data folder, for commands that do not hold it.
pub fn database_of(folder: &Path) -> PathBuf {
    folder.join("postgres")
}

/// An advisory lock of the kernel: it is gone the moment its process is, however that ended.
fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("kith.lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(Error::io("cannot open the lock of the data folder", &path))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(Error::InUse {
                folder: folder.to_owned(),
                pid: holder(&mut file),
            });
        }
        Err(error) => {
            return Err(Error::io("cannot lock the data folder", &path)(
                error.into(),
            ));
        }
    }
    write_pid(&mut file).map_err(Error::io("cannot write the lock of the data folder", &path))?;
    Ok(file)
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    let pid = text.trim();
    (!pid.is_empty()).then(|| pid.to_owned())
}

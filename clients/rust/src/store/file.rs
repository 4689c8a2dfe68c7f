//! A store in one file, replaced as a whole: whatever moment the process dies in, the file is the old one or the new one.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::{
    fs::{self, File, OpenOptions},
    io::AsyncWriteExt as _,
};

use super::{Store, Stored};
use crate::client::Update;

/// Keeps everything in a file that only its owner may read. What was shown is not in it: an app that dies between the save and
/// the showing has missed that, but nothing that was to be sent is lost or said twice.
#[derive(Debug, Clone)]
pub struct FileStore {
    path: PathBuf,
}

impl FileStore {
    /// In this file, which need not be there yet. One device, one file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn beside(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        name.into()
    }
}

impl Store for FileStore {
    async fn load(&mut self) -> io::Result<Stored> {
        match fs::read(&self.path).await {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Stored::default()),
            Err(error) => Err(error),
        }
    }

    async fn save(&mut self, stored: &Stored, _: &[Update]) -> io::Result<()> {
        let text = serde_json::to_vec(stored)?;
        let beside = self.beside();
        let mut file = create(&beside).await?;
        file.write_all(&text).await?;
        // Before the rename: a crash of the machine must not leave the name with nothing behind it.
        file.sync_all().await?;
        fs::rename(&beside, &self.path).await?;
        sync_folder(&self.path).await
    }
}

async fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await
}

/// Makes the new name last.
async fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .await?
            .sync_all()
            .await?;
    }
    Ok(())
}

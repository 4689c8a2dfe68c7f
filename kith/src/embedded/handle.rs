//! How the database's folder and socket are reached, whatever their path: every process of ours that needs them holds
//! the folder open, and names it through that handle where the path is too long for a socket address or leads through
//! a folder that the database's user may not enter.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::FdFlags;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::Error;

/// The longest address of a Unix socket, its final zero left out.
const SOCKET_PATH_LIMIT: usize = 107;
/// The name that PostgreSQL gives the socket of port 5432.
const SOCKET_NAME: &str = ".s.PGSQL.5432";
/// The database in which all schemas live.
pub(super) const DATABASE: &str = "kith";

/// A way to the embedded database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Access {
    folder: PathBuf,
    handle: Arc<OwnedFd>,
}

impl Access {
    /// Opens the way to a database's folder.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let failed = || Error::io("cannot open the folder of the database", folder);
        let handle = rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())
            .map_err(|error| failed()(error.into()))?;
        // Inherited on purpose: the database finds its folder by this handle even where its user may not walk the path.
        rustix::io::fcntl_setfd(&handle, FdFlags::empty())
            .map_err(|error| failed()(error.into()))?;
        Ok(Self {
            folder: folder.to_owned(),
            handle: Arc::new(handle),
        })
    }

    /// The folder as a child process names it.
    pub(super) fn folder_for_child(&self) -> PathBuf {
        let through_handle = self.through_handle();
        if through_handle.exists() {
            through_handle
        } else {
            self.folder.clone()
        }
    }

    /// The folder of the socket, in a form short enough to connect to.
    pub fn socket_folder(&self) -> PathBuf {
        if self.folder.join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_LIMIT {
            self.folder.clone()
        } else {
            self.through_handle()
        }
    }

    /// How to connect as a role. No password: the server asks the kernel who we are.
    pub fn options(&self, role: &str) -> PgConnectOptions {
        self.options_of_database(role, DATABASE)
    }

    pub(super) fn options_of_database(&self, role: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.socket_folder())
            .port(5432)
            .username(role)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    /// The same as a URL, for a service's configuration.
    pub fn url(&self, role: &str) -> String {
        let folder = percent_encode(&self.socket_folder().to_string_lossy());
        format!("postgres://{role}@localhost:5432/{DATABASE}?host={folder}&sslmode=disable")
    }

    fn through_handle(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.handle.as_raw_fd()))
    }
}

fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

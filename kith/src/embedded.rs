//! The private PostgreSQL of a node that was given no database: a child process made from the machine's own binaries,
//! reachable over one Unix socket by this operating-system user only. It owns `DIR/postgres` and `DIR/postgres.log`;
//! it refuses a folder that another node uses, and it never turns durability off.

mod abort;
mod access;
mod binaries;
mod child;
mod cluster;
mod folder;
mod handle;
mod orphan;
mod owner;
mod roles;
mod settings;
mod supervisor;

use std::ffi::OsStr;
use std::path::PathBuf;

use kith_runtime::Shutdown;

pub use abort::AbortHandle;
pub use binaries::{Binaries, MINIMUM_MAJOR, locate};
pub use folder::{DataFolder, database_of};
pub use handle::Access;
pub use owner::Owner;
pub use roles::{ADMIN, SERVICES, role_of};
pub use supervisor::Supervisor;

/// Why there is no embedded database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable PostgreSQL on this machine.
    #[error(
        "no PostgreSQL {MINIMUM_MAJOR} or newer was found on this machine (looked in PATH, /usr/lib/postgresql and pg_config); \
         install it (Debian, Ubuntu: `apt-get install postgresql`) or set KITH__DATABASE__URL"
    )]
    NoBinaries,
    /// The data was written by another major version.
    #[error(
        "the database in {folder} was made by PostgreSQL {wanted}, which is not on this machine (found: {found}); \
         install PostgreSQL {wanted} or upgrade the folder with pg_upgrade"
    )]
    OtherVersion {
        /// The database's folder.
        folder: PathBuf,
        /// The major version that wrote it.
        wanted: u32,
        /// The major versions of this machine.
        found: String,
    },
    /// Another node holds the folder.
    #[error("the data folder {folder} is in use by another kith{}; stop it, or give this one its own --data", pid.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// The process that holds it, where known.
        pid: Option<String>,
    },
    /// The folder belongs to somebody else.
    #[error(
        "the database in {folder} belongs to user id {uid}; start kith as that user or as root"
    )]
    OtherOwner {
        /// The database's folder.
        folder: PathBuf,
        /// Who owns it.
        uid: u32,
    },
    /// Started by root, and there is nobody to run the database as.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody`; create one: `useradd --system postgres`"
    )]
    NoUser,
    /// A step on the file system failed.
    #[error("{step}: {path}")]
    Io {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// `initdb` failed.
    #[error("initdb failed:\n{output}")]
    Initdb {
        /// What it printed.
        output: String,
    },
    /// The server ended before it answered.
    #[error("PostgreSQL ended while starting ({status}); the end of its log:\n{log}")]
    Ended {
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        log: String,
    },
    /// The server runs and does not answer.
    #[error("PostgreSQL did not answer within {seconds} s; see its log")]
    Silent {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The server answers, and refuses to be set up.
    #[error("the embedded database could not be set up")]
    Setup(#[from] sqlx::Error),
}

impl Error {
    fn io(step: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { step, path, source }
    }
}

/// Starts the database of `folder`, making it at the first time, and recovering it from whatever happened to its last
/// owner. Answers once it accepts connections and has its roles. The supervisor must be run until the node ends.
pub async fn start(
    folder: &DataFolder,
    search_path: Option<&OsStr>,
    stop: Shutdown,
    abort: AbortHandle,
) -> Result<(Access, Supervisor), Error> {
    let data = folder.database();
    let owner = Owner::choose(&data).await?;
    let binaries = binaries::for_folder(&data, search_path).await?;
    if !data.join("PG_VERSION").exists() {
        cluster::create(folder, &binaries, &owner).await?;
    }
    orphan::stop(&data).await?;
    access::write_rules(&data, &owner).await?;
    let access = Access::open(&data)?;
    let server = child::Server {
        folder: folder.clone(),
        binaries,
        owner,
        access: access.clone(),
        abort,
    };
    let child = child::start(&server).await?;
    let supervisor = Supervisor::new(server, child, stop);
    if let Err(error) = roles::ensure(&access).await {
        supervisor.end().await;
        return Err(error);
    }
    Ok((access, supervisor))
}

//! Where the data of an instance is: the databases of its services, given or embedded, for a node that starts and for a
//! command that joins or wakes a stopped one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use kith_runtime::{Shutdown, Tasks};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Config;
use crate::embedded::{self, ADMIN, AbortHandle, Access, DataFolder, role_of};

/// What an immediate end may take.
const ABORT_LIMIT: Duration = Duration::from_secs(3);
/// What a command, which nobody has told to hurry, gives the database for its end.
const UNHURRIED: Duration = Duration::from_secs(30);

/// The databases of an instance.
pub(crate) struct Storage {
    config: kith_config::Database,
    embedded: Option<Embedded>,
}

/// The private PostgreSQL.
struct Embedded {
    access: Access,
    /// None where another process runs it.
    own: Option<Own>,
}

/// What ends the database that this process runs.
struct Own {
    tasks: Tasks,
    stop: Shutdown,
    abort: AbortHandle,
}

impl Storage {
    /// For a node: starts the embedded database in its folder, unless one was given.
    pub(crate) async fn start(
        config: &Config,
        folder: Option<&DataFolder>,
        abort: AbortHandle,
    ) -> anyhow::Result<Self> {
        let embedded = match folder {
            Some(folder) if config.is_embedded() => {
                let stop = Shutdown::new();
                let path = kith_config::search_path();
                let (access, supervisor) =
                    embedded::start(folder, path.as_deref(), stop.clone(), abort.clone()).await?;
                let tasks = Tasks::new(stop.clone());
                tasks.critical("embedded database", supervisor.run());
                Some(Embedded {
                    access,
                    own: Some(Own { tasks, stop, abort }),
                })
            }
            _ => None,
        };
        Ok(Self {
            config: config.database.clone(),
            embedded,
        })
    }

    /// For a command: the same, or the database of the node that runs on the folder now.
    pub(crate) async fn reach(config: &Config) -> anyhow::Result<Self> {
        if !config.is_embedded() {
            return Self::start(config, None, AbortHandle::default()).await;
        }
        let path = config.folder();
        let data = embedded::database_of(&path);
        if !data.join("PG_VERSION").exists() {
            anyhow::bail!(
                "there is no instance in {}; name its folder with --data, or set KITH__DATABASE__URL as its nodes have it",
                path.display()
            );
        }
        match DataFolder::open(&path) {
            Ok(folder) => Self::start(config, Some(&folder), AbortHandle::default()).await,
            Err(embedded::Error::InUse { .. }) => {
                let access = Access::open(&data.canonicalize()?)?;
                Ok(Self {
                    config: config.database.clone(),
                    embedded: Some(Embedded { access, own: None }),
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The URL of a service's database, with the service's own role where it has one.
    pub(crate) fn url_of(&self, service: &str) -> anyhow::Result<SecretString> {
        if let Some(embedded) = &self.embedded {
            return Ok(embedded.access.url(&role_of(service)).into());
        }
        self.config
            .url_of(service)
            .cloned()
            .with_context(|| format!("no database was given for {service}"))
    }

    /// The URL of the database that keeps the cluster's own secret.
    pub(crate) fn url_of_cluster(&self) -> anyhow::Result<SecretString> {
        if let Some(embedded) = &self.embedded {
            return Ok(embedded.access.url(ADMIN).into());
        }
        let urls = [
            &self.config.url,
            &self.config.accounts.url,
            &self.config.friends.url,
            &self.config.chat.url,
        ];
        urls.into_iter()
            .flatten()
            .next()
            .cloned()
            .context("no database was given")
    }

    /// A pool for one service.
    pub(crate) fn pool_of(&self, service: &str) -> anyhow::Result<sqlx::PgPool> {
        self.pool(service, self.config.connections_of(service))
    }

    /// A second one, for what must not wait behind everything else.
    pub(crate) fn reserved_of(&self, service: &str) -> anyhow::Result<sqlx::PgPool> {
        self.pool(service, self.config.reserved_connections)
    }

    fn pool(&self, service: &str, size: u32) -> anyhow::Result<sqlx::PgPool> {
        let url = self.url_of(service)?;
        kith_postgres::connect(url.expose_secret(), service, size)
            .with_context(|| format!("the database URL of {service} cannot be used"))
    }

    /// Waits until the embedded database is lost for good; for ever where there is none.
    pub(crate) async fn failed(&self) {
        match self
            .embedded
            .as_ref()
            .and_then(|embedded| embedded.own.as_ref())
        {
            Some(own) => own.tasks.failed().await,
            None => std::future::pending().await,
        }
    }

    /// Ends the embedded database, if it is ours: with a checkpoint if `limit` is enough for one.
    pub(crate) async fn stop_within(self, limit: Duration) {
        if let Some(own) = self.embedded.and_then(|embedded| embedded.own) {
            own.stop.signal();
            if !own.tasks.finish(limit).await {
                own.abort.abort();
                own.tasks.finish(ABORT_LIMIT).await;
            }
        }
    }

    /// Ends the embedded database, if it is ours.
    pub(crate) async fn stop(self) {
        self.stop_within(UNHURRIED).await;
    }
}

/// Where a running node says how its internal port is reached.
pub(crate) const INTERNAL_ADDRESS: &str = "internal.addr";
/// Where it says how its clients reach it.
pub(crate) const PUBLIC_ADDRESS: &str = "public.addr";

/// Where `kith demo` leaves the logins that it made, for the web client's first page.
pub(crate) const DEMO_LOGINS: &str = "demo-logins.json";

/// Writes an address down, for commands of the same user.
pub(crate) fn write_address(folder: &Path, name: &str, address: SocketAddr) -> anyhow::Result<()> {
    write(folder, name, &address.to_string())
}

/// Writes a small file that only the same user reads.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let (path, fresh) = (folder.join(name), folder.join(format!("{name}.new")));
    let write = || -> std::io::Result<()> {
        let _ = std::fs::remove_file(&fresh);
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        writeln!(file, "{text}")?;
        // Renamed, so that nobody reads half of it.
        std::fs::rename(&fresh, &path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Reads what [`write_address`] wrote.
pub(crate) fn read_address(folder: &Path, name: &str) -> Option<SocketAddr> {
    std::fs::read_to_string(folder.join(name))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// An address that stands for all of a machine's is reached through its loopback.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

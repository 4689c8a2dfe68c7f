//! The sections that several crates share.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{Problems, address};

/// More than this is a slip of the hand: each thread waits for a processor of its own.
const MOST_WORKER_THREADS: usize = 1_024;

/// `[server]`: where the process listens and how it ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// REST, WebSocket, web client.
    #[serde(deserialize_with = "address::read")]
    pub listen: SocketAddr,
    /// Metrics, health, reflection, gRPC for other backends.
    #[serde(deserialize_with = "address::read")]
    pub internal_listen: SocketAddr,
    /// From SIGTERM to exit.
    #[serde(with = "humantime_serde")]
    pub grace_period: Duration,
    /// Threads that run the node's tasks. Absent: as many as processors that the process may use.
    pub worker_threads: Option<usize>,
}

impl Server {
    /// What serde cannot judge.
    pub fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        problems.require(
            self.worker_threads
                .is_none_or(|threads| (1..=MOST_WORKER_THREADS).contains(&threads)),
            "server.worker_threads",
            &format!("must be between 1 and {MOST_WORKER_THREADS}"),
        );
        problems
    }
}

/// `[database]`: where Postgres is. Without a URL the process starts its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `postgres://…` for every service that has no URL of its own.
    pub url: Option<SecretString>,
    /// Connections of chat's pool.
    pub chat_connections: u32,
    /// Connections of every other service's pool.
    pub service_connections: u32,
    /// Connections of chat's and of accounts' pool for what must not wait behind everything else.
    pub reserved_connections: u32,
    /// Where accounts keeps its schema, when not at `url`.
    pub accounts: ServiceDatabase,
    /// Where friends keeps its schema, when not at `url`.
    pub friends: ServiceDatabase,
    /// Where chat keeps its schema, when not at `url`.
    pub chat: ServiceDatabase,
    /// Where presence keeps its schema, when not at `url`.
    pub presence: ServiceDatabase,
}

/// `[database.<service>]`: a service with a database, or a role, of its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceDatabase {
    /// `postgres://…` with a role that has rights on this service's schema only.
    pub url: Option<SecretString>,
}

impl Database {
    /// The URL of a service: its own, or that of all.
    pub fn url_of(&self, service: &str) -> Option<&SecretString> {
        let own = match service {
            "accounts" => &self.accounts,
            "friends" => &self.friends,
            "chat" => &self.chat,
            "presence" => &self.presence,
            _ => return self.url.as_ref(),
        };
        own.url.as_ref().or(self.url.as_ref())
    }

    /// The size of a service's pool.
    pub fn connections_of(&self, service: &str) -> u32 {
        if service == "chat" {
            self.chat_connections
        } else {
            self.service_connections
        }
    }

    /// What serde cannot judge.
    pub fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        for (key, url) in [
            ("database.url", &self.url),
            ("database.accounts.url", &self.accounts.url),
            ("database.friends.url", &self.friends.url),
            ("database.chat.url", &self.chat.url),
            ("database.presence.url", &self.presence.url),
        ] {
            let fits = url.as_ref().is_none_or(|url| {
                ["postgres://", "postgresql://"]
                    .iter()
                    .any(|scheme| url.expose_secret().starts_with(scheme))
            });
            problems.require(fits, key, "must begin with postgres:// or postgresql://");
        }
        problems.require(
            self.chat_connections > 0,
            "database.chat_connections",
            "must be at least 1",
        );
        problems.require(
            self.service_connections > 0,
            "database.service_connections",
            "must be at least 1",
        );
        problems.require(
            self.reserved_connections > 2,
            "database.reserved_connections",
            "must be at least 3: two are for sends alone",
        );
        problems
    }
}

/// `[redis]`: the bus between nodes. Without a URL the node is alone and uses memory.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// `redis://…`, or `rediss://…` for TLS; of a cluster some of its nodes, with commas.
    pub url: Option<SecretString>,
    /// The URL is of a Redis Cluster.
    pub cluster: bool,
}

impl Redis {
    /// What serde cannot judge.
    pub fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        let urls = self.url.as_ref().map(ExposeSecret::expose_secret);
        let mut urls = urls.into_iter().flat_map(|urls| urls.split(','));
        let fits = urls.all(|url| {
            ["redis://", "rediss://", "redis+unix://", "unix://"]
                .iter()
                .any(|scheme| url.trim().starts_with(scheme))
        });
        problems.require(fits, "redis.url", "must begin with redis:// or rediss://");
        problems
    }
}

/// `[internal_tls]`: mutual TLS between nodes. Without files they talk plainly.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternalTls {
    /// The certificate of the cluster's authority.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// This node's certificate, followed by those between it and the authority's.
    #[serde(default)]
    pub cert: Option<PathBuf>,
    /// The key of this node's certificate.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// How often the files are looked at for renewed ones.
    #[serde(with = "humantime_serde")]
    pub refresh: Duration,
}

impl InternalTls {
    /// Whether nodes talk by mutual TLS.
    pub const fn is_on(&self) -> bool {
        self.ca.is_some() || self.cert.is_some() || self.key.is_some()
    }

    /// What serde cannot judge; the files themselves are not looked at.
    pub fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        for (key, file) in [
            ("internal_tls.ca", &self.ca),
            ("internal_tls.cert", &self.cert),
            ("internal_tls.key", &self.key),
        ] {
            problems.require(
                file.is_some() || !self.is_on(),
                key,
                "must be set, because the others of internal_tls are",
            );
        }
        problems.require(
            !self.refresh.is_zero(),
            "internal_tls.refresh",
            "must not be zero",
        );
        problems
    }
}

/// `[secrets]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// Wraps the signing keys and the cluster's secret in the database; 32 bytes in base64, or any passphrase of at least 16 characters.
    pub key: Option<SecretString>,
    /// The cluster's secret for nodes without a database (a lone gateway); 32 bytes in base64.
    pub cluster_key: Option<SecretString>,
}

/// `[telemetry]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// A filter such as `info,kith_chat=debug`.
    pub log: String,
    /// `auto` (text on a terminal, else JSON), `text` or `json`.
    pub format: String,
    /// Where spans go, for example `http://127.0.0.1:4317`; nowhere when absent.
    #[serde(default)]
    pub otlp_endpoint: Option<String>,
}

impl Telemetry {
    /// What serde cannot judge.
    pub fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        let known = ["auto", "text", "json"].contains(&self.format.as_str());
        problems.require(known, "telemetry.format", "must be auto, text or json");
        let fits = self
            .otlp_endpoint
            .as_ref()
            .is_none_or(|url| url.starts_with("http"));
        problems.require(
            fits,
            "telemetry.otlp_endpoint",
            "must begin with http:// or https://",
        );
        problems
    }
}

/// `[limits]`: rate limits. Requests per minute and bursts are per user, device or address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// False turns all rate limits off, for load tests; refused unless the node listens on loopback only.
    pub enabled: bool,
    /// REST calls per user and minute.
    pub requests_per_user: u32,
    /// REST calls per address and minute, signed in or not.
    pub requests_per_address: u32,
    /// Registrations, log-ins and refreshes per address and minute.
    pub auth_per_address: u32,
    /// Messages per user and minute, over REST and sockets together.
    pub messages_per_user: u32,
    /// Looks for people by name per user and minute, so that nobody reads off who is here.
    pub lookups_per_user: u32,
    /// Frames per socket and minute.
    pub frames_per_socket: u32,
    /// New sockets per address and minute.
    pub sockets_per_address: u32,
}

impl Limits {
    /// What serde cannot judge.
    pub fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        for (key, count) in [
            ("limits.requests_per_user", self.requests_per_user),
            ("limits.requests_per_address", self.requests_per_address),
            ("limits.auth_per_address", self.auth_per_address),
            ("limits.messages_per_user", self.messages_per_user),
            ("limits.lookups_per_user", self.lookups_per_user),
            ("limits.frames_per_socket", self.frames_per_socket),
            ("limits.sockets_per_address", self.sockets_per_address),
        ] {
            problems.require(
                count > 0,
                key,
                "must be at least 1; only limits.enabled turns limits off",
            );
        }
        problems
    }
}

/// A URL, or several of a Redis with commas, without passwords, for logs and `kith config check`.
pub fn redacted_url(urls: &str) -> String {
    // A comma alone may be part of a password.
    let mut urls = urls.split(",redis");
    let first = urls.next().map(redacted).unwrap_or_default();
    urls.fold(first, |shown, url| {
        format!("{shown},{}", redacted(&format!("redis{url}")))
    })
}

fn redacted(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}{user}:…{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

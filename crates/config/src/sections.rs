//! The sections that several crates share.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;

/// `[server]`: where the process listens and how it ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// REST, WebSocket, web client.
    pub listen: SocketAddr,
    /// Metrics, health, reflection, gRPC for other backends.
    pub internal_listen: SocketAddr,
    /// From SIGTERM to exit.
    #[serde(with = "humantime_serde")]
    pub grace_period: Duration,
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
    /// URLs by service name (`accounts`, `friends`, `chat`), each with a role that has rights on its own schema only.
    #[serde(default)]
    pub service_urls: HashMap<String, SecretString>,
}

/// `[redis]`: the bus between nodes. Without a URL the node is alone and uses memory.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// `redis://…`.
    pub url: Option<SecretString>,
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
    /// Frames per socket and minute.
    pub frames_per_socket: u32,
    /// New sockets per address and minute.
    pub sockets_per_address: u32,
}

/// A URL without its password, for logs and `kith config check`.
pub fn redacted_url(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}{user}:…{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

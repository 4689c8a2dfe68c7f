//! Which Redis: one server, or a Redis Cluster by some of its nodes.

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion};

/// The addresses of one Redis, read and judged. Cheap enough to clone.
#[derive(Debug, Clone)]
pub struct Servers {
    addresses: Vec<ConnectionInfo>,
    is_cluster: bool,
}

/// The addresses cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ServersError {
    /// An address is none that Redis understands.
    #[error("redis.url: {0}")]
    Url(#[source] redis::RedisError),
    /// Several servers that are no cluster know nothing of each other.
    #[error("redis.url: several addresses are for a Redis Cluster; set redis.cluster = true")]
    SeveralOfNoCluster,
    /// A cluster has one database, and its nodes name each other by host and port.
    #[error("redis.url: a Redis Cluster is reached over TCP, and has only database 0")]
    NotForACluster,
}

/// Host and port of one server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Servers {
    /// Reads addresses (`redis://…`, or `rediss://…` for TLS), several with commas.
    pub fn new(urls: &str, is_cluster: bool) -> Result<Self, ServersError> {
        let addresses: Vec<ConnectionInfo> = urls
            .split(',')
            .map(|url| url.trim().into_connection_info())
            .collect::<Result<_, _>>()
            .map_err(ServersError::Url)?;
        for address in &addresses {
            // Made for its judgement: TLS that was not compiled in, a scheme that is not known.
            Client::open(address.clone()).map_err(ServersError::Url)?;
        }
        if addresses.len() > 1 && !is_cluster {
            return Err(ServersError::SeveralOfNoCluster);
        }
        let fits = |it: &ConnectionInfo| address(it).is_some() && it.redis_settings().db() == 0;
        if is_cluster && !addresses.iter().all(fits) {
            return Err(ServersError::NotForACluster);
        }
        let mut servers = Self {
            addresses,
            is_cluster,
        };
        if is_cluster {
            let given = servers.addresses.iter().filter_map(address);
            servers.addresses = given.map(|it| servers.node(&it)).collect();
        }
        Ok(servers)
    }

    /// Whether it is a Redis Cluster.
    pub const fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    /// What was given: the server, or nodes by which the cluster is found.
    pub fn addresses(&self) -> &[ConnectionInfo] {
        &self.addresses
    }

    /// The server that was given first.
    pub(crate) fn first(&self) -> &ConnectionInfo {
        &self.addresses[0]
    }

    /// A node of the cluster, reached like the first that was given: the same user, the same TLS.
    pub(crate) fn node(&self, address: &Address) -> ConnectionInfo {
        let (host, port) = (address.host.clone(), address.port);
        let there = match self.first().addr() {
            ConnectionAddr::TcpTls {
                insecure,
                tls_params,
                ..
            } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: *insecure,
                tls_params: tls_params.clone(),
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        self.first().clone().set_addr(there)
    }
}

/// Where a server listens, if it does so on TCP.
pub(crate) fn address(info: &ConnectionInfo) -> Option<Address> {
    match info.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            Some(Address {
                host: host.clone(),
                port: *port,
            })
        }
        _ => None,
    }
}

/// A client that speaks RESP3, in which pushes come beside replies.
pub(crate) fn pushing_client(info: &ConnectionInfo) -> Result<Client, redis::RedisError> {
    let settings = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3);
    Client::open(info.clone().set_redis_settings(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_addresses_are_a_cluster() {
        let servers = Servers::new("redis://:word@one:7000, redis://:word@two:7000", true).unwrap();

        assert_eq!(servers.addresses().len(), 2);
        assert!(matches!(
            Servers::new("redis://one, redis://two", false),
            Err(ServersError::SeveralOfNoCluster)
        ));
    }

    #[test]
    fn user_password_and_tls_of_the_first_address_hold_for_all() {
        let servers = Servers::new("rediss://ann:word@one:7000,redis://two:7001", true).unwrap();

        for (info, host) in servers.addresses().iter().zip(["one", "two"]) {
            let settings = info.redis_settings();
            assert_eq!(
                (settings.username(), settings.password()),
                (Some("ann"), Some("word"))
            );
            assert!(matches!(info.addr(), ConnectionAddr::TcpTls { host: it, .. } if it == host));
        }
    }

    #[test]
    fn what_no_cluster_can_be_is_refused() {
        for urls in ["redis://one/1", "unix:///run/redis.sock"] {
            assert!(Servers::new(urls, false).is_ok(), "{urls}");
            assert!(
                matches!(Servers::new(urls, true), Err(ServersError::NotForACluster)),
                "{urls}"
            );
        }
        assert!(matches!(
            Servers::new("http://one", false),
            Err(ServersError::Url(_))
        ));
    }

    #[test]
    fn a_node_is_reached_like_the_first_address() {
        let servers = Servers::new("rediss://ann:word@one:7000", true).unwrap();
        let address = Address {
            host: "two".to_owned(),
            port: 7001,
        };

        let node = servers.node(&address);

        assert!(matches!(
            node.addr(),
            ConnectionAddr::TcpTls { host, port: 7001, insecure: false, .. } if host == "two"
        ));
        assert_eq!(node.redis_settings().password(), Some("word"));
    }
}

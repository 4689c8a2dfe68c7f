//! The nodes of a service, each by itself: for who must choose among them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use tokio::sync::watch;
use tonic::transport::Channel;

/// A way to one node of a service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Way {
    /// Where the node is, the same for all who look for it; none for the one in this process.
    pub address: Option<SocketAddr>,
    /// Changes when the way is made anew, with other certificates.
    pub version: u64,
    /// Leads there.
    pub channel: Channel,
}

/// The nodes of a service, as they come and go. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Nodes {
    own: Option<Own>,
    others: Option<watch::Receiver<Vec<Way>>>,
}

/// The node in this process.
#[derive(Debug, Clone)]
struct Own {
    channel: Channel,
    /// Where it listens for the others, if it does.
    listen: Option<SocketAddr>,
}

impl Nodes {
    /// Those at addresses.
    pub(crate) const fn at(others: watch::Receiver<Vec<Way>>) -> Self {
        Self {
            own: None,
            others: Some(others),
        }
    }

    /// The one in this process, and nobody else.
    pub const fn alone(channel: Channel) -> Self {
        Self {
            own: Some(Own {
                channel,
                listen: None,
            }),
            others: None,
        }
    }

    /// The one in this process as well, which listens for the others at `listen`: where that is one of the addresses, its channel leads there
    /// without the network. While it is none of them nobody else knows the node, and it is a way without an address.
    pub fn and_own(self, channel: Channel, listen: SocketAddr) -> Self {
        Self {
            own: Some(Own {
                channel,
                listen: Some(listen),
            }),
            ..self
        }
    }

    /// All that are known now.
    pub fn known(&mut self) -> Vec<Way> {
        let mut known = match &mut self.others {
            Some(others) => others.borrow_and_update().clone(),
            None => Vec::new(),
        };
        if let Some(own) = &self.own {
            let here = |way: &Way| way.address.is_some_and(|it| own.is_at(it));
            let way = |address| Way {
                address,
                version: 0,
                channel: own.channel.clone(),
            };
            match known.iter_mut().find(|it| here(it)) {
                Some(here) => *here = way(here.address),
                None => known.push(way(None)),
            }
        }
        known
    }

    /// Waits until others are known.
    pub async fn changed(&mut self) {
        if let Some(others) = &mut self.others
            && others.changed().await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

impl Own {
    fn is_at(&self, address: SocketAddr) -> bool {
        self.listen.is_some_and(|listen| {
            listen.port() == address.port()
                && (listen.ip() == address.ip()
                    || listen.ip().is_unspecified() && is_of_this_host(address.ip()))
        })
    }
}

/// Whether the address is one of this host's own: what it sends there has it as its source as well. Sends nothing.
fn is_of_this_host(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpSocket::bind((any, 0))
        .and_then(|socket| {
            socket.connect((address, 9))?;
            socket.local_addr()
        })
        .is_ok_and(|source| source.ip() == address)
}

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        (self.address, self.version) == (other.address, other.version)
    }
}

#[cfg(test)]
mod tests {
    use tonic::transport::Endpoint;

    use super::*;

    fn channel() -> Channel {
        Endpoint::from_static("http://127.0.0.1:1").connect_lazy()
    }

    /// The addresses that are known beside the own node, which listens at `listen`; none stands for the own one by itself.
    fn known(listen: &str, addresses: &[&str]) -> Vec<Option<SocketAddr>> {
        let way = |address: &&str| Way {
            address: Some(address.parse().unwrap()),
            version: 1,
            channel: channel(),
        };
        let (_ways, others) = watch::channel(addresses.iter().map(way).collect());
        let mut nodes = Nodes::at(others).and_own(channel(), listen.parse().unwrap());
        nodes.known().iter().map(|way| way.address).collect()
    }

    fn at(address: &str) -> Option<SocketAddr> {
        address.parse().ok()
    }

    #[tokio::test]
    async fn the_own_node_is_the_one_at_its_address() {
        let addresses = ["127.0.0.1:7001", "127.0.0.1:7002"];

        for listen in ["127.0.0.1:7001", "0.0.0.0:7002"] {
            assert_eq!(known(listen, &addresses), addresses.map(at), "{listen}");
        }
    }

    #[tokio::test]
    async fn an_address_of_somebody_else_is_not_the_own_nodes() {
        // Another port; another host's address (of a network for documentation) with the same port; another address of this host.
        for (listen, other) in [
            ("0.0.0.0:7001", "127.0.0.1:7002"),
            ("0.0.0.0:7001", "192.0.2.1:7001"),
            ("127.0.0.1:7001", "127.0.0.2:7001"),
        ] {
            assert_eq!(known(listen, &[other]), [at(other), None], "{listen}");
        }
    }
}

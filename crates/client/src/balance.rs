//! One channel to all nodes of a service. A name may stand for several addresses (a container's replicas, a headless
//! service of Kubernetes), and several names may be given: calls go to the address with the fewest under way.
//!
//! An address is left out while nothing listens there. A call that fails at once is otherwise cheap, and the balancer
//! would send it everything.

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use futures::future::join_all;
use http::Uri;
use kith_runtime::Shutdown;
use tokio::{
    net::{TcpStream, lookup_host},
    sync::{mpsc::Sender, watch},
    time::timeout,
};
use tonic::transport::{Channel, Endpoint, Error, channel::Change};

use crate::{Dial, Nodes, Way, doubt::Doubts};

/// How often the names are looked up and their addresses tried, when nobody doubts them.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks, whoever doubts: a service that refuses connections is not asked for them all the time.
const BREATH: Duration = Duration::from_millis(50);
/// How long a look-up, and a try, may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Changes that wait for the channel; more than this many at once wait for it.
const CHANGES: usize = 256;

/// Keeps the addresses of a service true, and with them its channel's.
pub struct Members {
    names: Vec<Name>,
    dial: Dial,
    /// Of `dial`, when the present members were made.
    version: u64,
    present: HashSet<Member>,
    /// To the channel, if there is one.
    changes: Option<Sender<Change<Member, Endpoint>>>,
    ways: watch::Sender<Vec<Way>>,
    doubts: Doubts,
    /// Between two looks, when nobody doubts.
    every: Duration,
}

/// A name that was given.
#[derive(Debug)]
struct Name {
    uri: Uri,
    host: String,
    port: u16,
}

/// Where calls go. The number is the place of the name that led there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Member {
    Address(usize, SocketAddr),
    /// The name itself, while none of the addresses is known to work: calls then fail at once, and do not wait.
    Name(usize),
}

/// A channel to the services at these URIs (scheme, host, port), and the members that must be followed for it.
pub fn balance(uris: Vec<Uri>, dial: Dial) -> Result<(Channel, Members), Error> {
    let (channel, changes) = Channel::balance_channel(CHANGES);
    let mut members = members(uris, dial);
    // So that calls fail, and do not wait, until the first look.
    for change in members.become_these(HashSet::new())? {
        // There is room for them: nothing was sent yet.
        let _ = changes.try_send(change);
    }
    members.changes = Some(changes);
    Ok((channel, members))
}

/// The members at these URIs, for who wants each by itself.
pub fn members(uris: Vec<Uri>, dial: Dial) -> Members {
    Members {
        names: uris.into_iter().map(Name::of).collect(),
        version: dial.version(),
        dial,
        present: HashSet::new(),
        changes: None,
        ways: watch::Sender::default(),
        doubts: Doubts::followed(),
        every: LOOK,
    }
}

impl Members {
    /// Where callers say that they doubt an address.
    pub(crate) fn doubts(&self) -> Doubts {
        self.doubts.clone()
    }

    /// Each node that is found, by itself.
    pub(crate) fn nodes(&self) -> Nodes {
        Nodes::at(self.ways.subscribe())
    }

    /// Looks again and again, until the shutdown; at once when somebody doubts.
    pub async fn follow(mut self, shutdown: Shutdown) {
        loop {
            self.doubts.begin_look();
            let found = self.look().await;
            // The names themselves made endpoints already, so their addresses do.
            for change in self.become_these(found).unwrap_or_default() {
                if let Some(changes) = &self.changes
                    && changes.send(change).await.is_err()
                {
                    // Nobody holds the channel any more.
                    return;
                }
            }
            self.doubts.end_look();
            let doubt = async {
                tokio::time::sleep(BREATH).await;
                self.doubts.raised().await;
            };
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = doubt => {}
                () = shutdown.signalled() => return,
            }
        }
    }

    /// The addresses at which something listens.
    async fn look(&self) -> HashSet<Member> {
        let lookups = self.names.iter().enumerate();
        let lookups = lookups.map(async |(place, name)| {
            let addresses = name.addresses().await;
            addresses.into_iter().map(move |it| (place, it))
        });
        let known: Vec<_> = join_all(lookups).await.into_iter().flatten().collect();
        let has_choice = known.len() > 1;
        let tries = known.into_iter().map(async |(place, address)| {
            // Without a choice a try tells nothing: the call itself is one.
            (!has_choice || listens(address).await).then_some(Member::Address(place, address))
        });
        join_all(tries).await.into_iter().flatten().collect()
    }

    /// The changes that make these the members; without any, the names are.
    fn become_these(
        &mut self,
        mut next: HashSet<Member>,
    ) -> Result<Vec<Change<Member, Endpoint>>, Error> {
        if next.is_empty() {
            next = (0..self.names.len()).map(Member::Name).collect();
        }
        // With renewed certificates all are made anew. Calls that are under way end on the old connection.
        let version = self.dial.version();
        if version != self.version {
            let stay = self.present.iter().filter(|it| next.contains(it));
            let again: Vec<_> = stay.copied().collect();
            for member in again {
                self.present.remove(&member);
            }
            self.version = version;
        }
        let mut changes = Vec::new();
        // New ones first: a channel without any member makes its calls wait.
        for member in next.difference(&self.present) {
            changes.push(Change::Insert(*member, self.endpoint(*member)?));
        }
        let gone = self.present.difference(&next).copied();
        changes.extend(gone.map(Change::Remove));
        self.present = next;
        if !changes.is_empty() {
            self.ways.send_replace(self.present_ways()?);
        }
        Ok(changes)
    }

    /// A way to each address that is present, once; those that are known stay.
    fn present_ways(&self) -> Result<Vec<Way>, Error> {
        let known = self.ways.borrow();
        let mut ways: Vec<Way> = Vec::new();
        for member in &self.present {
            let Member::Address(_, address) = *member else {
                continue;
            };
            let is_it = |way: &&Way| way.address == Some(address) && way.version == self.version;
            if ways.iter().any(|way| is_it(&way)) {
                continue;
            }
            ways.push(match known.iter().find(is_it) {
                Some(way) => way.clone(),
                None => Way {
                    address: Some(address),
                    version: self.version,
                    channel: self.endpoint(*member)?.connect_lazy(),
                },
            });
        }
        Ok(ways)
    }

    fn endpoint(&self, member: Member) -> Result<Endpoint, Error> {
        let (Member::Name(place) | Member::Address(place, _)) = member;
        let name = &self.names[place];
        let uri = match member {
            Member::Name(_) => name.uri.clone(),
            Member::Address(_, address) => name.at(address),
        };
        self.dial.endpoint(uri, &name.host)
    }
}

impl Name {
    fn of(uri: Uri) -> Self {
        Self {
            // An IPv6 address stands in brackets, which a look-up does not want.
            host: uri
                .host()
                .unwrap_or_default()
                .trim_matches(['[', ']'])
                .to_owned(),
            port: uri.port_u16().unwrap_or_else(|| default_port(&uri)),
            uri,
        }
    }

    /// What the name stands for now; nothing when it cannot be found out.
    async fn addresses(&self) -> Vec<SocketAddr> {
        match timeout(PATIENCE, lookup_host((self.host.as_str(), self.port))).await {
            Ok(Ok(addresses)) => addresses.collect(),
            _ => Vec::new(),
        }
    }

    fn at(&self, address: SocketAddr) -> Uri {
        let mut parts = self.uri.clone().into_parts();
        // An address is always an authority.
        parts.authority = address.to_string().parse().ok();
        Uri::from_parts(parts).unwrap_or_else(|_| self.uri.clone())
    }
}

fn default_port(uri: &Uri) -> u16 {
    if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    }
}

async fn listens(address: SocketAddr) -> bool {
    matches!(
        timeout(PATIENCE, TcpStream::connect(address)).await,
        Ok(Ok(_))
    )
}

#[cfg(test)]
mod tests;

//! The nodes of a service, each by itself: for who must choose among them.

use std::net::SocketAddr;

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
    own: Option<Way>,
    others: Option<watch::Receiver<Vec<Way>>>,
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
            own: Some(Way {
                address: None,
                version: 0,
                channel,
            }),
            others: None,
        }
    }

    /// The one in this process as well.
    pub fn and_own(self, channel: Channel) -> Self {
        Self {
            others: self.others,
            ..Self::alone(channel)
        }
    }

    /// All that are known now.
    pub fn known(&mut self) -> Vec<Way> {
        let mut known: Vec<Way> = self.own.iter().cloned().collect();
        if let Some(others) = &mut self.others {
            known.extend(others.borrow_and_update().iter().cloned());
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

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        (self.address, self.version) == (other.address, other.version)
    }
}

//! How other nodes are reached: plainly, or by mutual TLS when there are certificates.

use std::time::Duration;

use http::Uri;
use kith_runtime::Certificates;
use tonic::transport::{Endpoint, Error};

/// Makes endpoints. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Dial {
    certificates: Option<Certificates>,
}

impl Dial {
    /// By mutual TLS when there are certificates.
    pub const fn new(certificates: Option<Certificates>) -> Self {
        Self { certificates }
    }

    /// The scheme of the addresses that are reached like this.
    pub const fn scheme(&self) -> &'static str {
        if self.certificates.is_some() {
            "https"
        } else {
            "http"
        }
    }

    /// The node at this address; over TLS it must have a certificate for this name.
    pub fn endpoint(&self, uri: Uri, name: &str) -> Result<Endpoint, Error> {
        let endpoint = Endpoint::from(uri)
            .connect_timeout(Duration::from_secs(3))
            .tcp_nodelay(true)
            // A dead host says nothing: only the missing answers to these pings tell.
            .http2_keep_alive_interval(Duration::from_secs(10))
            .keep_alive_timeout(Duration::from_secs(5));
        match &self.certificates {
            Some(certificates) => endpoint.tls_config(certificates.client(name)),
            None => Ok(endpoint),
        }
    }

    /// Changes when endpoints must be made anew.
    pub(crate) fn version(&self) -> u64 {
        self.certificates.as_ref().map_or(0, Certificates::version)
    }
}

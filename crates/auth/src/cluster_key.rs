//! The secret that all nodes of a cluster share, and the keys derived from it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// The cluster's secret. One key for each purpose is derived from it, so that a proof made for one is worthless for another.
#[derive(Clone)]
pub struct ClusterKey([u8; 32]);

impl ClusterKey {
    /// Takes the 32 random bytes that the nodes share.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key for one purpose.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        hmac(&self.0, purpose.as_bytes())
    }

    /// The authentication code of some bytes, for one purpose.
    pub fn tag(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        hmac(&self.derive(purpose), bytes)
    }

    /// Whether `tag` is the code of `bytes`; takes the same time for every wrong one.
    pub fn holds(&self, purpose: &str, bytes: &[u8], tag: &[u8]) -> bool {
        self.tag(purpose, bytes).ct_eq(tag).into()
    }
}

impl std::fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClusterKey(…)")
    }
}

fn hmac(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    // HMAC pads a key shorter than its block with zeros; done here, the constructor cannot fail.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

//! Where to listen: an address, or a host's name (`localhost:8080`), which is looked up once, when the configuration is read.

use std::net::{SocketAddr, ToSocketAddrs as _};

use serde::{Deserialize as _, Deserializer, de::Error as _};

/// Of several addresses of a name the first of IPv4 is taken: what `localhost` means to most who write it.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let found = text.to_socket_addrs().map_err(|error| {
        D::Error::custom(format!(
            "`{text}` is no address with a port such as 127.0.0.1:8080 or localhost:8080: {error}"
        ))
    })?;
    let found: Vec<SocketAddr> = found.collect();
    let first = found.iter().find(|address| address.is_ipv4());
    first
        .or_else(|| found.first())
        .copied()
        .ok_or_else(|| D::Error::custom(format!("`{text}` has no address")))
}

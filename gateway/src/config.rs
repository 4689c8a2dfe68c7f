//! `[gateway]`: what the operator decides about the edge.

use std::{net::IpAddr, ops::RangeInclusive, str::FromStr, time::Duration};

use serde::Deserialize;

/// The defaults, as embedded TOML.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// Below, devices would be woken for nothing; above, proxies close what they take for idle.
const HEARTBEATS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(5);

/// `[gateway]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Origins of web clients on other hosts.
    pub cors_origins: Vec<String>,
    /// Addresses or networks whose `X-Forwarded-*` is believed.
    pub trusted_proxies: Vec<String>,
    /// Marks the refresh cookie `Secure` always.
    pub secure_cookies: bool,
    /// From the first byte of a request to its answer.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// How often a socket is pinged and hears `heads`.
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
    /// Calls and questions in work at once; more are refused, the less important ones from a part of it on.
    pub max_requests: usize,
    /// New sockets a second.
    pub sockets_per_second: u32,
    /// For how long at least new connections are still taken once the node has been told to leave.
    #[serde(with = "humantime_serde")]
    pub linger: Duration,
}

/// A network such as `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Config {
    /// Everything that is wrong, as sentences for the operator.
    pub fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for origin in &self.cors_origins {
            if !is_origin(origin) {
                problems.push(format!(
                    "gateway.cors_origins: `{origin}` is no origin such as `https://app.example.org`"
                ));
            }
        }
        for proxy in &self.trusted_proxies {
            if proxy.parse::<Network>().is_err() {
                problems.push(format!(
                    "gateway.trusted_proxies: `{proxy}` is no address or network"
                ));
            }
        }
        if self.request_timeout.is_zero() {
            problems.push("gateway.request_timeout: must not be zero".to_owned());
        }
        if !HEARTBEATS.contains(&self.heartbeat) {
            problems.push("gateway.heartbeat: must be between 1s and 5m".to_owned());
        }
        if self.max_requests < 4 {
            problems.push("gateway.max_requests: must be at least 4".to_owned());
        }
        if self.sockets_per_second == 0 {
            problems.push("gateway.sockets_per_second: must not be zero".to_owned());
        }
        problems
    }

    /// What tests run with.
    pub fn for_test() -> Self {
        Self {
            cors_origins: vec!["https://app.example.org".to_owned()],
            trusted_proxies: Vec::new(),
            secure_cookies: false,
            request_timeout: Duration::from_secs(15),
            heartbeat: Duration::from_secs(25),
            max_requests: 1024,
            sockets_per_second: 500,
            linger: Duration::ZERO,
        }
    }

    /// The proxies, read; `validate` has refused the unreadable ones.
    pub(crate) fn proxies(&self) -> Vec<Network> {
        self.trusted_proxies
            .iter()
            .filter_map(|proxy| proxy.parse().ok())
            .collect()
    }
}

impl Network {
    /// Whether the address lies in it. An IPv4 address in IPv6 clothes is the IPv4 address.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                shift == 32 || network.to_bits() >> shift == address.to_bits() >> shift
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                shift == 128 || network.to_bits() >> shift == address.to_bits() >> shift
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| ())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        if prefix > longest {
            return Err(());
        }
        Ok(Self { address, prefix })
    }
}

/// Scheme and host as a browser writes them in `Origin`: no path, no slash at the end.
fn is_origin(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some()
            && !text.ends_with('/')
            && uri.query().is_none()
            && uri.path() == "/"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told_at_once() {
        let config = Config {
            cors_origins: vec!["*".to_owned(), "https://a.example/".to_owned()],
            trusted_proxies: vec!["10.0.0.0/33".to_owned(), "10.0.0.0/8".to_owned()],
            request_timeout: Duration::ZERO,
            heartbeat: Duration::ZERO,
            max_requests: 3,
            sockets_per_second: 0,
            ..Config::for_test()
        };

        assert_eq!(config.validate().len(), 7);
        assert!(Config::for_test().validate().is_empty());
    }

    #[test]
    fn a_network_holds_its_own_addresses_only() {
        let cases = [
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/8", "::ffff:10.9.8.7", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "11.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "10.0.0.1", false),
        ];
        for (network, address, expected) in cases {
            let network: Network = network.parse().unwrap();

            assert_eq!(network.contains(address.parse().unwrap()), expected);
        }
    }
}

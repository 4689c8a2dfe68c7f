//! Everything that a node can be told: the sections of all crates, merged and judged as one.

use std::path::PathBuf;

use kith_bus::{Servers, ServersError};
use kith_config::{
    Database, InternalTls, Limits, Loader, Problems, Redis, Secrets, Server, Setting, Telemetry,
};
use kith_runtime::{CertificateFiles, CertificateProblem, Certificates};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tonic::transport::Uri;

use crate::cli::{Place, Start};

mod roles;

pub(crate) use roles::{Role, Roles};

const DEFAULTS: &str = include_str!("../config.default.toml");
const DEFAULT_FOLDER: &str = "kith-data";

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) node: Node,
    pub(crate) upstream: Upstreams,
    pub(crate) server: Server,
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    pub(crate) internal_tls: InternalTls,
    pub(crate) secrets: Secrets,
    pub(crate) telemetry: Telemetry,
    pub(crate) limits: Limits,
    pub(crate) accounts: kith_accounts::Config,
    pub(crate) friends: kith_friends::Config,
    pub(crate) chat: kith_chat::Config,
    pub(crate) presence: kith_presence::Config,
    pub(crate) gateway: kith_gateway::Config,
}

/// `[node]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Node {
    /// The data folder; empty when none was named.
    data: PathBuf,
    /// What this node does.
    pub(crate) roles: Roles,
}

/// `[upstream]`: services on other nodes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upstreams {
    pub(crate) accounts: String,
    pub(crate) friends: String,
    pub(crate) chat: String,
    pub(crate) presence: String,
}

impl Config {
    /// Merges and judges; the error names every problem.
    pub(crate) fn load(place: &Place, start: Option<&Start>) -> Result<Self, Problems> {
        let config: Self = loader(place, start).load()?;
        config.problems().into_result()?;
        Ok(config)
    }

    /// Every effective setting, for people.
    pub(crate) fn settings(place: &Place, start: &Start) -> Result<Vec<Setting>, Problems> {
        loader(place, Some(start)).settings()
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> PathBuf {
        if self.names_folder() {
            self.node.data.clone()
        } else {
            PathBuf::from(DEFAULT_FOLDER)
        }
    }

    /// Somebody chose the data folder, so they expect to find something there.
    pub(crate) fn names_folder(&self) -> bool {
        !self.node.data.as_os_str().is_empty()
    }

    /// This node keeps data and was given no database for it: it brings its own.
    pub(crate) fn is_embedded(&self) -> bool {
        let mut services = self.node.roles.services().peekable();
        services.peek().is_some()
            && self.database.url.is_none()
            && services.all(|service| self.database.url_of(service).is_none())
    }

    /// The Redis that this node shares with others, if it was given one.
    pub(crate) fn redis_servers(&self) -> Result<Option<Servers>, ServersError> {
        let url = self.redis.url.as_ref();
        url.map(|url| Servers::new(url.expose_secret(), self.redis.cluster))
            .transpose()
    }

    /// What nodes show each other, if they do.
    pub(crate) fn certificates(&self) -> Result<Option<Certificates>, Vec<CertificateProblem>> {
        let InternalTls { ca, cert, key, .. } = &self.internal_tls;
        let (Some(ca), Some(cert), Some(key)) = (ca, cert, key) else {
            return Ok(None);
        };
        Certificates::read(CertificateFiles {
            ca: ca.clone(),
            cert: cert.clone(),
            key: key.clone(),
        })
        .map(Some)
    }

    /// Where the chat nodes of the cluster are, if this node is one of them, has a gateway and was told of the others.
    pub(crate) fn chat_nodes(&self) -> Option<&str> {
        let has = |role| self.node.roles.contains(role);
        let urls = self.upstream.chat.as_str();
        (has(Role::Chat) && has(Role::Gateway) && !urls.is_empty()).then_some(urls)
    }

    fn problems(&self) -> Problems {
        let mut problems = self.server.problems();
        problems.extend(self.database.problems());
        problems.extend(self.redis.problems());
        if let Err(error) = self.redis_servers() {
            problems.add("", error.to_string());
        }
        problems.extend(self.internal_tls.problems());
        for problem in self.certificates().err().into_iter().flatten() {
            problems.add(&format!("internal_tls.{}", problem.file), problem.message);
        }
        problems.extend(self.telemetry.problems());
        if let Err(error) = kith_telemetry::parse_filter(&self.telemetry.log) {
            problems.add("telemetry.log", error.to_string());
        }
        problems.extend(self.limits.problems());
        let words = [
            self.accounts.validate(),
            self.friends.validate(),
            self.chat.validate(),
            self.presence.validate(),
            self.gateway.validate(),
        ];
        for problem in words.into_iter().flatten() {
            problems.add("", problem);
        }
        problems.require(
            self.limits.enabled || self.server.listen.ip().is_loopback(),
            "limits.enabled",
            "may be false only while server.listen is a loopback address: without limits anybody could flood the node",
        );
        self.judge_secrets(&mut problems);
        self.judge_roles(&mut problems);
        problems
    }

    fn judge_secrets(&self, problems: &mut Problems) {
        if let Some(secret) = &self.secrets.key
            && let Err(error) = kith_auth::KeyWrap::from_secret(secret)
        {
            problems.add("secrets.key", error.to_string());
        }
        if let Some(secret) = &self.secrets.cluster_key
            && crate::store::cluster_secrets::parse(secret).is_none()
        {
            problems.add("secrets.cluster_key", "must be 32 bytes in base64");
        }
    }

    fn judge_roles(&self, problems: &mut Problems) {
        // Plain and over TLS are not mixed: an address of the other kind is a mistake, and would be found by the first call.
        let scheme = if self.internal_tls.is_on() {
            "https"
        } else {
            "http"
        };
        for (role, key, url) in [
            (Role::Accounts, "upstream.accounts", &self.upstream.accounts),
            (Role::Friends, "upstream.friends", &self.upstream.friends),
            (Role::Chat, "upstream.chat", &self.upstream.chat),
            (Role::Presence, "upstream.presence", &self.upstream.presence),
        ] {
            if !self.node.roles.contains(role) {
                problems.require(
                    url.split(',').all(|url| is_address(url, scheme)),
                    key,
                    &format!(
                        "must be the address of a node with this role ({scheme}://host:port), because this node does not run it; several, with commas; \
                         https exactly when internal_tls is set"
                    ),
                );
            }
        }
        if let Some(urls) = self.chat_nodes() {
            problems.require(
                urls.split(',').all(|url| is_address(url, scheme)),
                "upstream.chat",
                &format!(
                    "must be empty, or name the chat nodes of the cluster ({scheme}://host:port, several with commas), because this node is one of them; \
                     https exactly when internal_tls is set"
                ),
            );
        }
        let services = self.node.roles.services().count();
        problems.require(
            services == Role::ALL.len() - 1 || !self.is_embedded(),
            "database.url",
            "must be set when this node runs only some of the services: the private PostgreSQL is for a node that is alone",
        );
        problems.require(
            services > 0 || self.database.url.is_some() || self.secrets.cluster_key.is_some(),
            "secrets.cluster_key",
            "must be set (or database.url), so that the other nodes trust this one",
        );
    }
}

/// Scheme, host and port; the last may be the scheme's own.
fn is_address(text: &str, scheme: &str) -> bool {
    text.trim()
        .parse::<Uri>()
        .is_ok_and(|uri| uri.host().is_some() && uri.scheme_str() == Some(scheme))
}

fn loader(place: &Place, start: Option<&Start>) -> Loader {
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    Loader::new()
        .defaults(kith_config::DEFAULTS)
        .defaults(DEFAULTS)
        .defaults(kith_accounts::DEFAULTS)
        .defaults(kith_friends::DEFAULTS)
        .defaults(kith_chat::DEFAULTS)
        .defaults(kith_presence::DEFAULTS)
        .defaults(kith_gateway::DEFAULTS)
        .file(place.config.as_deref())
        .flag("node.data", place.data.as_ref().map(path))
        .flag("node.roles", start.and_then(|start| start.role.as_ref()))
        .flag(
            "server.listen",
            start.and_then(|start| start.listen.as_ref()),
        )
        .flag(
            "server.internal_listen",
            start.and_then(|start| start.internal_listen.as_ref()),
        )
}

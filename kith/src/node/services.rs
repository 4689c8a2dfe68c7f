//! Joins the roles of this node. The services call each other in a circle (friends and chat, accounts and both), so all
//! channels are made first, and then each service is started on the far end of its own.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::StreamExt as _;
use kith_auth::{CallerSigner, ClusterKey};
use kith_bus::Bus;
use kith_client::{Dial, Incoming, Members, ServiceKeys, Upstream, balance, members, pipe};
use kith_clock::Clock;
use kith_presence::Leases;
use kith_runtime::{Certificates, Tasks, over_tls, serve_grpc};
use kith_telemetry::MetricsHandle;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::{codegen::http::uri::InvalidUri, transport::Uri};
use tonic_health::server::HealthReporter;

use super::{internal, migrations, secret};
use crate::config::{Config, Role};
use crate::place::{DEMO_LOGINS, Storage};

/// How long a call between services may take: shorter than the gateway's own patience, so that its caller hears of it.
const DEADLINE: Duration = Duration::from_secs(10);

/// How often the readiness answer learns whether the bus works.
const BUS_HEALTH: Duration = Duration::from_secs(1);

/// What the services are started with.
pub(super) struct Parts<'a> {
    pub(super) config: Config,
    pub(super) storage: &'a Storage,
    pub(super) tasks: &'a Tasks,
    pub(super) metrics: MetricsHandle,
    pub(super) public: Option<TcpListener>,
    pub(super) internal: TcpListener,
}

/// The running roles of this node.
pub(super) struct Services {
    gateway: Option<kith_gateway::Running>,
    health: HealthReporter,
    /// What the health is of.
    names: Vec<String>,
    internal: SocketAddr,
    /// The internal port answers over TLS.
    is_internal_tls: bool,
    /// Held until the end: a service whose callers are all on other nodes would take the end of its own unused line for the end of the node.
    _lines: Lines,
}

/// A way to one service, and the other end of it when the service runs here.
struct Line {
    upstream: Upstream,
    incoming: Option<Incoming>,
}

/// The ways to all services.
struct Lines {
    accounts: Line,
    friends: Line,
    chat: Line,
    presence: Line,
}

impl Services {
    pub(super) async fn start(parts: Parts<'_>) -> anyhow::Result<Self> {
        let Parts {
            config,
            storage,
            tasks,
            metrics,
            public,
            internal,
        } = parts;
        migrate(&config, storage).await?;
        let key = secret::cluster_key(&config, storage).await?;
        let clock = Clock::system();
        let signer = CallerSigner::new(key.clone(), clock.clone());
        let certificates = certificates(&config, tasks)?;
        let dial = Dial::new(certificates.clone());
        let mut lines = Lines::new(&config, internal.local_addr()?, &signer, &dial, tasks)?;
        let joint = Joint {
            config: &config,
            storage,
            tasks,
            key,
            clock,
        };

        let (routes, bus) = joint.serve_all(&mut lines).await?;
        let keys = service_keys(&lines, tasks);
        let (routes, health) = internal::routes(routes, keys, metrics)?;
        let address = internal.local_addr()?;
        let is_internal_tls = certificates.is_some();
        serve_internally(internal, routes, certificates, tasks);
        let gateway = match public {
            Some(listener) => Some(joint.gateway(&lines, listener).await?),
            None => None,
        };
        if let (Some(gateway), Some(bus)) = (&gateway, bus) {
            tell_of_the_bus(tasks, gateway.clone(), bus);
        }
        let names = internal::service_names(&config.node.roles)?;
        internal::report(&health, &names, true).await;
        Ok(Self {
            gateway,
            health,
            names,
            internal: address,
            is_internal_tls,
            _lines: lines,
        })
    }

    /// Where clients reach this node: its gateway, or its internal port when it has none.
    pub(super) fn address(&self) -> SocketAddr {
        self.gateway
            .as_ref()
            .map_or(self.internal, kith_gateway::Running::local_addr)
    }

    /// Whether `address` is one of a node that answers nobody without TLS.
    pub(super) const fn is_answered_over_tls(&self) -> bool {
        self.gateway.is_none() && self.is_internal_tls
    }

    pub(super) const fn internal_address(&self) -> SocketAddr {
        self.internal
    }

    /// Sends callers away: health off, sockets told and closed.
    pub(super) async fn drain(&self, grace: Duration) {
        internal::report(&self.health, &self.names, false).await;
        if let Some(gateway) = &self.gateway
            && !gateway.drain(grace).await
        {
            tracing::warn!("some connections did not close in time");
        }
    }
}

/// What all services of this node share.
struct Joint<'a> {
    config: &'a Config,
    storage: &'a Storage,
    tasks: &'a Tasks,
    key: ClusterKey,
    clock: Clock,
}

impl Joint<'_> {
    /// Starts every service of this node; gives their routes, and chat's bus.
    async fn serve_all(&self, lines: &mut Lines) -> anyhow::Result<(Vec<Routes>, Option<Bus>)> {
        let mut routes = Vec::new();
        let mut bus = None;
        if let Some(incoming) = lines.accounts.incoming.take() {
            routes.push(self.serve("accounts", self.accounts(lines).await?, incoming));
        }
        if let Some(incoming) = lines.friends.incoming.take() {
            routes.push(self.serve("friends", self.friends(lines).await?, incoming));
        }
        if let Some(incoming) = lines.chat.incoming.take() {
            let own = self.bus()?;
            routes.push(self.serve("chat", self.chat(lines, own.clone()).await?, incoming));
            bus = Some(own);
        }
        if let Some(incoming) = lines.presence.incoming.take() {
            routes.push(self.serve("presence", self.presence(lines).await?, incoming));
        }
        Ok((routes, bus))
    }

    async fn accounts(&self, lines: &Lines) -> anyhow::Result<Routes> {
        let mut config = self.config.accounts.clone();
        config.limits_enabled = self.config.limits.enabled;
        let deps = kith_accounts::Deps {
            pool: self.storage.pool_of("accounts")?,
            reserved: self.storage.reserved_of("accounts")?,
            clock: self.clock.clone(),
            cluster_key: self.key.clone(),
            tasks: self.tasks.clone(),
            friends: lines.friends.upstream.clone(),
            chat: lines.chat.upstream.clone(),
            secrets_key: self.config.secrets.key.clone(),
        };
        Ok(kith_accounts::start(config, deps)
            .await
            .context("accounts does not start")?
            .routes())
    }

    async fn friends(&self, lines: &Lines) -> anyhow::Result<Routes> {
        let deps = kith_friends::Deps {
            pool: self.storage.pool_of("friends")?,
            clock: self.clock.clone(),
            cluster_key: self.key.clone(),
            tasks: self.tasks.clone(),
            accounts: lines.accounts.upstream.clone(),
            chat: lines.chat.upstream.clone(),
            presence: lines.presence.upstream.clone(),
        };
        let mut config = self.config.friends.clone();
        config.contacts.limits_enabled = self.config.limits.enabled;
        Ok(kith_friends::start(config, deps)
            .await
            .context("friends does not start")?
            .routes())
    }

    fn bus(&self) -> anyhow::Result<Bus> {
        Ok(match self.config.redis_servers()? {
            Some(servers) => Bus::redis(&servers, self.tasks)?,
            None => Bus::memory(),
        })
    }

    async fn chat(&self, lines: &Lines, bus: Bus) -> anyhow::Result<Routes> {
        let deps = kith_chat::Deps {
            pool: self.storage.pool_of("chat")?,
            reserved: self.storage.reserved_of("chat")?,
            clock: self.clock.clone(),
            cluster_key: self.key.clone(),
            tasks: self.tasks.clone(),
            bus,
            accounts: lines.accounts.upstream.clone(),
            friends: lines.friends.upstream.clone(),
        };
        let config = self.config.chat.clone();
        Ok(kith_chat::start(config, deps)
            .await
            .context("chat does not start")?
            .routes())
    }

    async fn presence(&self, lines: &Lines) -> anyhow::Result<Routes> {
        let (bus, leases) = match self.config.redis_servers()? {
            Some(servers) => {
                // Of this cluster alone: several may share a Redis, and each hears only its own people.
                let space = self.key.derive("presence's place in redis v1");
                let space = format!("kith-presence-{}", URL_SAFE_NO_PAD.encode(&space[..9]));
                (
                    Bus::redis_in(&servers, &space, self.tasks)?,
                    Leases::redis(&servers, &space)?,
                )
            }
            None => (Bus::memory(), Leases::memory()),
        };
        let deps = kith_presence::Deps {
            pool: self.storage.pool_of("presence")?,
            clock: self.clock.clone(),
            cluster_key: self.key.clone(),
            tasks: self.tasks.clone(),
            bus,
            leases,
            friends: lines.friends.upstream.clone(),
        };
        let config = self.config.presence.clone();
        Ok(kith_presence::start(config, deps)
            .await
            .context("presence does not start")?
            .routes())
    }

    async fn gateway(
        &self,
        lines: &Lines,
        listener: TcpListener,
    ) -> anyhow::Result<kith_gateway::Running> {
        let deps = kith_gateway::Deps {
            listener,
            accounts: lines.accounts.upstream.clone(),
            friends: lines.friends.upstream.clone(),
            chat: lines.chat.upstream.clone(),
            presence: lines.presence.upstream.clone(),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            limits: self.config.limits.clone(),
            demo_logins: self.config.folder().join(DEMO_LOGINS),
        };
        kith_gateway::start(self.config.gateway.clone(), deps)
            .await
            .context("the gateway does not start")
    }

    /// Serves a service on its pipe; gives its routes for the internal port too.
    fn serve(&self, name: &'static str, routes: Routes, incoming: Incoming) -> Routes {
        spawn_server(name, self.tasks, routes.clone(), incoming);
        routes
    }
}

impl Lines {
    fn new(
        config: &Config,
        listen: SocketAddr,
        signer: &CallerSigner,
        dial: &Dial,
        tasks: &Tasks,
    ) -> anyhow::Result<Self> {
        let line = |role: Role, addresses: &str| -> anyhow::Result<Line> {
            let upstream = |channel| Upstream::new(channel, signer.clone(), DEADLINE);
            if config.node.roles.contains(role) {
                let (channel, incoming) = pipe();
                let mut upstream = upstream(channel);
                // Each room's sends have their node; everything else stays here.
                if role == Role::Chat
                    && let Some(addresses) = config.chat_nodes()
                {
                    let others = members(uris(addresses)?, dial.clone());
                    upstream = upstream.beside(&others, listen);
                    follow(others, tasks);
                }
                return Ok(Line {
                    upstream,
                    incoming: Some(incoming),
                });
            }
            let (channel, members) = balance(uris(addresses)?, dial.clone())?;
            let upstream = upstream(channel).following(&members);
            follow(members, tasks);
            Ok(Line {
                upstream,
                incoming: None,
            })
        };
        Ok(Self {
            accounts: line(Role::Accounts, &config.upstream.accounts)
                .context("upstream.accounts")?,
            friends: line(Role::Friends, &config.upstream.friends).context("upstream.friends")?,
            chat: line(Role::Chat, &config.upstream.chat).context("upstream.chat")?,
            presence: line(Role::Presence, &config.upstream.presence)
                .context("upstream.presence")?,
        })
    }
}

/// What the internal port takes other backends' keys for, kept fresh until the shutdown.
fn service_keys(lines: &Lines, tasks: &Tasks) -> ServiceKeys {
    let keys = ServiceKeys::new(lines.accounts.upstream.clone(), "internal port");
    let (followed, shutdown) = (keys.clone(), tasks.shutdown().clone());
    tasks.spawn("service keys", async move {
        tokio::select! {
            () = followed.follow() => {}
            () = shutdown.signalled() => {}
        }
    });
    keys
}

fn uris(addresses: &str) -> Result<Vec<Uri>, InvalidUri> {
    addresses.split(',').map(|it| it.trim().parse()).collect()
}

/// Keeps the addresses of a service true, until the shutdown.
fn follow(members: Members, tasks: &Tasks) {
    tasks.spawn("upstream", members.follow(tasks.shutdown().clone()));
}

/// What the nodes show each other, kept fresh until the shutdown; none when they talk plainly.
fn certificates(config: &Config, tasks: &Tasks) -> anyhow::Result<Option<Certificates>> {
    let certificates = config.certificates().map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("internal_tls: {}", problems.join("; "))
    })?;
    if let Some(certificates) = &certificates {
        let (refresh, shutdown) = (config.internal_tls.refresh, tasks.shutdown().clone());
        tasks.spawn(
            "certificates",
            certificates.clone().follow(refresh, shutdown),
        );
    }
    Ok(certificates)
}

fn serve_internally(
    listener: TcpListener,
    routes: Routes,
    certificates: Option<Certificates>,
    tasks: &Tasks,
) {
    // Answers and frames are written whole. Without this the last part of each waits 40 ms for the receipt of the part before.
    let connections = TcpListenerStream::new(listener).map(|accepted| {
        accepted.inspect(|connection| {
            let _ = connection.set_nodelay(true);
        })
    });
    match certificates {
        Some(certificates) => {
            let connections = Box::pin(over_tls(connections, certificates));
            spawn_server("internal port", tasks, routes, connections);
        }
        None => spawn_server("internal port", tasks, routes, connections),
    }
}

/// Lets `/readyz` say that hints between nodes do not get through; the node serves on without them.
fn tell_of_the_bus(tasks: &Tasks, gateway: kith_gateway::Running, bus: Bus) {
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("bus health", async move {
        loop {
            gateway.set_degraded("redis", !bus.is_healthy());
            tokio::select! {
                () = tokio::time::sleep(BUS_HEALTH) => {}
                () = shutdown.signalled() => return,
            }
        }
    });
}

async fn migrate(config: &Config, storage: &Storage) -> anyhow::Result<()> {
    for service in config.node.roles.services() {
        let migrator = match service {
            "accounts" => &kith_accounts::MIGRATOR,
            "friends" => &kith_friends::MIGRATOR,
            "presence" => &kith_presence::MIGRATOR,
            _ => &kith_chat::MIGRATOR,
        };
        migrations::apply(&storage.url_of(service)?, service, migrator).await?;
    }
    Ok(())
}

fn spawn_server<I, IO>(name: &'static str, tasks: &Tasks, routes: Routes, incoming: I)
where
    I: futures::Stream<Item = std::io::Result<IO>> + Send + 'static,
    IO: tokio::io::AsyncRead
        + tokio::io::AsyncWrite
        + tonic::transport::server::Connected
        + Unpin
        + Send
        + 'static,
    IO::ConnectInfo: Clone + Send + Sync + 'static,
{
    let shutdown = tasks.shutdown().clone();
    tasks.critical(name, async move {
        if let Err(error) = serve_grpc(routes, incoming, shutdown).await {
            tracing::error!(server = name, %error, "a server ended");
        }
    });
}

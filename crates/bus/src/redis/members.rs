//! Keeps a link to every server that has shards, and each shard at the server that has it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use kith_runtime::Tasks;
use redis::{Client, RedisError};

use super::{
    layout::{self, Layout, Slots},
    link::{Homes, Link},
    publisher,
    state::Shared,
    subscriber,
};
use crate::{
    SHARDS,
    servers::{Address, Servers, pushing_client},
};

/// How often the layout is looked at without a reason.
const LOOK: Duration = Duration::from_secs(5);
/// Between two looks that have a reason.
const PAUSE: Duration = Duration::from_millis(250);

struct Members {
    servers: Servers,
    slots: Slots,
    shared: Arc<Shared>,
    tasks: Tasks,
    /// Who is asked, last the one that answered last: an old master that was cut off must not be believed for ever.
    nodes: Vec<Address>,
}

pub(super) fn spawn(
    servers: Servers,
    shared: Arc<Shared>,
    tasks: &Tasks,
) -> Result<(), RedisError> {
    let members = Members {
        nodes: layout::given(&servers),
        servers,
        slots: Slots::of(&shared.space),
        shared,
        tasks: tasks.clone(),
    };
    if members.servers.is_cluster() {
        let shutdown = tasks.shutdown().clone();
        tasks.spawn("bus.members", async move {
            tokio::select! {
                () = members.follow() => {}
                () = shutdown.signalled() => {}
            }
        });
    } else {
        let link = members.link(None)?;
        let all = (0..SHARDS).collect();
        members.shared.rehome(Homes::new(vec![(link, all)]));
        members.shared.is_up.store(true, Ordering::Release);
    }
    Ok(())
}

impl Members {
    async fn follow(mut self) {
        loop {
            if let Some(layout) = self.look().await {
                self.become_this(layout);
            } else {
                self.shared.is_up.store(false, Ordering::Release);
                tracing::warn!("no node of the redis cluster says who has what");
            }
            tokio::time::sleep(PAUSE.mul_f64(kith_clock::jitter(0.3))).await;
            tokio::select! {
                () = self.shared.doubt.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// The layout, of the first node that tells one.
    async fn look(&mut self) -> Option<Layout> {
        for place in 0..self.nodes.len() {
            match layout::ask(&self.servers, &self.nodes[place], &self.slots).await {
                Ok(layout) if !layout.masters.is_empty() => {
                    self.nodes.rotate_left(place + 1);
                    return Some(layout);
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(error = %error, "a redis node does not answer"),
            }
        }
        None
    }

    fn become_this(&mut self, layout: Layout) {
        self.shared.is_up.store(layout.is_up, Ordering::Release);
        let present = self.shared.homes().links().to_vec();
        let mut links = Vec::with_capacity(layout.masters.len());
        for (address, shards) in layout.masters {
            let is_it = |link: &&Arc<Link>| link.address.as_ref() == Some(&address);
            let known = present.iter().find(is_it).cloned();
            match known.map_or_else(|| self.link(Some(&address)), Ok) {
                Ok(link) => links.push((link, shards)),
                Err(error) => tracing::warn!(error = %error, "a redis node cannot be used"),
            }
        }
        let homes = Homes::new(links);
        self.know(homes.links());
        let stays = |old: &Arc<Link>| homes.links().iter().any(|it| Arc::ptr_eq(it, old));
        let gone: Vec<_> = present.into_iter().filter(|it| !stays(it)).collect();
        self.shared.rehome(homes);
        for link in gone {
            link.end.signal();
        }
    }

    /// Asks these from now on, and those that were given, in the order in which they were asked so far.
    fn know(&mut self, links: &[Arc<Link>]) {
        let mut nodes = layout::given(&self.servers);
        nodes.extend(links.iter().filter_map(|link| link.address.clone()));
        self.nodes.retain(|node| nodes.contains(node));
        for node in nodes {
            if !self.nodes.contains(&node) {
                self.nodes.push(node);
            }
        }
    }

    /// Starts both connections to a node of the cluster, or to the one server.
    fn link(&self, address: Option<&Address>) -> Result<Arc<Link>, RedisError> {
        let server = match address {
            Some(address) => self.servers.node(address),
            None => self.servers.first().clone(),
        };
        let (pushing, plain) = (pushing_client(&server)?, Client::open(server)?);
        let (publisher, queue) = publisher::channel();
        let end = self.tasks.shutdown().child();
        let link = Arc::new(Link::new(address.cloned(), publisher, end));
        publisher::spawn(plain, queue, &link, &self.shared, &self.tasks);
        subscriber::spawn(pushing, &link, &self.shared, &self.tasks);
        Ok(link)
    }
}

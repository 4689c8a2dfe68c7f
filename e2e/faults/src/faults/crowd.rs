//! Very many devices that only listen, each of them the SDK's client as it is: people in rooms of ten, twenty devices each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt as _, future::join_all, stream};
use kith_e2e::{Group, Person, background, group};
use kith_sdk::{
    client::{Client, Update, Updates},
    outbox::fresh_client_id,
    rest::{Api, MessagePost},
    store::MemoryStore,
};
use tokio::time::Instant;

use crate::{
    history::{What, body_of},
    scene::Scene,
};

/// Devices a person may have.
const EACH: usize = 20;
/// In a room.
const MEMBERS: usize = 10;
/// Devices that are switched on at once.
const AT_ONCE: usize = 64;
const POLL: Duration = Duration::from_millis(20);

/// The crowd.
pub(super) struct Crowd {
    devices: Vec<Listener>,
    groups: Vec<Group>,
}

/// A device that listens.
struct Listener {
    client: Client,
    heard: Arc<Heard>,
}

/// What a device has heard.
#[derive(Default)]
struct Heard {
    /// The head of its one room, as far as it has heard of it.
    head: AtomicU64,
    /// Events that it was given though it had them, or had later ones.
    again: AtomicUsize,
}

impl Heard {
    fn hear(&self, seq: u64) {
        if self.head.fetch_max(seq, Ordering::Relaxed) >= seq {
            self.again.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Crowd {
    /// Signs people up for so many devices, and switches them on. They begin at the first of the nodes and go to the other ones.
    pub(super) async fn gather(scene: &Scene, count: usize) -> Self {
        let gateways = scene.world.gateways();
        let servers = gateways.iter().map(|&at| scene.world.node(at).api());
        Self::gather_at(scene, count, servers.collect()).await
    }

    /// The same, through the gates: what these suffer, the devices do.
    pub(super) async fn gather_at_gates(scene: &Scene, count: usize) -> Self {
        Self::gather_at(scene, count, scene.world.apis()).await
    }

    async fn gather_at(scene: &Scene, count: usize, servers: Vec<Api>) -> Self {
        let home = scene.world.node(scene.world.gateways()[0]);
        let people = Person::sign_up_crowd(home, "crowd", count.div_ceil(EACH).max(2)).await;
        let groups = join_all(
            people
                .chunks(MEMBERS)
                .map(|members| group("the crowd", members)),
        );
        let groups = groups.await;
        let sessions = people
            .iter()
            .flat_map(|person| std::iter::repeat_n(&person.session, EACH))
            .take(count);
        let devices = stream::iter(sessions)
            .map(|session| {
                let servers = servers.clone();
                async move {
                    let signed_in = Client::sign_in(&servers, session, MemoryStore::default());
                    let (client, updates) = signed_in.await.unwrap();
                    let heard = Arc::new(Heard::default());
                    background(listen(updates, Arc::clone(&heard)));
                    client.live().await.unwrap();
                    Listener { client, heard }
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        Self { devices, groups }
    }

    /// Says one thing in each room, through the second node, and notes it.
    pub(super) async fn call_out(&self, scene: &Scene) {
        let node = scene.world.node(scene.world.gateways()[1]);
        for group in &self.groups {
            let owner = group.owner().at(node);
            let post = MessagePost {
                client_id: fresh_client_id(),
                text: "is everybody here?".to_owned(),
                reply_to: None,
            };
            scene.history.add(What::Invoke {
                client_id: post.client_id.clone(),
                device: "crowd".to_owned(),
                user: owner.id(),
                room: group.id(),
                body: body_of(&post.text),
            });
            let posted = owner.api.post_message(group.id(), &post).await;
            let posted = posted.expect("the other node takes a message");
            scene.history.add(What::Ok {
                client_id: post.client_id,
                device: "crowd".to_owned(),
                id: posted.message.id,
                seq: posted.message.seq,
                duplicate: posted.duplicate,
            });
        }
    }

    /// How many are connected and have everything.
    pub(super) fn count_live(&self, head: u64) -> usize {
        let is_live = |device: &&Listener| {
            device.client.link().is_some() && device.heard.head.load(Ordering::Relaxed) >= head
        };
        self.devices.iter().filter(is_live).count()
    }

    /// How many events came to an app that had them.
    pub(super) fn count_again(&self) -> usize {
        let again = |device: &Listener| device.heard.again.load(Ordering::Relaxed);
        self.devices.iter().map(again).sum()
    }

    /// Waits until all of them are, and gives how long it took for 99 of 100 and for all.
    pub(super) async fn all_live(&self, head: u64, patience: Duration) -> Option<[Duration; 2]> {
        let began = Instant::now();
        let mut most = None;
        while began.elapsed() < patience {
            let live = self.count_live(head);
            if live * 100 >= self.devices.len() * 99 && most.is_none() {
                most = Some(began.elapsed());
            }
            if live == self.devices.len() {
                return Some([most?, began.elapsed()]);
            }
            tokio::time::sleep(POLL).await;
        }
        None
    }

    /// Switches them off.
    pub(super) async fn leave(self) {
        join_all(self.devices.iter().map(|device| device.client.stop())).await;
    }
}

async fn listen(mut updates: Updates, device: Arc<Heard>) {
    while let Some(update) = updates.next().await {
        match update {
            Update::Event(event) => device.hear(event.seq),
            Update::StartOver(ready) => {
                let last = ready.rooms.values().copied().max().unwrap_or(0);
                device.head.fetch_max(last, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

//! The people of a run: who they are, in which rooms, with which devices; what the keepers of the rooms do to the others.
//! Memberships change all the time, in every fault.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::Duration,
};

use kith_e2e::{Person, background, eventually_within};
use kith_sdk::{
    model::{RoomId, UserId},
    rest::{Api, ApiError, NewGroup},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

use crate::{
    history::{History, What},
    phone::{Air, Phone},
    world::World,
};

/// How much of everything there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) people: usize,
    pub(crate) rooms: usize,
    /// In each room.
    pub(crate) members: usize,
    /// Of each person.
    pub(crate) devices: usize,
    /// Milliseconds between two messages of one device.
    pub(crate) gap_ms: u64,
}

/// Everybody.
pub(crate) struct Traffic {
    pub(crate) people: Vec<Person>,
    pub(crate) rooms: Vec<Club>,
    pub(crate) phones: Arc<[Phone]>,
    pub(crate) air: Arc<Air>,
    size: Size,
    churn: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

/// A room and who keeps it; the keeper stays.
#[derive(Debug, Clone)]
pub(crate) struct Club {
    pub(crate) id: RoomId,
    pub(crate) keeper: usize,
    /// The others who may be in it, at first all of them.
    pub(crate) others: Vec<usize>,
}

impl Traffic {
    /// Signs people up, opens rooms and switches all devices on; nobody talks yet.
    pub(crate) async fn begin(world: &World, size: Size, seed: u64, history: &History) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let node = world.node(world.gateways()[0]);
        let people = Person::sign_up_crowd(node, "person", size.people).await;
        for person in &people {
            person.open_up().await;
        }
        let mut rooms = Vec::new();
        for number in 0..size.rooms {
            rooms.push(open_room(&people, number, size, &mut random).await);
        }
        let air = Arc::new(Air {
            history: history.clone(),
            network_up: Notify::new(),
            gap_ms: AtomicU64::new(0),
        });
        let apis = world.apis();
        let mut phones = Vec::new();
        for (number, person) in people.iter().enumerate() {
            let gates: Vec<Api> = apis
                .iter()
                .map(|api| api.with_token(person.token()))
                .collect();
            for device in 0..size.devices {
                let name = format!("p{number}.{device}");
                let own = StdRng::seed_from_u64(random.random());
                // Every other one, of each person with several.
                phones.push(if (number + device) % 2 == 0 {
                    let ways = (gates.clone(), person.token().to_owned(), number + device);
                    Phone::start(name, person.id(), ways, &air, own)
                } else {
                    Phone::start_client(name, &person.session, gates.clone(), &air, own)
                });
            }
        }
        for phone in &phones {
            eventually_within(Duration::from_secs(30), "all devices connect", async || {
                phone.is_connected().then_some(())
            })
            .await;
        }
        let mut traffic = Self {
            people,
            rooms,
            phones: phones.into(),
            air,
            size,
            churn: None,
        };
        traffic.churn(&apis, random);
        traffic
    }

    /// Everybody talks, and keepers keep.
    pub(crate) fn talk(&self) {
        self.air.gap_ms.store(self.size.gap_ms, Ordering::Relaxed);
    }

    /// Nobody begins anything new.
    pub(crate) async fn hush(&mut self) {
        self.air.gap_ms.store(0, Ordering::Relaxed);
        if let Some((stop, task)) = self.churn.take() {
            stop.send_replace(true);
            task.await.expect("the keepers");
        }
    }

    fn churn(&mut self, apis: &[Api], random: StdRng) {
        let (stop, stopped) = watch::channel(false);
        let keepers = Keepers {
            rooms: self.rooms.clone(),
            users: self.people.iter().map(Person::id).collect(),
            apis: self
                .people
                .iter()
                .map(|person| {
                    apis.iter()
                        .map(|api| api.with_token(person.token()))
                        .collect()
                })
                .collect(),
            away: BTreeSet::new(),
            air: Arc::clone(&self.air),
            random,
        };
        self.churn = Some((stop, background(keepers.run(stopped))));
    }
}

async fn open_room(people: &[Person], number: usize, size: Size, random: &mut StdRng) -> Club {
    let keeper = number % people.len();
    let mut others: Vec<usize> = (0..people.len()).filter(|&at| at != keeper).collect();
    while others.len() > size.members - 1 {
        others.swap_remove(random.random_range(0..others.len()));
    }
    let body = NewGroup {
        name: format!("room {number}"),
        participant_ids: others.iter().map(|&at| people[at].id()).collect(),
        client_id: None,
    };
    let room = people[keeper]
        .api
        .create_group(&body)
        .await
        .expect("opening a room");
    Club {
        id: room.id,
        keeper,
        others,
    }
}

/// Those who kick people out of rooms and take them in again, and people who leave by themselves.
struct Keepers {
    rooms: Vec<Club>,
    users: Vec<UserId>,
    /// Of each person, at each gate.
    apis: Vec<Vec<Api>>,
    /// Room and person, by their places.
    away: BTreeSet<(usize, usize)>,
    air: Arc<Air>,
    random: StdRng,
}

impl Keepers {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let pause = Duration::from_millis(self.random.random_range(100..700));
            tokio::select! {
                _ = stopped.changed() => break,
                () = tokio::time::sleep(pause) => {}
            }
            if self.air.gap_ms.load(Ordering::Relaxed) > 0 {
                self.act().await;
            }
        }
    }

    async fn act(&mut self) {
        let room = self.random.random_range(0..self.rooms.len());
        let others = &self.rooms[room].others;
        let person = others[self.random.random_range(0..others.len())];
        let gate = self.random.random_range(0..self.apis[0].len());
        let (id, user) = (self.rooms[room].id, self.users[person]);
        let keeper = self.apis[self.rooms[room].keeper][gate].clone();
        let (action, outcome) = if self.away.contains(&(room, person)) {
            let done = keeper.add_participants(id, &[user]).await.map(drop);
            if done.is_ok() {
                self.away.remove(&(room, person));
            }
            ("add", done)
        } else if self.random.random_bool(0.2) {
            (
                "leave",
                self.apis[person][gate].remove_participant(id, user).await,
            )
        } else {
            ("kick", keeper.remove_participant(id, user).await)
        };
        if action != "add" && outcome.as_ref().is_ok_and(|()| true) {
            self.away.insert((room, person));
        }
        let outcome = match outcome {
            Ok(()) => "ok".to_owned(),
            Err(error) => self.refused(action, &error, (room, person)),
        };
        self.air.history.add(What::Member {
            room: id,
            user,
            action: action.to_owned(),
            outcome,
        });
    }

    fn refused(&mut self, action: &str, error: &ApiError, who: (usize, usize)) -> String {
        let code = error.code().unwrap_or("no answer").to_owned();
        if let Some(problem) = error.problem() {
            self.air.history.add(What::Refused {
                by: "keeper".to_owned(),
                call: action.to_owned(),
                status: problem.status,
                code: code.clone(),
                hint: error.retry_after().is_some(),
            });
        }
        // They were out already: an earlier try did it.
        if code == "not_found" && action != "add" {
            self.away.insert(who);
        }
        code
    }
}

//! One run: a world comes up, people talk, a fault happens and ends, everything must come to rest; then the checker reads
//! what everybody saw.

use std::{panic::AssertUnwindSafe, path::PathBuf, sync::Arc, time::Duration};

use futures::{FutureExt as _, future::join_all};
use kith_e2e::background;
use kith_sdk::rest::Paging;
use rand::{SeedableRng as _, rngs::StdRng};
use tokio::{task::JoinHandle, time::Instant};

use crate::{
    checker::{self, Bounds, Finding},
    dump::{Dump, Room, Stay},
    faults::Fault,
    history::{Entry, History, What},
    levels::Levels,
    phone::Phone,
    seeded::Bug,
    traffic::{Size, Traffic},
    world::{Making, World},
};

/// How long devices may take to have said everything, and to have everything, before that counts as never.
const REST: Duration = Duration::from_mins(1);
/// How long an answered position may take to be written.
const WRITTEN: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);

/// How large a run is, and how strict about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Small, short, and patient: for CI, beside other work.
    Quick,
    /// As large and as strict as the promises.
    Full,
}

/// A run to be made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which fault.
    pub fault: &'static Fault,
    /// What everything random follows from.
    pub seed: u64,
    /// A bug that is put in on purpose.
    pub bug: Option<&'static Bug>,
    /// How large.
    pub mode: Mode,
    /// Where history and dump go.
    pub folder: PathBuf,
    /// The binary.
    pub kith: PathBuf,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The run.
    pub plan: Plan,
    /// What does not hold.
    pub findings: Vec<Finding>,
    /// What happened.
    pub entries: Vec<Entry>,
    /// How long it took.
    pub took: Duration,
}

/// What a fault has at hand.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) traffic: Traffic,
    pub(crate) history: History,
    pub(crate) random: StdRng,
    pub(crate) mode: Mode,
    healing: Option<JoinHandle<()>>,
}

/// Makes a run. A panic of the harness is a finding too: something was not as it must be.
pub async fn play(plan: Plan) -> Outcome {
    let began = Instant::now();
    std::fs::create_dir_all(&plan.folder).expect("making the folder of a run");
    let history = History::create(&plan.folder.join("history.jsonl")).expect("making a history");
    history.add(What::Run {
        fault: plan.fault.id.to_owned(),
        seed: plan.seed,
    });
    let acting = AssertUnwindSafe(act(plan.clone(), history.clone()));
    let dump = match acting.catch_unwind().await {
        Ok(dump) => Some(dump),
        Err(panic) => {
            let text = format!("the run ended early: {}", words_of(panic));
            history.add(What::Broken { text });
            None
        }
    };
    let entries = history.entries();
    let findings = match &dump {
        Some(dump) => checker::check(&entries, dump, &plan.mode.bounds()),
        None => checker::check_without_dump(&entries),
    };
    Outcome {
        plan,
        findings,
        entries,
        took: began.elapsed(),
    }
}

fn words_of(panic: Box<dyn std::any::Any + Send>) -> String {
    panic
        .downcast::<String>()
        .map(|text| *text)
        .or_else(|panic| panic.downcast::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|_| "a panic without words".to_owned())
}

async fn act(plan: Plan, history: History) -> Dump {
    let making = Making {
        kith: plan.kith.clone(),
        shape: plan.fault.shape,
        seed: plan.seed,
        counts: plan.fault.alone,
        lie: plan.bug.and_then(Bug::lie),
        variables: (plan.fault.variables)(),
    };
    let world = World::start(&making).await;
    let levels = Levels::take(&world).await;
    let traffic = Traffic::begin(&world, plan.mode.size(), plan.seed, &history).await;
    let mut scene = Scene {
        world,
        traffic,
        history,
        random: StdRng::seed_from_u64(plan.seed ^ 0x5ce2e),
        mode: plan.mode,
        healing: None,
    };
    if let Some(bug) = plan.bug {
        bug.put_in(&mut scene.world.database().await).await;
    }
    scene.traffic.talk();
    scene.rest(2, 5).await;
    if let Some(bug) = plan.bug {
        bug.strike(&mut scene.world.database().await).await;
    }
    (plan.fault.act)(&mut scene).await;
    scene.rest(2, 8).await;
    scene.come_to_rest().await;
    let dump = scene.count_and_dump().await;
    dump.write(&plan.folder.join("dump.json")).unwrap();
    scene.end(&levels).await;
    dump
}

impl Mode {
    fn size(self) -> Size {
        match self {
            Self::Quick => Size {
                people: 8,
                rooms: 3,
                members: 6,
                devices: 1,
                gap_ms: 400,
            },
            Self::Full => Size {
                people: 24,
                rooms: 8,
                members: 12,
                devices: 2,
                gap_ms: 1_000,
            },
        }
    }

    fn bounds(self) -> Bounds {
        match self {
            // On a busy machine only correctness is judged: whoever comes to rest in time is well.
            Self::Quick => Bounds {
                healed_p95_ms: 60_000,
                healed_ms: 60_000,
            },
            Self::Full => Bounds {
                healed_p95_ms: 5_000,
                healed_ms: 10_000,
            },
        }
    }
}

impl Scene {
    /// Lets time pass: so many seconds in a quick run, so many in a full one.
    pub(crate) async fn rest(&self, quick: u64, full: u64) {
        let seconds = if self.mode == Mode::Quick {
            quick
        } else {
            full
        };
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Says that a fault begins or changes.
    pub(crate) fn fault(&self, text: impl Into<String>) {
        self.history.add(What::Fault { text: text.into() });
    }

    /// Says that from now on, whatever is said, nothing but hints is lost.
    pub(crate) fn only_hints_are_lost(&self) {
        self.history.add(What::OnlyHints);
    }

    /// Says what a fault itself demands, and whether it holds.
    pub(crate) fn extra(&self, text: impl Into<String>, holds: bool) {
        self.history.add(What::Extra {
            text: text.into(),
            holds,
        });
    }

    /// Messages acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.history.count(|what| matches!(what, What::Ok { .. }))
    }

    /// Waits until so many more messages are acknowledged than `before`; false when they are not in time.
    pub(crate) async fn acknowledges(
        &self,
        before: usize,
        more: usize,
        patience: Duration,
    ) -> bool {
        let deadline = Instant::now() + patience;
        while self.acknowledged() < before + more {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    /// The fault is over. From here on it is measured how long each device takes to have what there is now.
    pub(crate) async fn heal(&mut self) {
        let mut db = self.world.database().await;
        let rooms = Dump::rooms(&mut db).await.unwrap();
        self.history.add(What::Heal);
        self.traffic.air.network_up.notify_waiters();
        let watching = watch_healing(
            Arc::clone(&self.traffic.phones),
            rooms,
            db,
            self.history.clone(),
        );
        self.healing = Some(background(watching));
    }

    /// Silence, then all is said, then everybody has everything.
    async fn come_to_rest(&mut self) {
        self.traffic.hush().await;
        self.traffic.air.network_up.notify_waiters();
        if let Some(healing) = self.healing.take() {
            healing.await.unwrap();
        }
        let deadline = Instant::now() + REST;
        for phone in self.traffic.phones.iter() {
            while !phone.has_said_all() && Instant::now() < deadline {
                tokio::time::sleep(POLL).await;
            }
            if !phone.has_said_all() {
                self.history.add(What::NotAtHead {
                    device: phone.name.clone(),
                    text: "it could not say everything".to_owned(),
                });
            }
        }
        let mut db = self.world.database().await;
        let rooms = Dump::rooms(&mut db).await.unwrap();
        let began = Instant::now();
        for phone in self.traffic.phones.iter() {
            loop {
                let stays = Dump::stays(&mut db).await.unwrap();
                let Some(lacks) = lacks(phone, &rooms, &stays) else {
                    break;
                };
                if began.elapsed() > REST {
                    let device = phone.name.clone();
                    self.history.add(What::NotAtHead {
                        device,
                        text: lacks,
                    });
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// Positions are written a moment after they are answered and told a moment later, on a busy machine a long one. What does
    /// not agree in time is the checker's to find.
    async fn settle_positions(&self) {
        let mut db = self.world.database().await;
        let began = Instant::now();
        while began.elapsed() < REST {
            let dump = Dump {
                stays: Dump::stays(&mut db).await.unwrap(),
                positions: Dump::positions(&mut db).await.unwrap(),
                ..Dump::default()
            };
            let (agree, are_stored) = checker::positions_agree(&self.history.entries(), &dump);
            if agree && (are_stored || began.elapsed() > WRITTEN) {
                return;
            }
            tokio::time::sleep(POLL * 10).await;
        }
    }

    /// What everybody is told to be unread, and then the database. A command that its device has given up may still move a position
    /// between the two, so both are taken again while they do not agree.
    async fn count_and_dump(&self) -> Dump {
        self.settle_positions().await;
        let began = Instant::now();
        loop {
            self.count_unread().await;
            let mut db = self.world.database().await;
            let dump = Dump::take(&mut db).await.unwrap();
            if checker::counts_agree(&self.history.entries(), &dump) || began.elapsed() > REST {
                return dump;
            }
            tokio::time::sleep(POLL * 10).await;
        }
    }

    async fn count_unread(&self) {
        // Of each node its share: all count alike.
        let apis = self.world.apis();
        for (number, person) in self.traffic.people.iter().enumerate() {
            let api = &apis[number % apis.len()];
            let paging = Paging {
                limit: Some(100),
                cursor: None,
            };
            let rooms = api.with_token(person.token()).rooms(&paging).await;
            for room in rooms.expect("the list of rooms").items {
                self.history.add(What::Unread {
                    user: person.id(),
                    room: room.id,
                    count: room.unread_count,
                });
            }
        }
    }

    /// Switches the devices off, and compares what they used with what there was before.
    async fn end(&self, before: &Levels) {
        join_all(self.traffic.phones.iter().map(Phone::stop)).await;
        before.compare(&self.world, &self.history, self.mode).await;
        for place in &self.world.places {
            for line in place.complaints() {
                let text = format!("{}: {line}", place.name);
                self.history.add(What::Broken { text });
            }
        }
    }
}

/// Notes for each device how long after the heal it has all that there was then.
async fn watch_healing(
    phones: Arc<[Phone]>,
    rooms: Vec<Room>,
    mut db: sqlx::PgConnection,
    history: History,
) {
    let began = Instant::now();
    let mut waiting: Vec<&Phone> = phones.iter().collect();
    while !waiting.is_empty() {
        let stays = Dump::stays(&mut db).await.unwrap();
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap();
        let mut still = Vec::new();
        for phone in waiting {
            match lacks(phone, &rooms, &stays) {
                None => history.add(What::Healed {
                    device: phone.name.clone(),
                    ms,
                }),
                Some(text) if began.elapsed() > REST => {
                    history.add(What::NotAtHead {
                        device: phone.name.clone(),
                        text,
                    });
                }
                Some(_) => still.push(phone),
            }
        }
        waiting = still;
        tokio::time::sleep(POLL).await;
    }
}

/// What a device lacks of the rooms that its person is in, up to these heads.
fn lacks(phone: &Phone, rooms: &[Room], stays: &[Stay]) -> Option<String> {
    let own = stays
        .iter()
        .filter(|stay| stay.user == phone.user && stay.left.is_none());
    own.into_iter().find_map(|stay| {
        let head = rooms.iter().find(|room| room.id == stay.room)?.last_seq;
        let cursor = phone.cursor(stay.room);
        let has_all = cursor.is_some_and(|cursor| cursor >= head) || stay.joined > head;
        (!has_all).then(|| {
            format!(
                "of room {} it has {cursor:?}, and there is {head}",
                stay.room
            )
        })
    })
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scene").finish_non_exhaustive()
    }
}

/// Boxes what a fault does, so that faults can stand in a table.
pub(crate) type Acting<'a> = futures::future::LocalBoxFuture<'a, ()>;

/// Makes an [`Acting`].
pub(crate) fn acting<'a>(future: impl Future<Output = ()> + 'a) -> Acting<'a> {
    future.boxed_local()
}

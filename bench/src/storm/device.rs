//! The two kinds of sockets in a storm: devices that only listen and come back when their node is gone, and senders at the node
//! that stays. Every device checks that each room's `seq` rises by one, over the storm too.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use kith_sdk::{backoff::Backoff, model::ServerFrame};

use crate::client::{Client, Heard, number_after};

/// What everybody together has seen.
#[derive(Default)]
pub(super) struct Shared {
    /// Devices that are live.
    pub(super) live: AtomicUsize,
    /// Connections begun after the node's end.
    pub(super) attempts: AtomicU64,
    /// … that the other node refused for now.
    pub(super) refused: AtomicU64,
    /// Nobody says anything any more.
    pub(super) quiet: AtomicBool,
    began: OnceLock<Instant>,
    back: Mutex<Vec<Duration>>,
    /// Highest acknowledged seq of each room.
    heads: Mutex<HashMap<String, u64>>,
    devices: Mutex<Vec<Arc<Mutex<Cursors>>>>,
    acknowledged: AtomicU64,
    sends_refused: AtomicU64,
    gaps: AtomicU64,
    repeats: AtomicU64,
    /// `resumed` came before everything that was missed.
    short: AtomicU64,
}

/// What a device has applied.
#[derive(Debug, Default)]
struct Cursors {
    epoch: u64,
    useq: u64,
    rooms: HashMap<String, u64>,
}

/// A socket that listens.
pub(super) struct Device {
    gates: [String; 2],
    token: String,
    shared: Arc<Shared>,
    cursors: Arc<Mutex<Cursors>>,
    backoff: Backoff,
}

/// A socket that talks.
pub(super) struct Sender {
    client: Client,
    room: String,
    pace: tokio::time::Interval,
    shared: Arc<Shared>,
}

impl Shared {
    pub(super) fn begin_storm(&self, at: Instant) {
        let _ = self.began.set(at);
    }

    /// How long each took that is back.
    pub(super) fn back(&self) -> Vec<Duration> {
        lock(&self.back).clone()
    }

    /// Rooms of devices that are not where they should be.
    pub(super) fn lacking(&self) -> usize {
        let heads = lock(&self.heads);
        let lacking = |cursors: &Arc<Mutex<Cursors>>| {
            let cursors = lock(cursors);
            let lacks = |(room, seq): (&String, &u64)| heads.get(room).is_some_and(|it| seq < it);
            cursors.rooms.iter().filter(|it| lacks(*it)).count()
        };
        lock(&self.devices).iter().map(lacking).sum()
    }

    pub(super) fn verdict(&self) -> String {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        format!(
            "acknowledged {}, sends refused {}, rooms of devices that lack something {}, gaps {}, repeats {}, resumed too early {}",
            count(&self.acknowledged),
            count(&self.sends_refused),
            self.lacking(),
            count(&self.gaps),
            count(&self.repeats),
            count(&self.short),
        )
    }

    pub(super) fn assert_sound(&self) -> anyhow::Result<()> {
        let wrong = [&self.gaps, &self.repeats, &self.short];
        let sound = self.lacking() == 0 && wrong.iter().all(|it| it.load(Ordering::Relaxed) == 0);
        ensure!(sound, "not sound: {}", self.verdict());
        Ok(())
    }
}

impl Device {
    pub(super) fn new(gates: [String; 2], token: &str, shared: &Arc<Shared>) -> Self {
        let cursors = Arc::<Mutex<Cursors>>::default();
        lock(&shared.devices).push(Arc::clone(&cursors));
        Self {
            gates,
            token: token.to_owned(),
            shared: Arc::clone(shared),
            cursors,
            backoff: Backoff::default(),
        }
    }

    /// Connects, listens, and comes back.
    pub(super) async fn live(mut self) {
        loop {
            let mut is_live = false;
            let end = self.once(&mut is_live).await.err();
            if is_live {
                self.shared.live.fetch_sub(1, Ordering::Relaxed);
                self.backoff.reset();
            }
            let pause = self.backoff.next_delay();
            tokio::time::sleep(pause.max(end.as_ref().and_then(retry_after).unwrap_or_default()))
                .await;
        }
    }

    async fn once(&mut self, is_live: &mut bool) -> anyhow::Result<()> {
        let is_storm = self.shared.began.get().is_some();
        if is_storm {
            self.shared.attempts.fetch_add(1, Ordering::Relaxed);
        }
        let hello = self.hello();
        let opened = Client::open(&self.gates[usize::from(is_storm)], &hello).await;
        let mut client = opened.inspect_err(|error| {
            if error.to_string().contains("503") {
                self.shared.refused.fetch_add(1, Ordering::Relaxed);
            }
        })?;
        let resumes = lock(&self.cursors).epoch != 0;
        let mut heads = HashMap::new();
        loop {
            let frame = client.text().await?;
            if frame.starts_with(r#"{"t":"event""#) {
                self.apply(frame);
            } else if let Some(useq) = number_after(frame, r#""useq":"#) {
                if frame.starts_with(r#"{"t":"ready""#) {
                    heads = self.ready(frame, resumes)?;
                } else if frame.starts_with(r#"{"t":"user""#) {
                    lock(&self.cursors).useq = useq;
                } else if frame.starts_with(r#"{"t":"resumed""#) {
                    self.resumed(useq, &heads);
                } else {
                    continue;
                }
                let is_settled = !resumes || frame.starts_with(r#"{"t":"resumed""#);
                if is_settled && !*is_live {
                    *is_live = true;
                    self.count_live();
                }
            }
        }
    }

    /// It is live: for the first time, or back.
    fn count_live(&self) {
        self.shared.live.fetch_add(1, Ordering::Relaxed);
        if let Some(began) = self.shared.began.get() {
            lock(&self.shared.back).push(began.elapsed());
        }
    }

    fn hello(&self) -> String {
        let (token, cursors) = (&self.token, lock(&self.cursors));
        if cursors.epoch == 0 {
            return format!(r#"{{"t":"hello","token":"{token}"}}"#);
        }
        let rooms: Vec<_> = cursors
            .rooms
            .iter()
            .map(|(room, seq)| format!(r#""{room}":{seq}"#))
            .collect();
        format!(
            r#"{{"t":"hello","token":"{token}","resume":{{"epoch":{},"useq":{},"rooms":{{{}}}}}}}"#,
            cursors.epoch,
            cursors.useq,
            rooms.join(",")
        )
    }

    /// Gives where the rooms stand; a first session begins there.
    fn ready(&self, frame: &str, resumes: bool) -> anyhow::Result<HashMap<String, u64>> {
        let ServerFrame::Ready(ready) = serde_json::from_str(frame).context("ready")? else {
            anyhow::bail!("not ready: {frame}");
        };
        let heads: HashMap<_, _> = ready
            .rooms
            .iter()
            .map(|(room, seq)| (room.to_string(), *seq))
            .collect();
        let mut cursors = lock(&self.cursors);
        cursors.epoch = ready.epoch;
        if !resumes {
            cursors.useq = ready.useq;
            cursors.rooms.clone_from(&heads);
        }
        Ok(heads)
    }

    fn resumed(&self, useq: u64, heads: &HashMap<String, u64>) {
        let mut cursors = lock(&self.cursors);
        cursors.useq = useq;
        let is_short =
            |(room, head): (&String, &u64)| cursors.rooms.get(room).is_none_or(|seq| seq < head);
        if heads.iter().any(is_short) {
            self.shared.short.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn apply(&self, frame: &str) {
        const ROOM: &str = r#""room_id":""#;
        let room = frame.find(ROOM).map(|at| &frame[at + ROOM.len()..]);
        let room = room.and_then(|rest| rest.split_once('"'));
        let (Some((room, _)), Some(seq)) = (room, number_after(frame, r#""seq":"#)) else {
            return;
        };
        let mut cursors = lock(&self.cursors);
        let cursor = cursors.rooms.entry(room.to_owned()).or_default();
        if seq <= *cursor {
            self.shared.repeats.fetch_add(1, Ordering::Relaxed);
        } else if seq > *cursor + 1 {
            self.shared.gaps.fetch_add(1, Ordering::Relaxed);
        }
        *cursor = seq.max(*cursor);
    }
}

impl Sender {
    pub(super) fn new(
        client: Client,
        room: &str,
        pace: tokio::time::Interval,
        shared: &Arc<Shared>,
    ) -> Self {
        Self {
            client,
            room: room.to_owned(),
            pace,
            shared: Arc::clone(shared),
        }
    }

    /// Says something from time to time until it is quiet, and then listens on.
    pub(super) async fn talk(mut self) {
        let begin = Instant::now();
        for number in 0_u64.. {
            loop {
                let heard = tokio::select! {
                    heard = self.client.hear() => heard,
                    _ = self.pace.tick() => break,
                };
                match heard {
                    Ok(Heard::Acknowledged { seq }) => self.acknowledged(seq),
                    Ok(Heard::Refused) => {
                        self.shared.sends_refused.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
            if !self.shared.quiet.load(Ordering::Relaxed) {
                let client_id = number.to_string();
                if self
                    .client
                    .send(&self.room, &client_id, begin)
                    .await
                    .is_err()
                {
                    return;
                }
            }
        }
    }

    fn acknowledged(&self, seq: u64) {
        self.shared.acknowledged.fetch_add(1, Ordering::Relaxed);
        let mut heads = lock(&self.shared.heads);
        let head = heads.entry(self.room.clone()).or_default();
        *head = seq.max(*head);
    }
}

/// What a refusal to upgrade says of when to come again.
fn retry_after(error: &anyhow::Error) -> Option<Duration> {
    let text = error.to_string().to_ascii_lowercase();
    number_after(&text, "retry-after: ").map(Duration::from_secs)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

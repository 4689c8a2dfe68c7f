//! The bare sockets of a storm: devices that only listen and come back when their node is gone, and senders at the node that stays. A device
//! takes what it is sent as it comes, so that a repeat, a gap or a `resumed` too early is seen; an app's device, which would repair it, is a [`super::phone`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use kith_sdk::{backoff::Backoff, model::ServerFrame};

use super::tally::{Cursors, Shared, lock};
use crate::client::{Client, Heard, number_after};

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

impl Device {
    pub(super) fn new(gates: [String; 2], token: &str, shared: &Arc<Shared>) -> Self {
        let cursors = shared.cursors();
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
                self.shared.count_lost();
                self.backoff.reset();
            }
            let pause = self.backoff.next_delay();
            tokio::time::sleep(pause.max(end.as_ref().and_then(retry_after).unwrap_or_default()))
                .await;
        }
    }

    async fn once(&mut self, is_live: &mut bool) -> anyhow::Result<()> {
        let is_storm = self.shared.is_storm();
        if is_storm {
            self.shared.attempts.fetch_add(1, Ordering::Relaxed);
        }
        let hello = self.hello();
        let opened = Client::open(&self.gates[usize::from(is_storm)], &hello).await;
        let mut client = opened.inspect_err(|error| {
            if is_storm && error.to_string().contains("503") {
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
                    self.shared.count_live();
                }
            }
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
        if let (Some((room, _)), Some(seq)) = (room, number_after(frame, r#""seq":"#)) {
            self.shared.apply(&mut lock(&self.cursors), room, seq);
        }
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
                    Ok(Heard::Acknowledged { seq }) => self.shared.acknowledge(&self.room, seq),
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
}

/// What a refusal to upgrade says of when to come again.
fn retry_after(error: &anyhow::Error) -> Option<Duration> {
    let text = error.to_string().to_ascii_lowercase();
    number_after(&text, "retry-after: ").map(Duration::from_secs)
}

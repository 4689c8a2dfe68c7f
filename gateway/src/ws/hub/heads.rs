//! Carries out the comparisons of heads: asks chat, every few seconds and at once when something may have been lost.

use std::time::Instant;

use kith_api::chat::v1::GetHeadsRequest;
use kith_delivery::{Batch, Establishing, Heads, INTERVAL, Pulse};
use kith_error::Failure;
use kith_runtime::Shutdown;

use super::Hub;
use crate::ws::socket::Socket;

impl Hub {
    pub(super) async fn compare_for_ever(&self, shutdown: &Shutdown) {
        loop {
            let (began, wall) = (Instant::now(), self.0.clock.now());
            let interval = INTERVAL.mul_f64(kith_clock::jitter(0.2));
            let is_urgent = tokio::select! {
                () = tokio::time::sleep(interval) => {
                    let walked = (self.0.clock.now() - wall).abs().to_std().unwrap_or_default();
                    Pulse::<Socket>::has_jumped(began.elapsed(), walked)
                }
                () = self.0.compare_now.notified() => true,
                () = shutdown.signalled() => return,
            };
            self.with_effects(|effects| self.0.logs.sweep(Instant::now(), effects));
            self.compare_all(is_urgent).await;
        }
    }

    async fn compare_all(&self, is_urgent: bool) {
        let mut pulse = Pulse::new(&self.0.logs, is_urgent);
        while let Some(batch) = pulse.next() {
            let heads = match self.ask_heads(batch).await {
                Ok(heads) => heads,
                Err(failure) => {
                    tracing::debug!(%failure, "heads could not be compared");
                    return;
                }
            };
            let pause = self.with_effects(|effects| pulse.met(&self.0.logs, &heads, effects));
            if pulse.next().is_some() {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Compares what has just been subscribed to, until it works or the stream is another.
    pub(crate) fn establish(&self, mut establishing: Establishing<Socket>) {
        let hub = self.clone();
        self.0.tasks.spawn("ws.establish", async move {
            while let Some(batch) = establishing.next(&hub.0.logs) {
                let heads = hub.ask_heads(batch).await.ok();
                let pause = hub
                    .with_effects(|effects| establishing.met(&hub.0.logs, heads.as_ref(), effects));
                if !pause.is_zero() {
                    tokio::time::sleep(pause.mul_f64(kith_clock::jitter(0.2))).await;
                }
            }
        });
    }

    async fn ask_heads(&self, batch: &Batch<Socket>) -> Result<Heads, Failure> {
        let request = GetHeadsRequest {
            room_ids: batch
                .rooms
                .iter()
                .map(|slot| slot.key.to_string())
                .collect(),
            user_ids: batch
                .users
                .iter()
                .map(|slot| slot.key.to_string())
                .collect(),
        };
        let answer = self.ask(request, |mut chat, request| async move {
            chat.get_heads(request).await
        });
        let answer = answer.await?;
        Ok(Heads {
            epoch: answer.epoch,
            rooms: answer
                .rooms
                .iter()
                .filter_map(|head| Some((head.room_id.parse().ok()?, head.last_seq)))
                .collect(),
            users: answer
                .users
                .iter()
                .filter_map(|head| Some((head.user_id.parse().ok()?, head.useq)))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_that_walked_otherwise_than_ours_has_slept_or_was_set() {
        let jumped = |walked| Pulse::<Socket>::has_jumped(Duration::from_secs(5), walked);

        assert!(!jumped(Duration::from_millis(3_100)));
        assert!(!jumped(Duration::from_millis(6_900)));
        assert!(jumped(Duration::from_millis(2_900)));
        assert!(jumped(Duration::from_millis(7_100)));
        assert!(jumped(Duration::from_hours(1)));
    }
}

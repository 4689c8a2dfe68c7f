//! What those who call a service tell those who keep its addresses: one of them may be dead. The addresses are then looked at at once, and
//! a second attempt waits for that look, so that it does not meet the same dead address again.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Notify, watch};

/// How long a second attempt waits for the look at most: an address that swallows connections holds a look up for longer.
const PATIENCE: Duration = Duration::from_millis(250);

/// Doubts about the addresses of one service. Cheap to clone; clones share them. By default nobody looks, and nobody waits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doubts(Option<Arc<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    raised: Notify,
    looks: watch::Sender<Looks>,
}

/// The looks so far.
#[derive(Debug, Clone, Copy, Default)]
struct Looks {
    begun: u64,
    ended: u64,
    /// Somebody doubts since the last one has begun.
    is_wanted: bool,
}

impl Doubts {
    /// Of addresses that somebody looks at.
    pub(crate) fn followed() -> Self {
        Self(Some(Arc::default()))
    }

    /// A call did not get through.
    pub(crate) fn raise(&self) {
        if let Some(shared) = &self.0 {
            shared.looks.send_modify(|looks| looks.is_wanted = true);
            shared.raised.notify_one();
        }
    }

    /// Waits until the addresses have been looked at since the last doubt.
    pub(crate) async fn settled(&self) {
        let Some(shared) = &self.0 else { return };
        let Looks {
            begun, is_wanted, ..
        } = *shared.looks.borrow();
        let awaited = begun + u64::from(is_wanted);
        let mut looks = shared.looks.subscribe();
        // Fails when it takes too long: then as well.
        let _ = tokio::time::timeout(PATIENCE, looks.wait_for(|it| it.ended >= awaited)).await;
    }

    /// Waits for a doubt.
    pub(crate) async fn raised(&self) {
        match &self.0 {
            Some(shared) => shared.raised.notified().await,
            None => std::future::pending().await,
        }
    }

    /// A look begins: it settles what was doubted so far.
    pub(crate) fn begin_look(&self) {
        self.note(|looks| {
            looks.begun += 1;
            looks.is_wanted = false;
        });
    }

    /// Its outcome is where calls will find it.
    pub(crate) fn end_look(&self) {
        self.note(|looks| looks.ended = looks.begun);
    }

    fn note(&self, change: impl FnOnce(&mut Looks)) {
        if let Some(shared) = &self.0 {
            shared.looks.send_modify(change);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_look_that_began_after_the_doubt_settles_it() {
        let doubts = Doubts::followed();
        doubts.begin_look();
        doubts.raise();
        let settled = doubts.settled();
        tokio::pin!(settled);

        assert!(settled.as_mut().now_or_never().is_none());
        doubts.end_look();
        assert!(settled.as_mut().now_or_never().is_none());
        doubts.begin_look();
        assert!(settled.as_mut().now_or_never().is_none());
        doubts.end_look();
        assert!(settled.now_or_never().is_some());
    }

    #[tokio::test]
    async fn without_a_doubt_nobody_waits() {
        let doubts = Doubts::followed();
        doubts.begin_look();
        doubts.end_look();

        assert!(doubts.settled().now_or_never().is_some());
        assert!(Doubts::default().settled().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_does_not_end_is_not_waited_for() {
        let doubts = Doubts::followed();
        doubts.raise();
        let began = tokio::time::Instant::now();

        doubts.settled().await;

        assert_eq!(began.elapsed(), PATIENCE);
    }
}

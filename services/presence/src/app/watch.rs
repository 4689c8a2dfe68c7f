//! Watching people, and asking again who may be seen.

use kith_error::Fault as _;
use kith_ids::UserId;

use super::{App, Result};
use crate::{
    board::{PendingLook, Told, WatcherId},
    domain::appearance::View,
};

/// Looks asked about at once.
const BATCH: usize = 1_000;

impl App {
    /// Replaces whom a socket watches, and answers with how they look. First watched, then asked: a change in between makes the look doubtful, and
    /// is not lost.
    pub(crate) async fn watch(
        &self,
        watcher: WatcherId,
        viewer: UserId,
        request: u64,
        users: &[UserId],
    ) {
        let looks = self.board.watch(watcher, viewer, request, users);
        match self.judge(&looks).await {
            Ok(judged) => self.board.answer(watcher, request, &judged),
            Err(error) => {
                tracing::warn!(%error, "people cannot be watched now");
                self.board
                    .tell(watcher.stream, Told::Failed(request, error.failure()));
            }
        }
    }

    /// Asks about looks that became doubtful, as many as there are.
    pub(crate) async fn resolve_looks(&self) -> Result<()> {
        loop {
            let looks = self.board.take_unresolved(BATCH);
            if looks.is_empty() {
                return Ok(());
            }
            match self.judge(&looks).await {
                Ok(judged) => self.board.resolve(&judged),
                Err(error) => {
                    self.board.give_back(&looks);
                    return Err(error);
                }
            }
        }
    }

    async fn judge(&self, looks: &[PendingLook]) -> Result<Vec<(PendingLook, View)>> {
        let pairs: Vec<(UserId, UserId)> =
            looks.iter().map(|look| (look.viewer, look.user)).collect();
        let views = self.views(&pairs).await?;
        let seen: Vec<UserId> = pairs
            .iter()
            .zip(&views)
            .filter(|(_, view)| view.last_seen)
            .map(|((_, user), _)| *user)
            .collect();
        self.learn_seen(&seen).await?;
        Ok(looks.iter().copied().zip(views).collect())
    }
}

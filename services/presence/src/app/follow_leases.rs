//! What other nodes' leases say: hints as they come, the store when hints may have been lost, and the end of leases that are not renewed.

use std::collections::HashMap;

use kith_ids::UserId;

use super::{App, Result};
use crate::{
    board::Heard,
    domain::roster::{LeaseId, Standing},
    hints::Hint,
    rpc::convert,
    store::{self, leases::LeasesError, people, stays},
};

/// What the last look at the store said of leases that this node is behind in.
pub(crate) type Behind = HashMap<LeaseId, u64>;

impl App {
    /// Takes in a hint.
    pub(crate) async fn hear(&self, hint: Hint) {
        match hint {
            Hint::LeaseMoved {
                lease,
                revision,
                standings,
            } => {
                if self.board.hear(lease, revision, &standings) == Heard::Gap {
                    self.read_lease(lease).await;
                }
            }
            Hint::VisibilityChanged => {
                if let Err(error) = self.follow_visibility().await {
                    tracing::warn!(%error, "changes of visibility cannot be read now");
                }
            }
        }
    }

    /// Compares the leases of other nodes with the store. A lease that is behind in two looks in a row has lost a hint and is read; one look
    /// alone may have overtaken a hint.
    pub(crate) async fn sweep_leases(&self, behind: &mut Behind, at_once: bool) {
        let live = match self.leases.list().await {
            Ok(live) => live,
            Err(error) => {
                self.degrade(&error);
                return self.end_outlived().await;
            }
        };
        let live: HashMap<LeaseId, u64> = live.into_iter().collect();
        let known = self.board.foreign_leases();
        let is_recovery = self.board.set_degraded(false);
        let now_behind: Behind = live
            .iter()
            .filter(|(lease, revision)| {
                !self.board.is_kept(**lease)
                    && known.get(lease).is_none_or(|known| known < revision)
            })
            .map(|(lease, revision)| (*lease, *revision))
            .collect();
        for (lease, revision) in &now_behind {
            let is_new = !known.contains_key(lease);
            let was_behind = behind.get(lease).is_some_and(|before| {
                known.get(lease).is_none_or(|known| known < before) && before <= revision
            });
            if at_once || is_recovery || is_new || was_behind {
                self.read_lease(*lease).await;
            }
        }
        *behind = now_behind;
        let ended: Vec<LeaseId> = known
            .into_keys()
            .filter(|lease| !live.contains_key(lease))
            .collect();
        self.end_leases(&ended).await;
        if is_recovery {
            tracing::info!("the lease store answers again");
            self.show_gone(&self.board.all_watched()).await;
        }
    }

    /// Writes down when the people of dead nodes were last seen, and removes what is left of those nodes.
    pub(crate) async fn reap_leases(&self) -> Result<()> {
        let mut tx = store::begin(&self.pool).await?;
        for (lease, renewed) in stays::lock_ended(&mut tx, self.config.lease).await? {
            let users = stays::list(&mut tx, lease).await?;
            people::update_last_seen(&mut tx, &users, renewed).await?;
            stays::delete_lease(&mut tx, lease).await?;
            tracing::info!(lease = %lease.0, people = users.len(), "a lease has ended");
            metrics::counter!("kith_presence_leases_reaped_total").increment(1);
        }
        store::commit(tx).await?;
        Ok(())
    }

    async fn read_lease(&self, lease: LeaseId) {
        let read = match self.leases.find(lease).await {
            Ok(Some(read)) => read,
            Ok(None) => return,
            Err(error) => return self.degrade(&error),
        };
        let standings: Vec<Standing> = read
            .people
            .into_values()
            .filter_map(convert::standing_of_store)
            .collect();
        let changed = self.board.replace(lease, read.revision, &standings);
        self.show_gone(&changed).await;
    }

    /// Without the store a lease of this node ends when its own time is over; those of other nodes cannot be judged.
    async fn end_outlived(&self) {
        let outlived = self.board.outlived(self.config.lease);
        self.end_leases(&outlived).await;
    }

    async fn end_leases(&self, leases: &[LeaseId]) {
        for lease in leases {
            let gone = self.board.drop_lease(*lease);
            self.show_gone(&gone).await;
        }
    }

    /// Shows people of whom it must first be asked when they were last seen. That they left is told even if nobody knows when.
    async fn show_gone(&self, users: &[UserId]) {
        let watched = self.board.watched(users);
        if let Err(error) = self.learn_seen(&watched).await {
            tracing::warn!(%error, "it is not known when people were last seen");
        }
        self.board.show_changed(&watched);
    }

    pub(super) fn degrade(&self, error: &LeasesError) {
        if self.board.set_degraded(true) {
            tracing::warn!(%error, "the lease store does not answer; only this node's own people are certain");
        }
    }
}

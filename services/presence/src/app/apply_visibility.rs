//! Who may see whom has changed.

use std::time::Duration;

use kith_ids::UserId;

use super::{App, Result};
use crate::store::{
    self, people,
    visibility::{self, VisibilityChange},
};

/// How far back changes are looked for: commits may come in another order than their ids, by less than this.
const LOOK_BACK: Duration = Duration::from_mins(1);
/// How long changes are kept.
const KEPT: Duration = Duration::from_mins(5);

impl App {
    /// Writes the changes for all nodes; on this one they hold when this returns.
    pub(crate) async fn apply_visibility(
        &self,
        changes: &[VisibilityChange],
        deleted: &[UserId],
    ) -> Result<()> {
        let _turn = self.sibling_turns.take().await?;
        let mut tx = store::begin(&self.pool).await?;
        if !deleted.is_empty() {
            people::update_deleted(&mut tx, deleted).await?;
        }
        visibility::insert(&mut tx, changes).await?;
        store::commit(tx).await?;

        self.board.invalidate(changes);
        self.hints.visibility_changed();
        Ok(())
    }

    /// Heeds the changes that other nodes wrote.
    pub(crate) async fn follow_visibility(&self) -> Result<()> {
        // One at a time: two that run at once would both heed the same.
        let mut heeded = self.heeded.lock().await;
        let mut connection = store::acquire(&self.pool).await?;
        let recent = visibility::list(&mut connection, LOOK_BACK).await?;
        drop(connection);
        let new: Vec<VisibilityChange> = recent
            .iter()
            .filter(|(id, _)| !heeded.contains(id))
            .map(|(_, change)| *change)
            .collect();
        *heeded = recent.into_iter().map(|(id, _)| id).collect();
        drop(heeded);
        self.board.invalidate(&new);
        Ok(())
    }

    /// Removes changes that every node has heeded.
    pub(crate) async fn tidy_visibility(&self) -> Result<()> {
        let mut connection = store::acquire(&self.pool).await?;
        visibility::delete_old(&mut connection, KEPT).await?;
        Ok(())
    }
}

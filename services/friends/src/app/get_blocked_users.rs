//! Whom the caller blocks.

use kith_ids::UserId;

use super::{App, Page, PageWanted, Result};
use crate::store::{
    self,
    blocks::{self, Blocked},
};

impl App {
    /// Those whom the caller blocks, newest first.
    pub(crate) async fn get_blocked_users(
        &self,
        viewer: UserId,
        wanted: &PageWanted,
    ) -> Result<Page<Blocked>> {
        let scope = format!("blocked:{viewer}");
        let window = self.window(&scope, wanted)?;
        let mut connection = store::acquire(&self.pool).await?;
        let items = blocks::list(&mut connection, viewer, window).await?;
        Ok(self.page(&scope, wanted, items, |blocked| {
            (blocked.at, blocked.person.id)
        }))
    }
}

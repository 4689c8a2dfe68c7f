//! The caller's friends.

use kith_ids::UserId;

use super::{App, Page, PageWanted, Result};
use crate::{
    domain::{person::fold, search::containing},
    store::{
        self,
        friendships::{self, Friend},
    },
};

impl App {
    /// Friends by display name, and how many there are on all pages; a query keeps those with it in user name or display name.
    pub(crate) async fn get_user_friends(
        &self,
        viewer: UserId,
        query: &str,
        wanted: &PageWanted,
    ) -> Result<(Page<Friend>, u32)> {
        let query = fold(query.trim());
        let pattern = (!query.is_empty()).then(|| containing(&query));
        let scope = format!("friends:{viewer}:{query}");
        let window = self.window(&scope, wanted)?;
        let mut connection = store::acquire(&self.pool).await?;
        let items = friendships::list(&mut connection, viewer, pattern.as_deref(), window).await?;
        let total = friendships::find_total(&mut connection, viewer, pattern.as_deref()).await?;
        Ok((
            self.page(&scope, wanted, items, |friend| friend.key.clone()),
            total,
        ))
    }
}

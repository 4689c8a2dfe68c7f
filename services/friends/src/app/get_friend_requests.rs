//! The caller's pending requests.

use kith_ids::UserId;

use super::{App, Page, PageWanted, Result};
use crate::{
    domain::request::{Direction, RequestView},
    store::{self, requests},
};

impl App {
    /// Pending requests in one or both directions, newest first.
    pub(crate) async fn get_friend_requests(
        &self,
        viewer: UserId,
        direction: Option<Direction>,
        wanted: &PageWanted,
    ) -> Result<Page<RequestView>> {
        let scope = format!(
            "friend_requests:{viewer}:{}",
            direction.map_or("both", Direction::word)
        );
        let window = self.window(&scope, wanted)?;
        let mut connection = store::acquire(&self.pool).await?;
        let items = requests::list(&mut connection, viewer, direction, window).await?;
        Ok(self.page(&scope, wanted, items, |view| (view.create_time, view.id)))
    }
}

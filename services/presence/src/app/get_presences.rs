//! How people look to somebody, once.

use kith_ids::UserId;

use super::{App, Result};
use crate::{
    domain::appearance::Appearance,
    store::{self, people},
};

impl App {
    /// Shows people as the viewer may see them; those of whom nothing is certain are left out.
    pub(crate) async fn get_presences(
        &self,
        viewer: UserId,
        users: &[UserId],
    ) -> Result<Vec<Appearance>> {
        let looks: Vec<(UserId, UserId)> = users.iter().map(|user| (viewer, *user)).collect();
        let views = self.views(&looks).await?;
        // The board keeps nothing of people whom nobody watches.
        let mut connection = store::acquire(&self.pool).await?;
        let seen = people::list_last_seen(&mut connection, users).await?;
        drop(connection);
        let views: Vec<_> = users.iter().copied().zip(views).collect();
        Ok(self.board.look(&views, &seen.into_iter().collect()))
    }
}

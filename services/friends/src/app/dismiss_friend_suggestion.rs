//! Not suggesting somebody again.

use kith_ids::UserId;

use super::{App, Result, pair_with};
use crate::{
    error::Error,
    store::{self, suggestions, users},
};

impl App {
    /// Never suggests that person to the caller again.
    pub(crate) async fn dismiss_friend_suggestion(
        &self,
        viewer: UserId,
        dismissed: UserId,
    ) -> Result<()> {
        let both = pair_with(viewer, dismissed)?.both();
        self.know_users(&both).await?;

        let mut tx = store::begin(&self.pool).await?;
        // Held, so that an account's deletion, which forgets dismissals, comes before or after this as a whole.
        if users::lock_shared(&mut tx, &both).await?.len() < both.len() {
            return Err(Error::UserNotFound);
        }
        suggestions::insert_dismissed(&mut tx, viewer, dismissed, self.now()).await?;
        store::commit(tx).await.map_err(Error::from)
    }
}

//! Choosing how to look.

use kith_error::Violation;
use kith_ids::UserId;

use super::{App, Result};
use crate::{
    domain::wish::WishChange,
    error::Error,
    store::{self, people},
};

impl App {
    /// Writes what somebody chose; it holds on all their devices, and is shown to those who watch them.
    pub(crate) async fn set_status(&self, user: UserId, change: &WishChange) -> Result<()> {
        let now = self.now();
        if let Some((field, message)) = change.custom.as_ref().and_then(|said| said.problem(now)) {
            return Err(Error::InvalidFields(vec![Violation::new(
                field, "invalid", message,
            )]));
        }
        let mut connection = store::acquire(&self.pool).await?;
        let chosen = people::update_wish(&mut connection, user, change, now)
            .await?
            .ok_or(Error::Deleted)?;
        drop(connection);
        self.board.choose(user, &chosen.wish, chosen.last_seen);
        Ok(())
    }
}

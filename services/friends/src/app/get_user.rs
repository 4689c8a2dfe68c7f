//! A person as the caller may see them.

use kith_ids::UserId;

use super::{App, Result};
use crate::{
    domain::person::Person,
    error::Error,
    store::{self, people},
};

impl App {
    /// Shows a person. Asks accounts each time: whether somebody exists is its word, and a profile change shows at once.
    pub(crate) async fn get_user(&self, viewer: UserId, id: UserId) -> Result<Person> {
        self.require_users(&[id]).await?;
        people::find(&mut *store::acquire(&self.pool).await?, viewer, id)
            .await?
            // Deleted between the two questions: only the id is left.
            .filter(|person| !person.username.is_empty())
            .ok_or(Error::UserNotFound)
    }
}

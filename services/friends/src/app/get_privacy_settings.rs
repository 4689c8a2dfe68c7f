//! The caller's privacy settings.

use kith_ids::UserId;

use super::{App, Result};
use crate::{
    domain::privacy::Privacy,
    store::{self, privacy},
};

impl App {
    /// The settings; the defaults for somebody who never changed any.
    pub(crate) async fn get_privacy_settings(&self, user: UserId) -> Result<Privacy> {
        let mut connection = store::acquire(&self.pool).await?;
        Ok(privacy::find(&mut connection, user).await?.settings)
    }
}

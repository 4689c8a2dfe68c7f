//! Making people findable who were here before the search was.

use kith_ids::UserId;

use super::{App, Result, known_users::index};
use crate::store::{self, users};

/// People in one transaction.
const BATCH: i64 = 500;

impl App {
    /// Takes some people into the search; false when there was nobody left.
    pub(crate) async fn index_users(&self) -> Result<bool> {
        let mut tx = store::begin(&self.pool).await?;
        let profiles = users::lock_not_indexed(&mut tx, BATCH).await?;
        let ids: Vec<UserId> = profiles.iter().map(|profile| profile.id).collect();
        if !ids.is_empty() {
            index(&mut tx, profiles).await?;
            users::update_indexed(&mut tx, &ids).await?;
        }
        store::commit(tx).await?;
        Ok(!ids.is_empty())
    }
}

//! Asks accounts who exists, and keeps what it says: the projection that participant lists are rendered from.

use std::collections::HashSet;

use kith_api::accounts::v1::GetUsersRequest;
use kith_auth::Caller;
use kith_ids::UserId;

use crate::{Error, app::App, store::users, wire};

/// Ids that one call to accounts takes.
const CHUNK: usize = 1000;

/// Which of these people exist. Whether somebody does is accounts' word alone; the projection never decides it.
pub(crate) async fn learn_users(app: &App, ids: &[UserId]) -> Result<HashSet<UserId>, Error> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let request = GetUsersRequest {
            user_ids: chunk.iter().map(UserId::to_string).collect(),
        };
        let mut accounts = app.accounts.accounts(&Caller::node("chat"));
        let users = accounts.get_users(request).await?.into_inner().users;
        found.extend(users.iter().filter_map(wire::user::row));
    }
    found.retain(|user| !user.deleted);
    let mut db = app.pool.acquire().await?;
    users::insert(&mut db, &found).await?;
    Ok(found.into_iter().map(|user| user.user_id).collect())
}

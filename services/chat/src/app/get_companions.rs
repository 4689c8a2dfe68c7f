//! Who is in small groups with somebody: what friends' suggestions ask for.

use kith_ids::UserId;

use crate::{
    Error,
    app::App,
    store::companions::{self, Companion},
};

/// Gives people who are in small groups with a user, those of most groups first.
pub(crate) async fn get_companions(app: &App, user: UserId) -> Result<Vec<Companion>, Error> {
    let mut db = app.pool.acquire().await?;
    Ok(companions::list(&mut db, user).await?)
}

//! Users as accounts tells of them.

use kith_api::accounts::v1::User;

use crate::store::users::UserRow;

/// What chat keeps of a user; none when the id is no id.
pub(crate) fn row(user: &User) -> Option<UserRow> {
    Some(UserRow {
        user_id: user.user_id.parse().ok()?,
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        avatar_url: user.avatar_url.clone(),
        deleted: user.deleted,
        version: i64::try_from(user.version).unwrap_or(i64::MAX),
    })
}

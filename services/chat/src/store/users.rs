//! The projection of accounts' users: what a participant list shows of a person, and whether they show what they read.

use kith_ids::UserId;
use sqlx::PgConnection;

/// A user as accounts tells of them.
#[derive(Debug, Clone)]
pub(crate) struct UserRow {
    pub(crate) user_id: UserId,
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) avatar_url: Option<String>,
    pub(crate) deleted: bool,
    pub(crate) version: i64,
}

/// Takes what accounts says; a version not above the known one changes nothing. Rows are taken in the order of their ids,
/// so that two such calls cannot wait for each other.
#[tracing::instrument(name = "db.users.insert", skip_all)]
pub(crate) async fn insert(db: &mut PgConnection, users: &[UserRow]) -> Result<(), sqlx::Error> {
    let ids: Vec<UserId> = users.iter().map(|user| user.user_id).collect();
    let usernames: Vec<String> = users.iter().map(|user| user.username.clone()).collect();
    let names: Vec<String> = users.iter().map(|user| user.display_name.clone()).collect();
    let avatars: Vec<Option<String>> = users.iter().map(|user| user.avatar_url.clone()).collect();
    let deleted: Vec<bool> = users.iter().map(|user| user.deleted).collect();
    let versions: Vec<i64> = users.iter().map(|user| user.version).collect();
    // One row an id, the newest: the same row cannot be inserted and updated by one statement.
    sqlx::query!(
        "INSERT INTO chat.users (user_id, username, display_name, avatar_url, deleted, version)
         SELECT DISTINCT ON (given.user_id)
                given.user_id, given.username, given.display_name, given.avatar_url, given.deleted, given.version
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::bigint[])
              AS given (user_id, username, display_name, avatar_url, deleted, version)
         ORDER BY given.user_id, given.version DESC
         ON CONFLICT (user_id) DO UPDATE
         SET username = excluded.username,
             display_name = excluded.display_name,
             avatar_url = excluded.avatar_url,
             deleted = excluded.deleted,
             version = excluded.version
         WHERE users.version < excluded.version",
        &ids as &[UserId],
        &usernames,
        &names,
        &avatars as &[Option<String>],
        &deleted,
        &versions,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Those of these people who are known and not deleted, and stay so until the end of the transaction: a deletion waits for
/// it, and then finds the rooms that it made.
#[tracing::instrument(name = "db.users.lock", skip_all)]
pub(crate) async fn lock(
    db: &mut PgConnection,
    users: &[UserId],
) -> Result<Vec<UserId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT user_id AS "user_id: UserId"
           FROM chat.users
           WHERE user_id = ANY($1) AND NOT deleted AND version >= 0
           ORDER BY user_id
           FOR SHARE"#,
        users as &[UserId],
    )
    .fetch_all(db)
    .await
}

/// Holds these people alone until the end of the transaction: whoever brings one of them into a room holds them shared, so
/// such an act has committed before this returns, or sees what this transaction writes.
pub(crate) async fn lock_alone(db: &mut PgConnection, users: &[UserId]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT user_id
         FROM chat.users
         WHERE user_id = ANY($1)
         ORDER BY user_id
         FOR NO KEY UPDATE",
        users as &[UserId],
    )
    .fetch_all(db)
    .await?;
    Ok(())
}

/// Those of these people whose accounts are gone.
#[tracing::instrument(name = "db.users.list_deleted", skip_all)]
pub(crate) async fn list_deleted(
    db: &mut PgConnection,
    users: &[UserId],
) -> Result<Vec<UserId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT user_id AS "user_id: UserId"
           FROM chat.users
           WHERE user_id = ANY($1) AND deleted
           ORDER BY user_id"#,
        users as &[UserId],
    )
    .fetch_all(db)
    .await
}

/// Takes whether somebody shows what they read; a version not above the known one changes nothing. Somebody whom accounts
/// has not told of yet gets a row below every version of theirs.
#[tracing::instrument(name = "db.users.update_read_receipts", skip_all)]
pub(crate) async fn update_read_receipts(
    db: &mut PgConnection,
    user: UserId,
    shown: bool,
    version: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO chat.users (user_id, username, display_name, version, read_receipts, read_receipts_version)
         VALUES ($1, '', '', -1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE
         SET read_receipts = excluded.read_receipts,
             read_receipts_version = excluded.read_receipts_version
         WHERE users.read_receipts_version < excluded.read_receipts_version",
        user as UserId,
        shown,
        version,
    )
    .execute(db)
    .await?;
    Ok(())
}

//! `friends.users`: the projection of accounts' users.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::Result;
use crate::domain::person::{Profile, fold};

/// The known versions of these users; unknown ones are left out.
#[tracing::instrument(name = "db.users.list_versions", skip_all)]
pub(crate) async fn list_versions(
    conn: &mut PgConnection,
    ids: &[UserId],
) -> Result<Vec<(UserId, i64)>> {
    let rows = sqlx::query!(
        r#"
        SELECT user_id AS "user_id: UserId", version
        FROM friends.users
        WHERE user_id = ANY ($1)
        "#,
        ids as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.user_id, row.version))
        .collect())
}

/// Keeps these users as they are until the transaction ends, and gives those that are not deleted. Shared: many may hold it, a change of
/// one user waits for all of them. Locked in id order, like every lock on several users.
#[tracing::instrument(name = "db.users.lock_shared", skip_all)]
pub(crate) async fn lock_shared(conn: &mut PgConnection, ids: &[UserId]) -> Result<Vec<UserId>> {
    let rows = sqlx::query!(
        r#"
        SELECT user_id AS "user_id: UserId", deleted
        FROM friends.users
        WHERE user_id = ANY ($1)
        ORDER BY user_id
        FOR SHARE
        "#,
        ids as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter(|row| !row.deleted)
        .map(|row| row.user_id)
        .collect())
}

/// Holds one user alone until the transaction ends, and gives what is known of them.
#[tracing::instrument(name = "db.users.lock", skip_all)]
pub(crate) async fn lock(conn: &mut PgConnection, id: UserId) -> Result<Option<Profile>> {
    Ok(sqlx::query_as!(
        Profile,
        r#"
        SELECT
            user_id AS "id: UserId",
            username,
            display_name,
            avatar_url,
            bio,
            interests,
            locale,
            create_time AS "create_time: DateTime<Utc>",
            disabled,
            deleted,
            version
        FROM friends.users
        WHERE user_id = $1
        FOR NO KEY UPDATE
        "#,
        id as UserId,
    )
    .fetch_optional(conn)
    .await?)
}

/// Adds a user; false when somebody else did meanwhile.
#[tracing::instrument(name = "db.users.insert", skip_all)]
pub(crate) async fn insert(conn: &mut PgConnection, profile: &Profile) -> Result<bool> {
    let result = sqlx::query!(
        r#"
        INSERT INTO friends.users
            (user_id, username, display_name, name_key, avatar_url, bio, interests, locale, create_time, disabled, deleted, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (user_id) DO NOTHING
        "#,
        profile.id as UserId,
        profile.username,
        profile.display_name,
        fold(&profile.display_name),
        profile.avatar_url,
        profile.bio,
        &profile.interests,
        profile.locale,
        profile.create_time,
        profile.disabled,
        profile.deleted,
        profile.version,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Replaces what is known of a user.
#[tracing::instrument(name = "db.users.update_profile", skip_all)]
pub(crate) async fn update_profile(conn: &mut PgConnection, profile: &Profile) -> Result<()> {
    sqlx::query!(
        r#"
        UPDATE friends.users
        SET
            username = $2,
            display_name = $3,
            name_key = $4,
            avatar_url = $5,
            bio = $6,
            interests = $7,
            locale = $8,
            create_time = $9,
            disabled = $10,
            deleted = $11,
            version = $12
        WHERE user_id = $1
        "#,
        profile.id as UserId,
        profile.username,
        profile.display_name,
        fold(&profile.display_name),
        profile.avatar_url,
        profile.bio,
        &profile.interests,
        profile.locale,
        profile.create_time,
        profile.disabled,
        profile.deleted,
        profile.version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

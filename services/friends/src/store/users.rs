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

/// Adds a user, whom the caller takes into the search; false when somebody else did meanwhile.
#[tracing::instrument(name = "db.users.insert", skip_all)]
pub(crate) async fn insert(conn: &mut PgConnection, profile: &Profile) -> Result<bool> {
    let result = sqlx::query!(
        r#"
        INSERT INTO friends.users
            (user_id, username, display_name, name_key, avatar_url, bio, interests, locale, create_time, disabled, deleted, version, indexed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, true)
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

/// Adds users who are not there, whom the caller takes into the search, and gives their versions; of one who is named twice the first.
#[tracing::instrument(name = "db.users.insert_all", skip_all)]
#[expect(clippy::too_many_lines, reason = "one statement and its many columns")]
pub(crate) async fn insert_all(
    conn: &mut PgConnection,
    profiles: &[Profile],
) -> Result<Vec<(UserId, i64)>> {
    let ids: Vec<UserId> = profiles.iter().map(|one| one.id).collect();
    let column = |read: fn(&Profile) -> &str| -> Vec<String> {
        profiles.iter().map(|one| read(one).to_owned()).collect()
    };
    let name_keys: Vec<String> = profiles.iter().map(|one| fold(&one.display_name)).collect();
    let avatars: Vec<Option<String>> = profiles.iter().map(|one| one.avatar_url.clone()).collect();
    // Lists of lists must be rectangles in SQL, which these are not; a word has no line break.
    let interests: Vec<String> = profiles
        .iter()
        .map(|one| one.interests.join("\n"))
        .collect();
    let times: Vec<DateTime<Utc>> = profiles.iter().map(|one| one.create_time).collect();
    let disabled: Vec<bool> = profiles.iter().map(|one| one.disabled).collect();
    let deleted: Vec<bool> = profiles.iter().map(|one| one.deleted).collect();
    let versions: Vec<i64> = profiles.iter().map(|one| one.version).collect();
    let rows = sqlx::query!(
        r#"
        INSERT INTO friends.users
            (user_id, username, display_name, name_key, avatar_url, bio, interests, locale, create_time, disabled, deleted, version, indexed)
        SELECT
            t.user_id,
            t.username,
            t.display_name,
            t.name_key,
            t.avatar_url,
            t.bio,
            string_to_array(t.interests, E'\n'),
            t.locale,
            t.create_time,
            t.disabled,
            t.deleted,
            t.version,
            true
        FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::timestamptz[], $10::bool[], $11::bool[], $12::bigint[]
        ) AS t (
            user_id, username, display_name, name_key, avatar_url, bio,
            interests, locale, create_time, disabled, deleted, version
        )
        -- In order, so that two nodes that add the same people cannot wait for each other in a circle.
        ORDER BY t.user_id
        ON CONFLICT (user_id) DO NOTHING
        RETURNING user_id AS "user_id: UserId", version
        "#,
        &ids as _,
        &column(|one| &one.username),
        &column(|one| &one.display_name),
        &name_keys,
        &avatars as _,
        &column(|one| &one.bio),
        &interests,
        &column(|one| &one.locale),
        &times,
        &disabled,
        &deleted,
        &versions,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.user_id, row.version))
        .collect())
}

/// Notes that the search knows these users as they are.
#[tracing::instrument(name = "db.users.update_indexed", skip_all)]
pub(crate) async fn update_indexed(conn: &mut PgConnection, ids: &[UserId]) -> Result<()> {
    sqlx::query!(
        r#"
        UPDATE friends.users
        SET indexed = true
        WHERE user_id = ANY ($1) AND NOT indexed
        "#,
        ids as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds some users of whom the search does not know, and gives what is known of them. Skips those whom somebody else holds: they are
/// being written anyway.
#[tracing::instrument(name = "db.users.lock_not_indexed", skip_all)]
pub(crate) async fn lock_not_indexed(conn: &mut PgConnection, limit: i64) -> Result<Vec<Profile>> {
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
        WHERE NOT indexed
        ORDER BY user_id
        LIMIT $1
        FOR NO KEY UPDATE SKIP LOCKED
        "#,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Replaces what is known of a user; the caller does so in the search.
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
            version = $12,
            indexed = true
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

//! `friends.friendships`: one row for each two friends.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::{Result, Window, people::person};
use crate::domain::{pair::Pair, person::Person};

/// A friend in somebody's list.
#[derive(Debug, Clone)]
pub(crate) struct Friend {
    pub person: Person,
    pub since: DateTime<Utc>,
    /// Where the list goes on after this one.
    pub key: FriendKey,
}

/// The order of the list: folded display name, then id.
pub(crate) type FriendKey = (String, UserId);

/// Makes two people friends; false when they are.
#[tracing::instrument(name = "db.friendships.insert", skip_all)]
pub(crate) async fn insert(conn: &mut PgConnection, pair: Pair, at: DateTime<Utc>) -> Result<bool> {
    let result = sqlx::query!(
        r#"
        INSERT INTO friends.friendships (lo, hi, create_time)
        VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT friendships_pkey DO NOTHING
        "#,
        pair.lo() as UserId,
        pair.hi() as UserId,
        at,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Ends a friendship; false when there is none.
#[tracing::instrument(name = "db.friendships.delete", skip_all)]
pub(crate) async fn delete(conn: &mut PgConnection, pair: Pair) -> Result<bool> {
    let result = sqlx::query!(
        r#"
        DELETE FROM friends.friendships
        WHERE lo = $1 AND hi = $2
        "#,
        pair.lo() as UserId,
        pair.hi() as UserId,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Ends up to `limit` of somebody's friendships and says with whom.
#[tracing::instrument(name = "db.friendships.delete_some_of", skip_all)]
pub(crate) async fn delete_some_of(
    conn: &mut PgConnection,
    user: UserId,
    limit: i64,
) -> Result<Vec<UserId>> {
    Ok(sqlx::query_scalar!(
        r#"
        DELETE FROM friends.friendships f
        USING (
            SELECT lo, hi
            FROM friends.friendships
            WHERE lo = $1 OR hi = $1
            LIMIT $2
        ) batch
        WHERE f.lo = batch.lo AND f.hi = batch.hi
        RETURNING CASE WHEN f.lo = $1 THEN f.hi ELSE f.lo END AS "other!: UserId"
        "#,
        user as UserId,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// How many friends match the pattern (a `LIKE` pattern over folded names; none: all).
#[tracing::instrument(name = "db.friendships.find_total", skip_all)]
pub(crate) async fn find_total(
    conn: &mut PgConnection,
    viewer: UserId,
    pattern: Option<&str>,
) -> Result<u32> {
    let total = sqlx::query_scalar!(
        r#"
        SELECT count(*) AS "total!"
        FROM (
            SELECT hi AS friend_id FROM friends.friendships WHERE lo = $1
            UNION ALL
            SELECT lo FROM friends.friendships WHERE hi = $1
        ) f
        JOIN friends.users u ON u.user_id = f.friend_id
        WHERE $2::text IS NULL OR u.username LIKE $2 OR u.name_key LIKE $2
        "#,
        viewer as UserId,
        pattern,
    )
    .fetch_one(conn)
    .await?;
    Ok(super::count(total))
}

/// One page of somebody's friends, by name.
#[tracing::instrument(name = "db.friendships.list", skip_all)]
pub(crate) async fn list(
    conn: &mut PgConnection,
    viewer: UserId,
    pattern: Option<&str>,
    window: Window<FriendKey>,
) -> Result<Vec<Friend>> {
    let (after_name, after_id) = window.after.unzip();
    let rows = sqlx::query!(
        r#"
        WITH page AS MATERIALIZED (
            SELECT f.friend_id, f.create_time, u.name_key
            FROM (
                SELECT hi AS friend_id, create_time FROM friends.friendships WHERE lo = $1
                UNION ALL
                SELECT lo, create_time FROM friends.friendships WHERE hi = $1
            ) f
            JOIN friends.users u ON u.user_id = f.friend_id
            WHERE ($2::text IS NULL OR u.username LIKE $2 OR u.name_key LIKE $2)
                AND ($3::text IS NULL OR (u.name_key, u.user_id) > ($3, $4::uuid))
            ORDER BY u.name_key, u.user_id
            LIMIT $5
        )
        SELECT
            page.create_time AS "since!",
            page.name_key AS "name_key!",
            p.user_id AS "user_id!: UserId",
            p.username AS "username!",
            p.display_name AS "display_name!",
            p.avatar_url,
            p.bio AS "bio!",
            p.interests AS "interests!",
            p.locale AS "locale!",
            p.create_time AS "user_create_time!",
            p.friends_count AS "friends_count!",
            p.mutual_friends_count AS "mutual_friends_count!",
            p.relation AS "relation!"
        FROM page
        JOIN friends.people($1, ARRAY(SELECT friend_id FROM page)) p ON p.user_id = page.friend_id
        ORDER BY page.name_key, page.friend_id
        "#,
        viewer as UserId,
        pattern,
        after_name,
        after_id as Option<UserId>,
        window.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Friend {
                since: row.since,
                key: (row.name_key, row.user_id),
                person: person!(row),
            })
        })
        .collect()
}

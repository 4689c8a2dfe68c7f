//! `friends.blocks`: who blocks whom.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::{Result, Window, people::person};
use crate::domain::person::Person;

/// Somebody in a block list.
#[derive(Debug, Clone)]
pub(crate) struct Blocked {
    pub person: Person,
    pub at: DateTime<Utc>,
}

/// The order of the list: time, then id, newest first.
pub(crate) type BlockKey = (DateTime<Utc>, UserId);

/// Blocks; false when blocked already.
#[tracing::instrument(name = "db.blocks.insert", skip_all)]
pub(crate) async fn insert(
    conn: &mut PgConnection,
    blocker: UserId,
    target: UserId,
    at: DateTime<Utc>,
) -> Result<bool> {
    let result = sqlx::query!(
        r#"
        INSERT INTO friends.blocks (blocker_id, blocked_id, create_time)
        VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT blocks_pkey DO NOTHING
        "#,
        blocker as UserId,
        target as UserId,
        at,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Lifts a block; false when there is none.
#[tracing::instrument(name = "db.blocks.delete", skip_all)]
pub(crate) async fn delete(
    conn: &mut PgConnection,
    blocker: UserId,
    target: UserId,
) -> Result<bool> {
    let result = sqlx::query!(
        r#"
        DELETE FROM friends.blocks
        WHERE blocker_id = $1 AND blocked_id = $2
        "#,
        blocker as UserId,
        target as UserId,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Lifts up to `limit` blocks by or of somebody: (blocker, blocked).
#[tracing::instrument(name = "db.blocks.delete_some_of", skip_all)]
pub(crate) async fn delete_some_of(
    conn: &mut PgConnection,
    user: UserId,
    limit: i64,
) -> Result<Vec<(UserId, UserId)>> {
    let rows = sqlx::query!(
        r#"
        DELETE FROM friends.blocks b
        USING (
            SELECT blocker_id, blocked_id
            FROM friends.blocks
            WHERE blocker_id = $1 OR blocked_id = $1
            LIMIT $2
        ) batch
        WHERE b.blocker_id = batch.blocker_id AND b.blocked_id = batch.blocked_id
        RETURNING b.blocker_id AS "blocker: UserId", b.blocked_id AS "target: UserId"
        "#,
        user as UserId,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.blocker, row.target))
        .collect())
}

/// One page of those whom somebody blocks, newest first.
#[tracing::instrument(name = "db.blocks.list", skip_all)]
pub(crate) async fn list(
    conn: &mut PgConnection,
    viewer: UserId,
    window: Window<BlockKey>,
) -> Result<Vec<Blocked>> {
    let (after_time, after_id) = window.after.unzip();
    let rows = sqlx::query!(
        r#"
        WITH page AS MATERIALIZED (
            SELECT blocked_id, create_time
            FROM friends.blocks
            WHERE blocker_id = $1
                AND ($2::timestamptz IS NULL OR (create_time, blocked_id) < ($2, $3::uuid))
            ORDER BY create_time DESC, blocked_id DESC
            LIMIT $4
        )
        SELECT
            page.create_time AS "at!",
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
        JOIN friends.people($1, ARRAY(SELECT blocked_id FROM page)) p ON p.user_id = page.blocked_id
        ORDER BY page.create_time DESC, page.blocked_id DESC
        "#,
        viewer as UserId,
        after_time,
        after_id as Option<UserId>,
        window.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Blocked {
                at: row.at,
                person: person!(row),
            })
        })
        .collect()
}

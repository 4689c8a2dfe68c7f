//! `presence.visibility_changes`: who may see whom has changed, for nodes that a hint did not reach.

use std::time::Duration;

use kith_ids::UserId;
use sqlx::PgConnection;

use super::Result;

/// A change; without the other one, everybody who looks at the person is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VisibilityChange {
    pub user: UserId,
    pub other: Option<UserId>,
}

/// Adds changes.
#[tracing::instrument(name = "db.visibility_changes.insert", skip_all)]
pub(crate) async fn insert(conn: &mut PgConnection, changes: &[VisibilityChange]) -> Result<()> {
    let (users, others): (Vec<UserId>, Vec<Option<UserId>>) = changes
        .iter()
        .map(|change| (change.user, change.other))
        .unzip();
    sqlx::query!(
        r#"
        INSERT INTO presence.visibility_changes (user_id, other_id, create_time)
        SELECT t.user_id, t.other_id, clock_timestamp()
        FROM unnest($1::uuid[], $2::uuid[]) AS t (user_id, other_id)
        "#,
        &users as _,
        &others as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The changes of the last while, by id.
#[tracing::instrument(name = "db.visibility_changes.list", skip_all)]
pub(crate) async fn list(
    conn: &mut PgConnection,
    since: Duration,
) -> Result<Vec<(i64, VisibilityChange)>> {
    let rows = sqlx::query!(
        r#"
        SELECT id, user_id AS "user_id: UserId", other_id AS "other_id: UserId"
        FROM presence.visibility_changes
        WHERE create_time > clock_timestamp() - $1 * interval '1 second'
        ORDER BY id
        "#,
        since.as_secs_f64(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let change = VisibilityChange {
                user: row.user_id,
                other: row.other_id,
            };
            (row.id, change)
        })
        .collect())
}

/// Removes changes that every node has seen.
#[tracing::instrument(name = "db.visibility_changes.delete_old", skip_all)]
pub(crate) async fn delete_old(conn: &mut PgConnection, age: Duration) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM presence.visibility_changes
        WHERE create_time < clock_timestamp() - $1 * interval '1 second'
        "#,
        age.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! `presence.leases` and `presence.stays`: who is on which gateway stream, so that a dead node leaves behind when its people were last seen.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::{
    Result,
    people::{Chosen, ChosenRow},
};
use crate::domain::roster::LeaseId;

/// Leases ended in one transaction.
const BATCH: i64 = 16;

/// Renews a lease; true when it was not there, and so nobody is on it.
#[tracing::instrument(name = "db.leases.update_renewed", skip_all)]
pub(crate) async fn update_renewed(conn: &mut PgConnection, lease: LeaseId) -> Result<bool> {
    let is_new = sqlx::query_scalar!(
        r#"
        INSERT INTO presence.leases AS l (lease_id, renew_time)
        VALUES ($1, clock_timestamp())
        ON CONFLICT ON CONSTRAINT leases_pkey DO UPDATE
        SET renew_time = excluded.renew_time
        RETURNING (xmax = 0) AS "is_new!"
        "#,
        lease.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(is_new)
}

/// Puts people on a lease, and tells what they chose (who never did is left out); none when the lease is not there. One statement, because thousands come
/// at once when a node dies.
#[tracing::instrument(name = "db.stays.insert", skip_all)]
pub(crate) async fn insert(
    conn: &mut PgConnection,
    lease: LeaseId,
    users: &[UserId],
) -> Result<Option<Vec<(UserId, Chosen)>>> {
    // The lease's row is held, so that nobody ends it between this look and the commit.
    let rows = sqlx::query_as!(
        ChosenRow,
        r#"
        WITH held AS (
            SELECT lease_id FROM presence.leases WHERE lease_id = $1 FOR KEY SHARE
        ),
        put AS (
            INSERT INTO presence.stays (lease_id, user_id)
            SELECT held.lease_id, t.user_id
            FROM held
            CROSS JOIN unnest($2::uuid[]) AS t (user_id)
            ON CONFLICT ON CONSTRAINT stays_pkey DO NOTHING
        )
        SELECT
            p.user_id AS "user_id?: UserId", p.choice AS "choice?", p.custom AS "custom?", p.custom_expire_time AS "custom_expire_time?",
            p.version AS "version?", p.last_seen_time AS "last_seen_time?"
        FROM held
        LEFT JOIN presence.people p ON p.user_id = ANY ($2)
        "#,
        lease.0,
        users as _,
    )
    .fetch_all(conn)
    .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let chosen = rows.into_iter().filter_map(|row| row.chosen().transpose());
    chosen.collect::<Result<_>>().map(Some)
}

/// Takes people off a lease.
#[tracing::instrument(name = "db.stays.delete", skip_all)]
pub(crate) async fn delete(
    conn: &mut PgConnection,
    lease: LeaseId,
    users: &[UserId],
) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM presence.stays
        WHERE lease_id = $1 AND user_id = ANY ($2)
        "#,
        lease.0,
        users as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks leases that were not renewed for so long, with the time of their last renewal. Those that another node is ending are left to it.
#[tracing::instrument(name = "db.leases.lock_ended", skip_all)]
pub(crate) async fn lock_ended(
    conn: &mut PgConnection,
    silence: Duration,
) -> Result<Vec<(LeaseId, DateTime<Utc>)>> {
    let millis = i32::try_from(silence.as_millis()).unwrap_or(i32::MAX);
    let rows = sqlx::query!(
        r#"
        SELECT lease_id, renew_time
        FROM presence.leases
        WHERE renew_time < clock_timestamp() - $1 * interval '1 millisecond'
        ORDER BY renew_time
        LIMIT $2
        FOR UPDATE SKIP LOCKED
        "#,
        f64::from(millis),
        BATCH,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (LeaseId(row.lease_id), row.renew_time))
        .collect())
}

/// Those on a lease.
#[tracing::instrument(name = "db.stays.list", skip_all)]
pub(crate) async fn list(conn: &mut PgConnection, lease: LeaseId) -> Result<Vec<UserId>> {
    Ok(sqlx::query_scalar!(
        r#"
        SELECT user_id AS "user_id: UserId"
        FROM presence.stays
        WHERE lease_id = $1
        "#,
        lease.0,
    )
    .fetch_all(conn)
    .await?)
}

/// Removes a lease, and whoever is on it.
#[tracing::instrument(name = "db.leases.delete", skip_all)]
pub(crate) async fn delete_lease(conn: &mut PgConnection, lease: LeaseId) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM presence.leases
        WHERE lease_id = $1
        "#,
        lease.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! `friends.contacts`, `friends.awaited_contacts` and `friends.contact_budgets`: who wants to be matched by what, who waits for whom, and how much
//! was asked.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::Result;
use crate::domain::contact::Budget;

/// Somebody behind a digest.
#[derive(Debug, Clone)]
pub(crate) struct Match {
    pub digest: Vec<u8>,
    pub user: UserId,
}

/// How many digests of the current salt somebody has.
#[tracing::instrument(name = "db.contacts.find_count", skip_all)]
pub(crate) async fn find_count(conn: &mut PgConnection, user: UserId, salt: i32) -> Result<u32> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM friends.contacts WHERE user_id = $1 AND salt_id = $2"#,
        user as UserId,
        salt,
    )
    .fetch_one(conn)
    .await?;
    Ok(super::count(count))
}

/// The digests of the current salt that somebody has.
#[tracing::instrument(name = "db.contacts.list_own", skip_all)]
pub(crate) async fn list_own(
    conn: &mut PgConnection,
    user: UserId,
    salt: i32,
) -> Result<Vec<Vec<u8>>> {
    Ok(sqlx::query_scalar!(
        r#"
        SELECT digest
        FROM friends.contacts
        WHERE user_id = $1 AND salt_id = $2
        "#,
        user as UserId,
        salt,
    )
    .fetch_all(conn)
    .await?)
}

/// Replaces what somebody is matched by.
#[tracing::instrument(name = "db.contacts.update_own", skip_all)]
pub(crate) async fn update_own(
    conn: &mut PgConnection,
    user: UserId,
    salt: i32,
    digests: &[Vec<u8>],
) -> Result<()> {
    delete(conn, user).await?;
    sqlx::query!(
        r#"
        INSERT INTO friends.contacts (digest, user_id, salt_id)
        SELECT DISTINCT digest, $1::uuid, $2::integer
        FROM unnest($3::bytea[]) AS t (digest)
        "#,
        user as UserId,
        salt,
        digests,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets what somebody is matched by.
#[tracing::instrument(name = "db.contacts.delete", skip_all)]
pub(crate) async fn delete(conn: &mut PgConnection, user: UserId) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM friends.contacts
        WHERE user_id = $1
        "#,
        user as UserId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who is behind these digests, at most `limit`; nobody deleted or disabled.
#[tracing::instrument(name = "db.contacts.list_matches", skip_all)]
pub(crate) async fn list_matches(
    conn: &mut PgConnection,
    salt: i32,
    digests: &[Vec<u8>],
    limit: i64,
) -> Result<Vec<Match>> {
    Ok(sqlx::query_as!(
        Match,
        r#"
        SELECT c.digest, c.user_id AS "user: UserId"
        FROM friends.contacts c
        JOIN friends.users u ON u.user_id = c.user_id AND NOT u.deleted AND NOT u.disabled
        WHERE c.digest = ANY ($1) AND c.salt_id = $2
        ORDER BY c.digest, c.user_id
        LIMIT $3
        "#,
        digests,
        salt,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// How much somebody has asked; locked, so that questions asked at once are counted one after the other.
#[tracing::instrument(name = "db.contacts.lock_budget", skip_all)]
pub(crate) async fn lock_budget(
    conn: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Budget> {
    let row = sqlx::query!(
        r#"
        INSERT INTO friends.contact_budgets (user_id, start_time, asked)
        VALUES ($1, $2, 0)
        ON CONFLICT (user_id) DO UPDATE
        SET asked = contact_budgets.asked
        RETURNING start_time, asked
        "#,
        user as UserId,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(Budget {
        start: row.start_time,
        asked: super::count(row.asked.into()),
    })
}

/// Writes how much somebody has asked.
#[tracing::instrument(name = "db.contacts.update_budget", skip_all)]
pub(crate) async fn update_budget(
    conn: &mut PgConnection,
    user: UserId,
    budget: Budget,
) -> Result<()> {
    sqlx::query!(
        r#"
        UPDATE friends.contact_budgets
        SET start_time = $2, asked = $3
        WHERE user_id = $1
        "#,
        user as UserId,
        budget.start,
        i32::try_from(budget.asked).unwrap_or(i32::MAX),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets how much somebody has asked.
#[tracing::instrument(name = "db.contacts.delete_budget", skip_all)]
pub(crate) async fn delete_budget(conn: &mut PgConnection, user: UserId) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM friends.contact_budgets
        WHERE user_id = $1
        "#,
        user as UserId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// For how many contacts of the current salt somebody waits.
#[tracing::instrument(name = "db.contacts.find_awaited_count", skip_all)]
pub(crate) async fn find_awaited_count(
    conn: &mut PgConnection,
    user: UserId,
    salt: i32,
) -> Result<u32> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM friends.awaited_contacts WHERE user_id = $1 AND salt_id = $2"#,
        user as UserId,
        salt,
    )
    .fetch_one(conn)
    .await?;
    Ok(super::count(count))
}

/// Lets somebody wait for these, from now on.
#[tracing::instrument(name = "db.contacts.insert_awaited", skip_all)]
pub(crate) async fn insert_awaited(
    conn: &mut PgConnection,
    user: UserId,
    salt: i32,
    digests: &[Vec<u8>],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO friends.awaited_contacts (digest, user_id, salt_id, create_time)
        SELECT DISTINCT digest, $1::uuid, $2::integer, $4::timestamptz
        FROM unnest($3::bytea[]) AS t (digest)
        ON CONFLICT ON CONSTRAINT awaited_contacts_pkey DO UPDATE
        SET create_time = EXCLUDED.create_time
        "#,
        user as UserId,
        salt,
        digests,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets the oldest of very many, and those of an earlier salt.
#[tracing::instrument(name = "db.contacts.delete_awaited_beyond", skip_all)]
pub(crate) async fn delete_awaited_beyond(
    conn: &mut PgConnection,
    user: UserId,
    salt: i32,
    most: i64,
) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM friends.awaited_contacts
        WHERE user_id = $1 AND (salt_id <> $2 OR digest IN (
            SELECT digest
            FROM friends.awaited_contacts
            WHERE user_id = $1
            ORDER BY create_time DESC, digest
            OFFSET $3
        ))
        "#,
        user as UserId,
        salt,
        most,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who waits for one of these, after `after`, in the order of their ids; locked, so that of two who tell them one does. Somebody may come twice.
#[tracing::instrument(name = "db.contacts.lock_waiting", skip_all)]
pub(crate) async fn lock_waiting(
    conn: &mut PgConnection,
    salt: i32,
    digests: &[Vec<u8>],
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<UserId>> {
    Ok(sqlx::query_scalar!(
        r#"
        SELECT user_id AS "user_id: UserId"
        FROM friends.awaited_contacts
        WHERE digest = ANY ($1) AND salt_id = $2 AND ($3::uuid IS NULL OR user_id > $3)
        ORDER BY user_id
        LIMIT $4
        FOR UPDATE
        "#,
        digests,
        salt,
        after as Option<UserId>,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// These people wait for these contacts no more.
#[tracing::instrument(name = "db.contacts.delete_waiting", skip_all)]
pub(crate) async fn delete_waiting(
    conn: &mut PgConnection,
    digests: &[Vec<u8>],
    users: &[UserId],
) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM friends.awaited_contacts
        WHERE digest = ANY ($1) AND user_id = ANY ($2)
        "#,
        digests,
        users as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody waits for nobody any more.
#[tracing::instrument(name = "db.contacts.delete_awaited", skip_all)]
pub(crate) async fn delete_awaited(conn: &mut PgConnection, user: UserId) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM friends.awaited_contacts
        WHERE user_id = $1
        "#,
        user as UserId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

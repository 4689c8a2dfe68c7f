//! `friends.contacts` and `friends.contact_budgets`: who wants to be matched by what, and how much was asked.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::{Result, people::person};
use crate::domain::{contact::Budget, person::Person};

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

/// These people as the viewer may see them.
#[tracing::instrument(name = "db.contacts.list_people", skip_all)]
pub(crate) async fn list_people(
    conn: &mut PgConnection,
    viewer: UserId,
    ids: &[UserId],
) -> Result<Vec<Person>> {
    let rows = sqlx::query!(
        r#"
        SELECT
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
        FROM friends.people($1, $2) p
        "#,
        viewer as UserId,
        ids as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| Ok(person!(row))).collect()
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

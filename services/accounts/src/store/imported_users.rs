//! `accounts.imported_users`: who the users of another system are here.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::import::NewcomerUser;

/// Who these ids of the other system are here; unknown ones are left out.
#[tracing::instrument(name = "db.imported_users.list", skip_all)]
pub(crate) async fn list(
    db: &mut PgConnection,
    external_ids: &[String],
) -> sqlx::Result<Vec<(String, UserId)>> {
    // Nobody has an id with NUL, and the database cannot even be asked about one.
    let askable: Vec<String> = external_ids
        .iter()
        .filter(|id| !id.contains('\0'))
        .cloned()
        .collect();
    let rows = sqlx::query!(
        r#"SELECT external_id, user_id AS "user_id: UserId"
           FROM accounts.imported_users
           WHERE external_id = ANY($1)"#,
        &askable,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.external_id, row.user_id))
        .collect())
}

/// Adds those newcomers whose name was never anybody's and whose external id is new, and gives their external ids. Each
/// comes with the id that they will have; one without a password hash gets the given one.
#[tracing::instrument(name = "db.imported_users.insert", skip_all)]
pub(crate) async fn insert(
    tx: &mut PgConnection,
    newcomers: &[(UserId, NewcomerUser)],
    no_password: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(String, UserId)>> {
    let ids: Vec<Uuid> = newcomers.iter().map(|(id, _)| *id.as_uuid()).collect();
    let column = |read: fn(&NewcomerUser) -> &str| -> Vec<String> {
        newcomers
            .iter()
            .map(|(_, user)| read(user).to_owned())
            .collect()
    };
    let digests: Vec<Vec<u8>> = newcomers
        .iter()
        .map(|(_, user)| user.username.digest().to_vec())
        .collect();
    let hashes: Vec<String> = newcomers
        .iter()
        .map(|(_, user)| {
            user.password_hash
                .clone()
                .unwrap_or_else(|| no_password.to_owned())
        })
        .collect();
    // In the order of the names' digests: two imports of the same people wait for each other there, and not in a circle.
    let rows = sqlx::query!(
        r#"WITH given AS (
               SELECT *
               FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[])
                   AS given (id, external_id, username, digest, display_name, password_hash)
           ), made AS (
               INSERT INTO accounts.users (id, username, username_digest, display_name, password_hash, created_at)
               SELECT id, username, digest, display_name, password_hash, $7
               FROM given
               ORDER BY digest
               ON CONFLICT ON CONSTRAINT users_username_digest_key DO NOTHING
               RETURNING id
           )
           SELECT given.external_id AS "external_id!", given.id AS "user_id!: UserId"
           FROM made
           JOIN given ON given.id = made.id"#,
        &ids,
        &column(|user| &user.external_id),
        &column(|user| user.username.as_str()),
        &digests,
        &column(|user| &user.display_name),
        &hashes,
        now,
    )
    .fetch_all(&mut *tx)
    .await?;
    let made: Vec<(String, UserId)> = rows
        .into_iter()
        .map(|row| (row.external_id, row.user_id))
        .collect();
    insert_ids(tx, &made).await?;
    Ok(made)
}

async fn insert_ids(tx: &mut PgConnection, made: &[(String, UserId)]) -> sqlx::Result<()> {
    let external_ids: Vec<String> = made.iter().map(|(id, _)| id.clone()).collect();
    let user_ids: Vec<Uuid> = made.iter().map(|(_, id)| *id.as_uuid()).collect();
    sqlx::query!(
        "INSERT INTO accounts.imported_users (external_id, user_id)
         SELECT external_id, user_id
         FROM unnest($1::text[], $2::uuid[]) AS made (external_id, user_id)",
        &external_ids,
        &user_ids,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The constraint that breaks when another import brought one of them meanwhile.
pub(crate) const EXTERNAL_ID_KEY: &str = "imported_users_pkey";

/// Forgets who somebody was elsewhere.
#[tracing::instrument(name = "db.imported_users.delete", skip_all)]
pub(crate) async fn delete(tx: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM accounts.imported_users
         WHERE user_id = $1",
        user_id.as_uuid(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

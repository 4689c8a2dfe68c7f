//! `presence.people`: what people chose, and when they were last here.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::{Result, StoreError};
use crate::domain::wish::{Choice, Custom, Wish, WishChange};

/// Somebody's choice after it was written.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub wish: Wish,
    pub last_seen: Option<DateTime<Utc>>,
}

/// What somebody chose, if they ever did.
pub(super) struct ChosenRow {
    pub(super) user_id: Option<UserId>,
    pub(super) choice: Option<String>,
    pub(super) custom: Option<String>,
    pub(super) custom_expire_time: Option<DateTime<Utc>>,
    pub(super) version: Option<i64>,
    pub(super) last_seen_time: Option<DateTime<Utc>>,
}

impl ChosenRow {
    pub(super) fn chosen(self) -> Result<Option<(UserId, Chosen)>> {
        let (Some(user), Some(word), Some(version)) = (self.user_id, self.choice, self.version)
        else {
            return Ok(None);
        };
        let wish = Wish {
            choice: choice(&word)?,
            custom: custom(self.custom, self.custom_expire_time),
            version,
        };
        let last_seen = self.last_seen_time;
        Ok(Some((user, Chosen { wish, last_seen })))
    }
}

fn choice(word: &str) -> Result<Choice> {
    Choice::from_word(word).ok_or(StoreError::Inconsistent {
        table: "people",
        column: "choice",
    })
}

fn custom(text: Option<String>, expires: Option<DateTime<Utc>>) -> Option<Custom> {
    text.map(|text| Custom { text, expires })
}

/// When these people were last visibly connected: when they left, or when the lease that they are left on was last renewed.
#[tracing::instrument(name = "db.people.list_last_seen", skip_all)]
pub(crate) async fn list_last_seen(
    conn: &mut PgConnection,
    users: &[UserId],
) -> Result<Vec<(UserId, Option<DateTime<Utc>>)>> {
    let rows = sqlx::query!(
        r#"
        SELECT
            t.user_id AS "user_id!: UserId",
            CASE
                WHEN p.choice = 'invisible' THEN p.last_seen_time
                ELSE GREATEST(
                    p.last_seen_time,
                    (
                        SELECT max(l.renew_time)
                        FROM presence.stays s
                        JOIN presence.leases l USING (lease_id)
                        WHERE s.user_id = t.user_id
                    )
                )
            END AS last_seen_time
        FROM unnest($1::uuid[]) AS t (user_id)
        LEFT JOIN presence.people p USING (user_id)
        "#,
        users as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.user_id, row.last_seen_time))
        .collect())
}

/// Writes what somebody chose. Who becomes invisible was last seen now; nothing is kept of somebody deleted.
#[tracing::instrument(name = "db.people.update_wish", skip_all)]
pub(crate) async fn update_wish(
    conn: &mut PgConnection,
    user: UserId,
    change: &WishChange,
    now: DateTime<Utc>,
) -> Result<Option<Chosen>> {
    let keeps_custom = change.custom.is_none();
    let said = change.custom.as_ref().filter(|said| !said.text.is_empty());
    let row = sqlx::query!(
        r#"
        INSERT INTO presence.people AS p (user_id, choice, custom, custom_expire_time, version, last_seen_time, deleted)
        VALUES ($1, $2, $3, $4, 1, CASE WHEN $2 = 'invisible' THEN $6::timestamptz END, false)
        ON CONFLICT ON CONSTRAINT people_pkey DO UPDATE
        SET
            choice = excluded.choice,
            custom = CASE WHEN $5 THEN p.custom ELSE excluded.custom END,
            custom_expire_time = CASE WHEN $5 THEN p.custom_expire_time ELSE excluded.custom_expire_time END,
            version = p.version + 1,
            last_seen_time = CASE
                WHEN excluded.choice = 'invisible' AND p.choice <> 'invisible' THEN $6
                ELSE p.last_seen_time
            END
        WHERE NOT p.deleted
        RETURNING choice, custom, custom_expire_time, version, last_seen_time
        "#,
        user as UserId,
        change.choice.word(),
        said.map(|said| said.text.as_str()),
        said.and_then(|said| said.expires),
        keeps_custom,
        now,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Chosen {
            wish: Wish {
                choice: choice(&row.choice)?,
                custom: custom(row.custom, row.custom_expire_time),
                version: row.version,
            },
            last_seen: row.last_seen_time,
        })
    })
    .transpose()
}

/// These people left at that time; who is invisible left before.
#[tracing::instrument(name = "db.people.update_last_seen", skip_all)]
pub(crate) async fn update_last_seen(
    conn: &mut PgConnection,
    users: &[UserId],
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO presence.people AS p (user_id, choice, version, last_seen_time, deleted)
        SELECT t.user_id, 'online', 0, $2, false
        FROM unnest($1::uuid[]) AS t (user_id)
        -- In order, so that two nodes that write the same people cannot wait for each other.
        ORDER BY t.user_id
        ON CONFLICT ON CONSTRAINT people_pkey DO UPDATE
        SET last_seen_time = GREATEST(p.last_seen_time, excluded.last_seen_time)
        WHERE p.choice <> 'invisible' AND NOT p.deleted
        "#,
        users as _,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets people for good.
#[tracing::instrument(name = "db.people.update_deleted", skip_all)]
pub(crate) async fn update_deleted(conn: &mut PgConnection, users: &[UserId]) -> Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO presence.people (user_id, choice, version, deleted)
        SELECT t.user_id, 'invisible', 0, true
        FROM unnest($1::uuid[]) AS t (user_id)
        ORDER BY t.user_id
        ON CONFLICT ON CONSTRAINT people_pkey DO UPDATE
        SET
            choice = excluded.choice,
            custom = NULL,
            custom_expire_time = NULL,
            last_seen_time = NULL,
            version = people.version + 1,
            deleted = true
        "#,
        users as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

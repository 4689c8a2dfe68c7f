//! `friends.privacy_settings`: who lets whom do what. No row means the defaults.

use kith_ids::UserId;
use sqlx::PgConnection;

use super::{Result, StoreError, inconsistent};
use crate::domain::privacy::{Audience, Closeness, Privacy};

/// Settings and their version; 0 for the defaults of somebody who never changed any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionedPrivacy {
    pub settings: Privacy,
    pub version: i64,
}

/// A possible target of an act, and how close the actor is to them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub id: UserId,
    pub settings: Privacy,
    pub closeness: Closeness,
}

struct Row {
    searchable: String,
    friend_requests: String,
    direct_messages: String,
    group_adds: String,
    presence: String,
    last_seen: String,
    read_receipts: bool,
}

impl TryFrom<Row> for Privacy {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            searchable: audience(&row.searchable, "searchable")?,
            friend_requests: audience(&row.friend_requests, "friend_requests")?,
            direct_messages: audience(&row.direct_messages, "direct_messages")?,
            group_adds: audience(&row.group_adds, "group_adds")?,
            presence: audience(&row.presence, "presence")?,
            last_seen: audience(&row.last_seen, "last_seen")?,
            read_receipts: row.read_receipts,
        })
    }
}

pub(super) fn audience(word: &str, column: &'static str) -> Result<Audience> {
    Audience::from_word(word).ok_or(inconsistent("privacy_settings", column))
}

/// Somebody's settings.
#[tracing::instrument(name = "db.privacy.find", skip_all)]
pub(crate) async fn find(conn: &mut PgConnection, user: UserId) -> Result<VersionedPrivacy> {
    let row = sqlx::query!(
        r#"
        SELECT searchable, friend_requests, direct_messages, group_adds, presence, last_seen, read_receipts, version
        FROM friends.privacy_settings
        WHERE user_id = $1
        "#,
        user as UserId,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(VersionedPrivacy {
            settings: Privacy::default(),
            version: 0,
        });
    };
    let settings = Row {
        searchable: row.searchable,
        friend_requests: row.friend_requests,
        direct_messages: row.direct_messages,
        group_adds: row.group_adds,
        presence: row.presence,
        last_seen: row.last_seen,
        read_receipts: row.read_receipts,
    };
    Ok(VersionedPrivacy {
        settings: settings.try_into()?,
        version: row.version,
    })
}

/// Who may find these people; those with the defaults are left out.
#[tracing::instrument(name = "db.privacy.list_searchable", skip_all)]
pub(crate) async fn list_searchable(
    conn: &mut PgConnection,
    users: &[UserId],
) -> Result<Vec<(UserId, Audience)>> {
    let rows = sqlx::query!(
        r#"
        SELECT user_id AS "user_id: UserId", searchable
        FROM friends.privacy_settings
        WHERE user_id = ANY ($1)
        "#,
        users as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.user_id, audience(&row.searchable, "searchable")?)))
        .collect()
}

/// Writes somebody's settings, whether they had any or not.
#[tracing::instrument(name = "db.privacy.update_settings", skip_all)]
pub(crate) async fn update_settings(
    conn: &mut PgConnection,
    user: UserId,
    privacy: &VersionedPrivacy,
) -> Result<()> {
    let settings = &privacy.settings;
    sqlx::query!(
        r#"
        INSERT INTO friends.privacy_settings
            (user_id, searchable, friend_requests, direct_messages, group_adds, presence, last_seen, read_receipts, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (user_id) DO UPDATE
        SET
            searchable = excluded.searchable,
            friend_requests = excluded.friend_requests,
            direct_messages = excluded.direct_messages,
            group_adds = excluded.group_adds,
            presence = excluded.presence,
            last_seen = excluded.last_seen,
            read_receipts = excluded.read_receipts,
            version = excluded.version
        "#,
        user as UserId,
        settings.searchable.word(),
        settings.friend_requests.word(),
        settings.direct_messages.word(),
        settings.group_adds.word(),
        settings.presence.word(),
        settings.last_seen.word(),
        settings.read_receipts,
        privacy.version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets somebody's settings.
#[tracing::instrument(name = "db.privacy.delete", skip_all)]
pub(crate) async fn delete(conn: &mut PgConnection, user: UserId) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM friends.privacy_settings
        WHERE user_id = $1
        "#,
        user as UserId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of `targets` who exist, with their settings and how close the actor is to them. Shared friends are looked for only if asked: it is
/// the one costly part.
#[tracing::instrument(name = "db.privacy.list_targets", skip_all)]
#[expect(
    clippy::too_many_lines,
    reason = "one statement and the reading of its row"
)]
pub(crate) async fn list_targets(
    conn: &mut PgConnection,
    actor: UserId,
    targets: &[UserId],
    with_mutual: bool,
) -> Result<Vec<Target>> {
    let defaults = Privacy::default();
    let rows = sqlx::query!(
        r#"
        WITH mine AS MATERIALIZED (
            SELECT hi AS friend_id FROM friends.friendships WHERE lo = $1
            UNION ALL
            SELECT lo FROM friends.friendships WHERE hi = $1
        )
        SELECT
            u.user_id AS "user_id!: UserId",
            s.searchable AS "searchable?",
            s.friend_requests AS "friend_requests?",
            s.direct_messages AS "direct_messages?",
            s.group_adds AS "group_adds?",
            s.presence AS "presence?",
            s.last_seen AS "last_seen?",
            s.read_receipts AS "read_receipts?",
            EXISTS (
                SELECT FROM friends.blocks b
                WHERE (b.blocker_id = $1 AND b.blocked_id = u.user_id)
                    OR (b.blocker_id = u.user_id AND b.blocked_id = $1)
            ) AS "blocked!",
            EXISTS (SELECT FROM mine WHERE mine.friend_id = u.user_id) AS "friends!",
            $3 AND EXISTS (
                SELECT FROM mine
                JOIN friends.friendships f
                    ON f.lo = LEAST(mine.friend_id, u.user_id) AND f.hi = GREATEST(mine.friend_id, u.user_id)
            ) AS "mutual!"
        FROM friends.users u
        LEFT JOIN friends.privacy_settings s USING (user_id)
        WHERE u.user_id = ANY ($2) AND NOT u.deleted
        "#,
        actor as UserId,
        targets as _,
        with_mutual,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let word = |word: Option<String>, column, default| {
                word.map_or(Ok(default), |word| audience(&word, column))
            };
            Ok(Target {
                id: row.user_id,
                settings: Privacy {
                    searchable: word(row.searchable, "searchable", defaults.searchable)?,
                    friend_requests: word(
                        row.friend_requests,
                        "friend_requests",
                        defaults.friend_requests,
                    )?,
                    direct_messages: word(
                        row.direct_messages,
                        "direct_messages",
                        defaults.direct_messages,
                    )?,
                    group_adds: word(row.group_adds, "group_adds", defaults.group_adds)?,
                    presence: word(row.presence, "presence", defaults.presence)?,
                    last_seen: word(row.last_seen, "last_seen", defaults.last_seen)?,
                    read_receipts: row.read_receipts.unwrap_or(defaults.read_receipts),
                },
                closeness: Closeness {
                    same: row.user_id == actor,
                    blocked: row.blocked,
                    friends: row.friends,
                    mutual: row.mutual,
                },
            })
        })
        .collect()
}

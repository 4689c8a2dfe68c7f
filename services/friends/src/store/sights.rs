//! What decides who sees whom: any number of viewers and the people at whom they look, in one statement.

use kith_ids::UserId;
use sqlx::PgConnection;

use super::{Result, privacy::audience};
use crate::domain::privacy::{Closeness, Look, Privacy};

/// Somebody at whom somebody looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub look: Look,
    /// Only who sees them is filled in.
    pub settings: Privacy,
    pub closeness: Closeness,
}

/// Those of the looks that meet a person who exists.
#[tracing::instrument(name = "db.sights.list", skip_all)]
pub(crate) async fn list(conn: &mut PgConnection, looks: &[Look]) -> Result<Vec<Subject>> {
    let (viewers, users): (Vec<UserId>, Vec<UserId>) =
        looks.iter().map(|look| (look.viewer, look.user)).unzip();
    let defaults = Privacy::default();
    let rows = sqlx::query!(
        r#"
        SELECT
            t.viewer_id AS "viewer_id!: UserId",
            t.user_id AS "user_id!: UserId",
            s.presence AS "presence?",
            s.last_seen AS "last_seen?",
            EXISTS (
                SELECT FROM friends.blocks b
                WHERE (b.blocker_id = t.viewer_id AND b.blocked_id = t.user_id)
                    OR (b.blocker_id = t.user_id AND b.blocked_id = t.viewer_id)
            ) AS "blocked!",
            EXISTS (
                SELECT FROM friends.friendships f
                WHERE f.lo = LEAST(t.viewer_id, t.user_id) AND f.hi = GREATEST(t.viewer_id, t.user_id)
            ) AS "friends!"
        FROM unnest($1::uuid[], $2::uuid[]) AS t (viewer_id, user_id)
        JOIN friends.users u ON u.user_id = t.user_id AND NOT u.deleted
        LEFT JOIN friends.privacy_settings s ON s.user_id = t.user_id
        "#,
        &viewers as _,
        &users as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let word = |word: Option<String>, column, default| {
                word.map_or(Ok(default), |word| audience(&word, column))
            };
            Ok(Subject {
                look: Look {
                    viewer: row.viewer_id,
                    user: row.user_id,
                },
                settings: Privacy {
                    presence: word(row.presence, "presence", defaults.presence)?,
                    last_seen: word(row.last_seen, "last_seen", defaults.last_seen)?,
                    ..defaults
                },
                closeness: Closeness {
                    same: row.viewer_id == row.user_id,
                    blocked: row.blocked,
                    friends: row.friends,
                    mutual: false,
                },
            })
        })
        .collect()
}

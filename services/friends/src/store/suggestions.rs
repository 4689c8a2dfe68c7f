//! What speaks for people whom somebody may know, and `friends.dismissed_suggestions`.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::{Result, count};
use crate::domain::suggestion::{SHOWN_FRIENDS, Signs};

/// Somebody in small groups with the viewer, and in how many.
pub(crate) type Companion = (UserId, u32);

/// Everybody whom the viewer may know, with what speaks for them. `interests` are the viewer's, folded.
#[tracing::instrument(name = "db.suggestions.list_signs", skip_all)]
pub(crate) async fn list_signs(
    conn: &mut PgConnection,
    viewer: UserId,
    companions: &[Companion],
    interests: &[String],
) -> Result<Vec<Signs>> {
    let (ids, groups): (Vec<UserId>, Vec<i64>) = companions
        .iter()
        .map(|(id, groups)| (*id, i64::from(*groups)))
        .unzip();
    let rows = sqlx::query!(
        r#"
        SELECT
            user_id AS "user_id!: UserId",
            shared AS "shared!",
            groups AS "groups!",
            interests AS "interests!",
            locale AS "locale!",
            create_time AS "create_time!: DateTime<Utc>"
        FROM friends.find_suggestions($1, $2, $3, $4)
        "#,
        viewer as UserId,
        &ids as _,
        &groups,
        interests,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Signs {
            user: row.user_id,
            shared: count(row.shared),
            groups: count(row.groups),
            interests: count(row.interests),
            locale: row.locale,
            create_time: row.create_time,
        })
        .collect())
}

/// For each of these people some of the friends whom they share with the viewer: (person, friend).
#[tracing::instrument(name = "db.suggestions.list_shared_friends", skip_all)]
pub(crate) async fn list_shared_friends(
    conn: &mut PgConnection,
    viewer: UserId,
    people: &[UserId],
) -> Result<Vec<(UserId, UserId)>> {
    let rows = sqlx::query!(
        r#"
        WITH mine AS MATERIALIZED (
            SELECT hi AS friend_id FROM friends.friendships WHERE lo = $1
            UNION ALL
            SELECT lo FROM friends.friendships WHERE hi = $1
        ),
        theirs AS (
            SELECT lo AS person_id, hi AS friend_id FROM friends.friendships WHERE lo = ANY ($2)
            UNION ALL
            SELECT hi, lo FROM friends.friendships WHERE hi = ANY ($2)
        )
        SELECT person_id AS "person_id!: UserId", friend_id AS "friend_id!: UserId"
        FROM (
            SELECT person_id, friend_id, row_number() OVER (PARTITION BY person_id ORDER BY friend_id) AS place
            FROM theirs
            JOIN mine USING (friend_id)
        ) shared
        WHERE place <= $3
        ORDER BY person_id, friend_id
        "#,
        viewer as UserId,
        people as _,
        SHOWN_FRIENDS,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.person_id, row.friend_id))
        .collect())
}

/// Notes that somebody is not to be suggested again.
#[tracing::instrument(name = "db.suggestions.insert_dismissed", skip_all)]
pub(crate) async fn insert_dismissed(
    conn: &mut PgConnection,
    viewer: UserId,
    dismissed: UserId,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO friends.dismissed_suggestions (user_id, dismissed_id, create_time)
        VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT dismissed_suggestions_pkey DO NOTHING
        "#,
        viewer as UserId,
        dismissed as UserId,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets whom somebody dismissed, and who dismissed them.
#[tracing::instrument(name = "db.suggestions.delete_dismissed", skip_all)]
pub(crate) async fn delete_dismissed(conn: &mut PgConnection, user: UserId) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM friends.dismissed_suggestions
        WHERE user_id = $1 OR dismissed_id = $1
        "#,
        user as UserId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! People's own logs: contiguous when written, rising with holes when read later, because a newer read position takes the
//! place of the older one.

use chrono::{DateTime, Utc};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

/// The kind of which only the newest of a room is kept.
const READ_MOVED: &str = "read.moved";

/// An entry to write.
#[derive(Debug, Clone)]
pub(crate) struct NewUserEvent {
    pub(crate) user_id: UserId,
    pub(crate) kind: &'static str,
    /// The room that it is about.
    pub(crate) room_id: Option<RoomId>,
    /// An encoded `UserEventBody`.
    pub(crate) body: Vec<u8>,
    /// Unique within user and source; the second one is dropped.
    pub(crate) source_event_id: String,
}

/// An entry as it was written.
#[derive(Debug, Clone)]
pub(crate) struct UserEventRow {
    pub(crate) user_id: UserId,
    pub(crate) useq: i64,
    pub(crate) body: Vec<u8>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Appends entries to their people's logs, each once by (user, source, `source_event_id`), and gives those that were new,
/// by user and useq. Takes the counters in the order of the users' ids, and always after rooms: the last locks of a
/// transaction.
#[tracing::instrument(name = "db.user_log.insert", skip_all)]
pub(crate) async fn insert(
    db: &mut PgConnection,
    source: &str,
    events: &[NewUserEvent],
    at: DateTime<Utc>,
) -> Result<Vec<UserEventRow>, sqlx::Error> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    lock_counters(db, events).await?;
    delete_superseded(db, events).await?;
    let users: Vec<UserId> = events.iter().map(|event| event.user_id).collect();
    let kinds: Vec<String> = events.iter().map(|event| event.kind.to_owned()).collect();
    let rooms: Vec<Option<RoomId>> = events.iter().map(|event| event.room_id).collect();
    let bodies: Vec<Vec<u8>> = events.iter().map(|event| event.body.clone()).collect();
    let source_ids: Vec<String> = events
        .iter()
        .map(|event| event.source_event_id.clone())
        .collect();
    // A later statement than the lock: its snapshot shows what a call that we waited for has written, so an entry that is
    // there already takes no number.
    sqlx::query_as!(
        UserEventRow,
        r#"WITH given AS (
               SELECT DISTINCT ON (user_id, source_event_id) user_id, kind, room_id, body, source_event_id, place
               FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::text[]) WITH ORDINALITY
                    AS given (user_id, kind, room_id, body, source_event_id, place)
               ORDER BY user_id, source_event_id, place),
           fresh AS (
               SELECT given.*, row_number() OVER (PARTITION BY user_id ORDER BY place) AS nth
               FROM given
               WHERE NOT EXISTS (
                   SELECT 1 FROM chat.user_events AS known
                   WHERE known.user_id = given.user_id AND known.source = $6
                     AND known.source_event_id = given.source_event_id)),
           moved AS (
               UPDATE chat.user_logs AS log
               SET useq = log.useq + counted.fresh
               FROM (SELECT user_id, count(*) AS fresh FROM fresh GROUP BY user_id) AS counted
               WHERE log.user_id = counted.user_id
               RETURNING log.user_id, log.useq - counted.fresh AS before),
           written AS (
               INSERT INTO chat.user_events (user_id, useq, kind, room_id, body, source, source_event_id, created_at)
               SELECT fresh.user_id, moved.before + fresh.nth, fresh.kind, fresh.room_id, fresh.body, $6,
                      fresh.source_event_id, $7
               FROM fresh JOIN moved ON moved.user_id = fresh.user_id
               RETURNING user_id, useq, body, created_at)
           SELECT user_id AS "user_id!: UserId", useq AS "useq!", body AS "body!", created_at AS "created_at!"
           FROM written
           ORDER BY user_id, useq"#,
        &users as &[UserId],
        &kinds,
        &rooms as &[Option<RoomId>],
        &bodies,
        &source_ids,
        source,
        at,
    )
    .fetch_all(db)
    .await
}

/// Makes the counters that are missing, then locks all in order. Two statements, because an insert that meets an existing
/// row does not lock it.
async fn lock_counters(db: &mut PgConnection, events: &[NewUserEvent]) -> Result<(), sqlx::Error> {
    let mut users: Vec<UserId> = events.iter().map(|event| event.user_id).collect();
    users.sort_unstable();
    users.dedup();
    sqlx::query!(
        "INSERT INTO chat.user_logs (user_id, useq)
         SELECT user_id, 0 FROM unnest($1::uuid[]) AS given (user_id) ORDER BY user_id
         ON CONFLICT (user_id) DO NOTHING",
        &users as &[UserId],
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "SELECT user_id FROM chat.user_logs WHERE user_id = ANY($1) ORDER BY user_id FOR NO KEY UPDATE",
        &users as &[UserId],
    )
    .fetch_all(db)
    .await?;
    Ok(())
}

/// Removes the read positions that these entries replace.
async fn delete_superseded(
    db: &mut PgConnection,
    events: &[NewUserEvent],
) -> Result<(), sqlx::Error> {
    let (users, rooms): (Vec<UserId>, Vec<RoomId>) = events
        .iter()
        .filter(|event| event.kind == READ_MOVED)
        .filter_map(|event| Some((event.user_id, event.room_id?)))
        .unzip();
    if users.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "DELETE FROM chat.user_events AS old
         USING unnest($1::uuid[], $2::uuid[]) AS given (user_id, room_id)
         WHERE old.kind = 'read.moved' AND old.user_id = given.user_id AND old.room_id = given.room_id",
        &users as &[UserId],
        &rooms as &[RoomId],
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Entries of a person's log above a useq, in order.
#[tracing::instrument(name = "db.user_log.list", skip_all)]
pub(crate) async fn list(
    db: &mut PgConnection,
    user: UserId,
    after: i64,
    limit: i64,
) -> Result<Vec<UserEventRow>, sqlx::Error> {
    sqlx::query_as!(
        UserEventRow,
        r#"SELECT user_id AS "user_id: UserId", useq, body, created_at
           FROM chat.user_events
           WHERE user_id = $1 AND useq > $2
           ORDER BY useq
           LIMIT $3"#,
        user as UserId,
        after,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Where a person's log ends; 0 when it never began.
#[tracing::instrument(name = "db.user_log.find_head", skip_all)]
pub(crate) async fn find_head(db: &mut PgConnection, user: UserId) -> Result<i64, sqlx::Error> {
    let head = sqlx::query_scalar!(
        "SELECT useq FROM chat.user_logs WHERE user_id = $1",
        user as UserId
    )
    .fetch_optional(db)
    .await?;
    Ok(head.unwrap_or(0))
}

/// The first entries of some kinds (none named: of all) in stretches of people's logs (person, first, last), in the order of the stretches. Superseded ones
/// are not there any more.
#[tracing::instrument(name = "db.user_log.list_windows", skip_all)]
pub(crate) async fn list_windows(
    db: &mut PgConnection,
    windows: &[(UserId, i64, i64)],
    kinds: &[&str],
    limit: i64,
) -> Result<Vec<UserEventRow>, sqlx::Error> {
    let users: Vec<UserId> = windows.iter().map(|window| window.0).collect();
    let froms: Vec<i64> = windows.iter().map(|window| window.1).collect();
    let tos: Vec<i64> = windows.iter().map(|window| window.2).collect();
    sqlx::query_as!(
        UserEventRow,
        r#"SELECT e.user_id AS "user_id: UserId", e.useq, e.body, e.created_at
           FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS w (user_id, from_useq, to_useq, place)
           JOIN chat.user_events AS e ON e.user_id = w.user_id AND e.useq BETWEEN w.from_useq AND w.to_useq
           WHERE cardinality($4::text[]) = 0 OR e.kind = ANY ($4)
           ORDER BY w.place, e.useq
           LIMIT $5"#,
        &users as &[UserId],
        &froms,
        &tos,
        kinds as &[&str],
        limit,
    )
    .fetch_all(db)
    .await
}

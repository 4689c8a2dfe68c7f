//! `friends.outbox`: what is still to be told to chat and presence. A lane is a kind and a person; its rows are delivered in order.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, StoreError, inconsistent};

/// What a row asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Append to a person's log; the payload is the encoded body.
    UserEvent,
    /// Tell chat the pair's flags as they are by then.
    Pair,
    /// Tell chat the person's choice as it is by then.
    ReadReceipts,
    /// Judge again all pairs of the person that chat knows.
    Recompute,
    /// Tell presence that who may see whom has changed; with a payload: the person is no more.
    Visibility,
    /// Tell people of friendships that an import made; the payload is ids.
    ImportedFriends,
    /// The same of requests.
    ImportedRequests,
    /// Tell those who wait for this person's contacts; the payload is digests.
    ContactJoined,
}

/// A row to add.
#[derive(Debug, Clone)]
pub(crate) struct NewEntry {
    pub kind: Kind,
    pub user: UserId,
    pub other: Option<UserId>,
    pub event_id: Uuid,
    pub payload: Vec<u8>,
    /// How long the relay leaves it to the use case that delivers it itself.
    pub delay: Duration,
}

/// A row to deliver.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub id: i64,
    pub kind: Kind,
    pub user: UserId,
    pub other: Option<UserId>,
    pub event_id: Uuid,
    pub payload: Vec<u8>,
    /// Deliveries begun, this one included.
    pub attempts: i32,
    /// The trace of the change, if it is collected.
    pub traceparent: Option<String>,
}

struct Row {
    id: i64,
    kind: String,
    user_id: UserId,
    other_id: Option<UserId>,
    event_id: Uuid,
    payload: Vec<u8>,
    attempts: i32,
    traceparent: Option<String>,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::UserEvent,
        Self::Pair,
        Self::ReadReceipts,
        Self::Recompute,
        Self::Visibility,
        Self::ImportedFriends,
        Self::ImportedRequests,
        Self::ContactJoined,
    ];

    /// What is told at once.
    pub(crate) const URGENT: &[Self] = &[
        Self::UserEvent,
        Self::Pair,
        Self::ReadReceipts,
        Self::Recompute,
        Self::Visibility,
    ];

    /// What is long work on a row, and becomes other rows.
    pub(crate) const LONG: &[Self] = &[
        Self::ImportedFriends,
        Self::ImportedRequests,
        Self::ContactJoined,
    ];

    /// The word in the database, and for logs.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::UserEvent => "user_event",
            Self::Pair => "pair",
            Self::ReadReceipts => "read_receipts",
            Self::Recompute => "recompute",
            Self::Visibility => "visibility",
            Self::ImportedFriends => "imported_friends",
            Self::ImportedRequests => "imported_requests",
            Self::ContactJoined => "contact_joined",
        }
    }
}

impl TryFrom<Row> for Entry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.word() == row.kind)
            .ok_or(inconsistent("outbox", "kind"))?;
        Ok(Self {
            id: row.id,
            kind,
            user: row.user_id,
            other: row.other_id,
            event_id: row.event_id,
            payload: row.payload,
            attempts: row.attempts,
            traceparent: row.traceparent,
        })
    }
}

/// Milliseconds for SQL; delays are far below its limits.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Adds rows, in this order; each goes on in the trace of the change.
#[tracing::instrument(name = "db.outbox.insert", skip_all)]
pub(crate) async fn insert(
    conn: &mut PgConnection,
    entries: &[NewEntry],
    now: DateTime<Utc>,
) -> Result<()> {
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.word()).collect();
    let users: Vec<UserId> = entries.iter().map(|entry| entry.user).collect();
    let others: Vec<Option<UserId>> = entries.iter().map(|entry| entry.other).collect();
    let event_ids: Vec<Uuid> = entries.iter().map(|entry| entry.event_id).collect();
    let payloads: Vec<&[u8]> = entries.iter().map(|entry| &entry.payload[..]).collect();
    let delays: Vec<f64> = entries.iter().map(|entry| millis(entry.delay)).collect();
    sqlx::query!(
        r#"
        INSERT INTO friends.outbox (kind, user_id, other_id, event_id, payload, due_time, create_time, traceparent)
        SELECT t.kind, t.user_id, t.other_id, t.event_id, t.payload, clock_timestamp() + t.delay * interval '1 millisecond', $7, $8
        FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bytea[], $6::float8[])
            WITH ORDINALITY AS t (kind, user_id, other_id, event_id, payload, delay, position)
        ORDER BY t.position
        "#,
        &kinds as _,
        &users as _,
        &others as _,
        &event_ids,
        &payloads as _,
        &delays,
        now,
        kith_telemetry::sampled_traceparent(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the next rows of these kinds for `lease`; needs a transaction of its own. A lane of which a row is being delivered, or waits for its next attempt,
/// is left alone, and so nothing overtakes within it. The database's clock judges, so that nodes need not agree on the time.
#[tracing::instrument(name = "db.outbox.claim", skip_all)]
pub(crate) async fn lock_due(
    conn: &mut PgConnection,
    kinds: &[Kind],
    limit: i64,
    lease: Duration,
) -> Result<Vec<Entry>> {
    // One claim at a time: two that run at once could each take a part of the same lane.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('kith.friends.outbox', 0))")
        .fetch_one(&mut *conn)
        .await?;
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
    let mut entries = sqlx::query_as!(
        Row,
        r#"
        UPDATE friends.outbox
        SET due_time = clock_timestamp() + $2 * interval '1 millisecond', attempts = attempts + 1
        WHERE id IN (
            SELECT o.id
            FROM friends.outbox o
            WHERE o.kind = ANY ($3) AND NOT EXISTS (
                SELECT FROM friends.outbox busy
                WHERE busy.kind = o.kind AND busy.user_id = o.user_id AND busy.due_time > clock_timestamp()
            )
            ORDER BY o.id
            LIMIT $1
        )
        RETURNING
            id,
            kind,
            user_id AS "user_id: UserId",
            other_id AS "other_id: UserId",
            event_id,
            payload,
            attempts,
            traceparent
        "#,
        limit,
        millis(lease),
        &kinds as _,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Entry::try_from)
    .collect::<Result<Vec<_>>>()?;
    entries.sort_unstable_by_key(|entry| entry.id);
    Ok(entries)
}

/// The rows of a lane that were added before now, whoever is delivering them.
#[tracing::instrument(name = "db.outbox.list_of", skip_all)]
pub(crate) async fn list_of(conn: &mut PgConnection, kind: Kind, user: UserId) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        r#"
        SELECT id
        FROM friends.outbox
        WHERE kind = $1 AND user_id = $2
        "#,
        kind.word(),
        user as UserId,
    )
    .fetch_all(conn)
    .await?)
}

/// Removes a row; false when it is gone already, because another node has done what it asks for.
#[tracing::instrument(name = "db.outbox.delete_one", skip_all)]
pub(crate) async fn delete_one(conn: &mut PgConnection, id: i64) -> Result<bool> {
    let done = sqlx::query!(
        r#"
        DELETE FROM friends.outbox
        WHERE id = $1
        "#,
        id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes rows that are delivered.
#[tracing::instrument(name = "db.outbox.delete", skip_all)]
pub(crate) async fn delete(conn: &mut PgConnection, ids: &[i64]) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM friends.outbox
        WHERE id = ANY ($1)
        "#,
        ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives rows back, for an attempt after `delay`.
#[tracing::instrument(name = "db.outbox.update_due", skip_all)]
pub(crate) async fn update_due(
    conn: &mut PgConnection,
    ids: &[i64],
    delay: Duration,
) -> Result<()> {
    sqlx::query!(
        r#"
        UPDATE friends.outbox
        SET due_time = clock_timestamp() + $2 * interval '1 millisecond'
        WHERE id = ANY ($1)
        "#,
        ids,
        millis(delay),
    )
    .execute(conn)
    .await?;
    Ok(())
}

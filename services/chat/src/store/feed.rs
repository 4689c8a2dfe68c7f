//! The feed: which logs moved, how far each is in it, and its stretches.
//!
//! The relay's rule: the order is given after the commits, by one relay at a time, and a log's own gapless seq is the cursor in it. Nothing is
//! ever read "after an id": one that was drawn before a wait for a lock, or by a transaction that commits late, would be passed by, or come before
//! what it follows. Here a late commit only makes its row of `feed_news` visible late; and a head that is visible is so with all entries
//! below it, because whoever moves it holds the log's row until the commit.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Error,
    domain::feed::{LogKind, Stretch},
};

/// Rows of news that one round takes: 256 logs each at most, so that a round fits into a statement's time.
const ROUND: i64 = 200;

/// What a round of the relay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round {
    /// Where the feed ends now.
    pub(crate) head: i64,
    /// There may be more to take.
    pub(crate) is_full: bool,
}

/// Takes the relay's lock until the end of the transaction; gives where the feed ends, none while another relay is at it.
#[tracing::instrument(name = "db.feed.lock", skip_all)]
pub(crate) async fn lock(db: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!("SELECT head_pos FROM chat.feed_state FOR UPDATE SKIP LOCKED")
        .fetch_optional(db)
        .await
}

/// Takes news and gives the entries that they tell of their positions, by log and seq. Call it under the lock, as a later statement than the lock: its snapshot must
/// show what the relay before has stamped.
#[tracing::instrument(name = "db.feed.insert_stretches", skip_all)]
pub(crate) async fn insert_stretches(db: &mut PgConnection) -> Result<Round, sqlx::Error> {
    let round = sqlx::query!(
        r#"WITH taken AS (
               DELETE FROM chat.feed_news
               WHERE ctid = ANY (ARRAY (SELECT ctid FROM chat.feed_news LIMIT $1))
               RETURNING log_ids, of_users),
           moved AS (
               SELECT DISTINCT log_id, of_users FROM taken CROSS JOIN LATERAL unnest(log_ids) AS log_id),
           heads AS (
               SELECT room.id AS log_id, CASE room.kind WHEN 'direct' THEN 1 ELSE 2 END AS kind, room.last_seq AS head
               FROM moved JOIN chat.chat_rooms AS room ON room.id = moved.log_id
               WHERE NOT moved.of_users
               UNION ALL
               SELECT log.user_id, 0, log.useq
               FROM moved JOIN chat.user_logs AS log ON log.user_id = moved.log_id
               WHERE moved.of_users),
           ahead AS (
               SELECT heads.*, coalesce(known.fed_seq, 0) AS fed
               FROM heads LEFT JOIN chat.feed_logs AS known ON known.log_id = heads.log_id
               WHERE heads.head > coalesce(known.fed_seq, 0)),
           placed AS (
               SELECT ahead.*, sum(head - fed) OVER (ORDER BY log_id)::bigint AS upto FROM ahead),
           known AS (
               INSERT INTO chat.feed_logs (log_id, fed_seq)
               SELECT log_id, head FROM ahead
               ON CONFLICT (log_id) DO UPDATE SET fed_seq = excluded.fed_seq),
           stretches AS (
               INSERT INTO chat.feed (feed_pos, log_id, kind, from_seq, to_seq)
               SELECT state.head_pos + upto, log_id, kind, fed + 1, head
               FROM placed CROSS JOIN chat.feed_state AS state),
           stamped AS (
               UPDATE chat.feed_state
               SET head_pos = head_pos + (SELECT max(upto) FROM placed)
               WHERE EXISTS (SELECT 1 FROM placed)
               RETURNING head_pos)
           SELECT (SELECT count(*) FROM taken) AS "taken!",
                  coalesce((SELECT head_pos FROM stamped), (SELECT head_pos FROM chat.feed_state)) AS "head!""#,
        ROUND,
    )
    .fetch_one(db)
    .await?;
    Ok(Round {
        head: round.head,
        is_full: round.taken >= ROUND,
    })
}

/// Where the feed ends.
#[tracing::instrument(name = "db.feed.find_head", skip_all)]
pub(crate) async fn find_head(db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("SELECT head_pos FROM chat.feed_state")
        .fetch_one(db)
        .await
}

/// Stretches that end above a position, in order.
#[tracing::instrument(name = "db.feed.list", skip_all)]
pub(crate) async fn list(
    db: &mut PgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<Stretch<Uuid>>, Error> {
    let rows = sqlx::query!(
        "SELECT feed_pos, log_id, kind, from_seq, to_seq
         FROM chat.feed
         WHERE feed_pos > $1
         ORDER BY feed_pos
         LIMIT $2",
        after,
        limit,
    )
    .fetch_all(db)
    .await?;
    let stretches = rows.into_iter().map(|row| {
        let kind = match row.kind {
            0 => LogKind::User,
            1 => LogKind::Direct,
            2 => LogKind::Group,
            _ => {
                return Err(Error::Inconsistent {
                    table: "feed",
                    column: "kind",
                });
            }
        };
        Ok(Stretch {
            feed_pos: row.feed_pos,
            log: row.log_id,
            kind,
            from_seq: row.from_seq,
            to_seq: row.to_seq,
        })
    });
    stretches.collect()
}

/// The age in seconds of the oldest transaction that has written something, of those that this role may see; 0 when there is none. It holds up nobody's
/// feed but that of the logs it moved, but also every clean-up of dead rows.
#[tracing::instrument(name = "db.feed.find_oldest_write", skip_all)]
pub(crate) async fn find_oldest_write(db: &mut PgConnection) -> Result<f64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start))::float8, 0) AS "age!"
           FROM pg_stat_activity
           WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"#
    )
    .fetch_one(db)
    .await
}

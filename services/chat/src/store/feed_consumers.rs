//! Named consumers of the feed: how far each has acknowledged, how far it was handed out, and which stream may hand out.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A consumer as it stands, and where the log and the feed are in the same snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) epoch: i64,
    pub(crate) head_pos: i64,
    /// None: there is no such consumer yet.
    pub(crate) consumer: Option<Consumer>,
}

/// A consumer.
#[derive(Debug, Clone)]
pub(crate) struct Consumer {
    pub(crate) name: String,
    /// Of its position.
    pub(crate) epoch: i64,
    pub(crate) acked_pos: i64,
    pub(crate) stream_id: Uuid,
    pub(crate) acked_at: Option<DateTime<Utc>>,
}

/// Where a consumer, the log and the feed stand.
#[tracing::instrument(name = "db.feed_consumers.find", skip_all)]
pub(crate) async fn find(db: &mut PgConnection, name: &str) -> Result<Standing, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT log.epoch AS log_epoch, feed.head_pos, c.name AS "name?", c.epoch AS "epoch?", c.acked_pos AS "acked_pos?",
                  c.stream_id AS "stream_id?", c.acked_at
           FROM chat.log_state AS log
           CROSS JOIN chat.feed_state AS feed
           LEFT JOIN chat.feed_consumers AS c ON c.name = $1"#,
        name,
    )
    .fetch_one(db)
    .await?;
    let consumer = (|| {
        Some(Consumer {
            name: row.name?,
            epoch: row.epoch?,
            acked_pos: row.acked_pos?,
            stream_id: row.stream_id?,
            acked_at: row.acked_at,
        })
    })();
    Ok(Standing {
        epoch: row.log_epoch,
        head_pos: row.head_pos,
        consumer,
    })
}

/// How many consumers there are.
#[tracing::instrument(name = "db.feed_consumers.find_count", skip_all)]
pub(crate) async fn find_count(db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM chat.feed_consumers"#)
        .fetch_one(db)
        .await
}

/// Makes a consumer that stands at a position, or gives the one that there is to another stream: what it handed out before stays
/// acknowledgeable, of this epoch. Gives the consumer as it was before.
#[tracing::instrument(name = "db.feed_consumers.insert", skip_all)]
pub(crate) async fn insert(
    db: &mut PgConnection,
    name: &str,
    epoch: i64,
    position: i64,
    stream: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO chat.feed_consumers AS known (name, epoch, acked_pos, delivered_pos, stream_id)
         VALUES ($1, $2, $3, $3, $4)
         ON CONFLICT (name) DO UPDATE
         SET stream_id = excluded.stream_id,
             acked_pos = CASE WHEN known.epoch = excluded.epoch THEN known.acked_pos ELSE excluded.acked_pos END,
             delivered_pos = CASE WHEN known.epoch = excluded.epoch
                                  THEN greatest(known.delivered_pos, excluded.delivered_pos) ELSE excluded.delivered_pos END,
             epoch = excluded.epoch",
        name,
        epoch,
        position,
        stream,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that everything up to a position is about to be handed out; false when another stream has taken over, the consumer is gone, or the log is another
/// one by now. Without waiting for the disk: lost in a crash, it only makes a consumer take again what it has.
#[tracing::instrument(name = "db.feed_consumers.update_delivered", skip_all)]
pub(crate) async fn update_delivered(
    db: &mut PgConnection,
    name: &str,
    epoch: i64,
    position: i64,
    stream: Uuid,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
         UPDATE chat.feed_consumers AS known
         SET delivered_pos = greatest(known.delivered_pos, $3)
         FROM relaxed
         WHERE known.name = $1 AND known.stream_id = $4 AND known.epoch = $2 AND (SELECT epoch FROM chat.log_state) = $2",
        name,
        epoch,
        position,
        stream,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps an acknowledgement, if it is of the log's present epoch and not above what was handed out; never moves back. Gives where the consumer is then.
#[tracing::instrument(name = "db.feed_consumers.update_acked", skip_all)]
pub(crate) async fn update_acked(
    db: &mut PgConnection,
    name: &str,
    epoch: i64,
    position: i64,
    at: DateTime<Utc>,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE chat.feed_consumers
         SET acked_pos = greatest(acked_pos, $3), acked_at = $4
         WHERE name = $1 AND epoch = $2 AND (SELECT epoch FROM chat.log_state) = $2 AND $3 <= delivered_pos
         RETURNING acked_pos",
        name,
        epoch,
        position,
        at,
    )
    .fetch_optional(db)
    .await
}

/// All consumers, by name.
#[tracing::instrument(name = "db.feed_consumers.list", skip_all)]
pub(crate) async fn list(db: &mut PgConnection) -> Result<Vec<Consumer>, sqlx::Error> {
    sqlx::query_as!(
        Consumer,
        "SELECT name, epoch, acked_pos, stream_id, acked_at
         FROM chat.feed_consumers
         ORDER BY name",
    )
    .fetch_all(db)
    .await
}

/// Forgets a consumer.
#[tracing::instrument(name = "db.feed_consumers.delete", skip_all)]
pub(crate) async fn delete(db: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM chat.feed_consumers WHERE name = $1", name)
        .execute(db)
        .await?;
    Ok(())
}

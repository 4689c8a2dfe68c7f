//! Reads messages back: by their place in the log, and in pages of a stay.

use chrono::{DateTime, Utc};
use kith_ids::{MessageId, RoomId, UserId};
use sqlx::PgConnection;

use crate::domain::message::{Message, ReplyTo};

/// A message's columns.
pub(crate) struct MessageRow {
    pub(crate) id: MessageId,
    pub(crate) room_id: RoomId,
    pub(crate) seq: i64,
    pub(crate) sender_id: UserId,
    pub(crate) client_id: String,
    pub(crate) text: Option<String>,
    pub(crate) mention_ids: Vec<UserId>,
    pub(crate) reply_to_id: Option<MessageId>,
    pub(crate) reply_to_seq: Option<i64>,
    pub(crate) reply_to_sender_id: Option<UserId>,
    pub(crate) reply_to_excerpt: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) edited_at: Option<DateTime<Utc>>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        let reply_to = match (row.reply_to_id, row.reply_to_seq, row.reply_to_sender_id) {
            (Some(id), Some(seq), Some(sender_id)) => Some(ReplyTo {
                id,
                seq,
                sender_id,
                excerpt: row.reply_to_excerpt.unwrap_or_default(),
            }),
            _ => None,
        };
        Self {
            id: row.id,
            room_id: row.room_id,
            seq: row.seq,
            sender_id: row.sender_id,
            client_id: row.client_id,
            text: row.text,
            mention_ids: row.mention_ids,
            reply_to,
            created_at: row.created_at,
            edited_at: row.edited_at,
            deleted_at: row.deleted_at,
        }
    }
}

/// Messages by room and seq; where there is none at a place, none is given.
#[tracing::instrument(name = "db.message_rows.list_at", skip_all)]
pub(crate) async fn list_at(
    db: &mut PgConnection,
    rooms: &[RoomId],
    seqs: &[i64],
) -> Result<Vec<Message>, sqlx::Error> {
    let rows = sqlx::query_as!(
        MessageRow,
        r#"SELECT m.id AS "id: MessageId", m.room_id AS "room_id: RoomId", m.seq, m.sender_id AS "sender_id: UserId",
                  m.client_id, m.text, m.mention_ids AS "mention_ids: Vec<UserId>", m.reply_to_id AS "reply_to_id: MessageId",
                  m.reply_to_seq, m.reply_to_sender_id AS "reply_to_sender_id: UserId", m.reply_to_excerpt, m.created_at,
                  m.edited_at, m.deleted_at
           FROM unnest($1::uuid[], $2::bigint[]) AS asked (room_id, seq)
           JOIN chat.chat_messages m ON m.room_id = asked.room_id AND m.seq = asked.seq"#,
        rooms as &[RoomId],
        seqs,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Message::from).collect())
}

/// A range of a stay's messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) room_id: RoomId,
    pub(crate) user_id: UserId,
    /// Messages above this.
    pub(crate) after: i64,
    /// Messages below this.
    pub(crate) before: i64,
    pub(crate) limit: i64,
    /// Start at the upper end. The answer is by rising seq either way.
    pub(crate) newest_first: bool,
}

/// Messages of the user's current stay; the stay is judged in the same statement, so that nobody reads past their leave.
#[tracing::instrument(name = "db.message_rows.list", skip_all)]
pub(crate) async fn list(db: &mut PgConnection, range: Range) -> Result<Vec<Message>, sqlx::Error> {
    // The sort key turns around with the direction; both ways it is the primary key's order. The limit stands beside the key alone, so that no plan
    // reads and sorts half of a room for a page of it: beside much larger rooms a middling one is taken for nearly empty.
    let rows = if range.newest_first {
        list_down(db, range).await?
    } else {
        list_up(db, range).await?
    };
    let mut messages: Vec<Message> = rows.into_iter().map(Message::from).collect();
    if range.newest_first {
        messages.reverse();
    }
    Ok(messages)
}

async fn list_up(db: &mut PgConnection, range: Range) -> Result<Vec<MessageRow>, sqlx::Error> {
    sqlx::query_as!(
        MessageRow,
        r#"SELECT m.id AS "id: MessageId", m.room_id AS "room_id: RoomId", m.seq, m.sender_id AS "sender_id: UserId",
                  m.client_id, m.text, m.mention_ids AS "mention_ids: Vec<UserId>", m.reply_to_id AS "reply_to_id: MessageId",
                  m.reply_to_seq, m.reply_to_sender_id AS "reply_to_sender_id: UserId", m.reply_to_excerpt, m.created_at,
                  m.edited_at, m.deleted_at
           FROM chat.chat_participants p
           CROSS JOIN LATERAL (
               SELECT id, room_id, seq, sender_id, client_id, text, mention_ids, reply_to_id, reply_to_seq, reply_to_sender_id,
                      reply_to_excerpt, created_at, edited_at, deleted_at
               FROM chat.chat_messages
               WHERE room_id = $1 AND seq >= p.joined_seq AND seq > $3 AND seq < $4
               ORDER BY seq
               LIMIT $5) m
           WHERE p.room_id = $1 AND p.user_id = $2 AND p.left_seq IS NULL
           ORDER BY m.seq"#,
        range.room_id as RoomId,
        range.user_id as UserId,
        range.after,
        range.before,
        range.limit,
    )
    .fetch_all(db)
    .await
}

async fn list_down(db: &mut PgConnection, range: Range) -> Result<Vec<MessageRow>, sqlx::Error> {
    sqlx::query_as!(
        MessageRow,
        r#"SELECT m.id AS "id: MessageId", m.room_id AS "room_id: RoomId", m.seq, m.sender_id AS "sender_id: UserId",
                  m.client_id, m.text, m.mention_ids AS "mention_ids: Vec<UserId>", m.reply_to_id AS "reply_to_id: MessageId",
                  m.reply_to_seq, m.reply_to_sender_id AS "reply_to_sender_id: UserId", m.reply_to_excerpt, m.created_at,
                  m.edited_at, m.deleted_at
           FROM chat.chat_participants p
           CROSS JOIN LATERAL (
               SELECT id, room_id, seq, sender_id, client_id, text, mention_ids, reply_to_id, reply_to_seq, reply_to_sender_id,
                      reply_to_excerpt, created_at, edited_at, deleted_at
               FROM chat.chat_messages
               WHERE room_id = $1 AND seq >= p.joined_seq AND seq > $3 AND seq < $4
               ORDER BY seq DESC
               LIMIT $5) m
           WHERE p.room_id = $1 AND p.user_id = $2 AND p.left_seq IS NULL
           ORDER BY m.seq DESC"#,
        range.room_id as RoomId,
        range.user_id as UserId,
        range.after,
        range.before,
        range.limit,
    )
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use kith_clock::Clock;
    use kith_testkit::TestDatabase;

    use super::*;

    /// Fills a room of this person with messages.
    async fn fill(db: &mut PgConnection, room_id: RoomId, user_id: UserId, count: i64) {
        for statement in [
            "INSERT INTO chat.chat_participants (room_id, user_id, joined_seq, role, joined_at)
             SELECT $1, $2, 1, 'member', now() WHERE $3 > 0",
            "INSERT INTO chat.chat_messages (room_id, seq, id, sender_id, client_id, body_hash, text, created_at)
             SELECT $1, seq, gen_random_uuid(), $2, seq::text, '', 'hi', now() FROM generate_series(1, $3) AS seq",
        ] {
            sqlx::query(statement)
                .bind(room_id)
                .bind(user_id)
                .bind(count)
                .execute(&mut *db)
                .await
                .unwrap();
        }
    }

    #[tokio::test]
    async fn a_page_reads_what_it_shows_also_beside_a_much_larger_room() {
        let database = TestDatabase::new("chat", &crate::MIGRATOR).await;
        let clock = Clock::system();
        let user_id: UserId = clock.new_id().into();
        let (large, small): (RoomId, RoomId) = (clock.new_id().into(), clock.new_id().into());
        let mut tx = database.pool.begin().await.unwrap();
        fill(&mut tx, large, user_id, 30_000).await;
        fill(&mut tx, small, user_id, 2_000).await;
        sqlx::query("ANALYZE chat.chat_messages, chat.chat_participants")
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        for newest_first in [true, false] {
            // What a transaction has read is counted in it.
            let mut tx = database.pool.begin().await.unwrap();
            let range = Range {
                room_id: small,
                user_id,
                after: 500,
                before: 1_500,
                limit: 51,
                newest_first,
            };
            let page = list(&mut tx, range).await.unwrap();
            let read: i64 = sqlx::query_scalar(
                "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'chat.chat_messages'::regclass",
            )
            .fetch_one(&mut *tx)
            .await
            .unwrap();

            assert_eq!(page.len(), 51);
            assert!(
                read <= 60,
                "{read} rows were read, newest first: {newest_first}"
            );
        }
    }
}

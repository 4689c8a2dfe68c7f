//! Messages: the append, what replies and mentions need to know, and pages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kith_ids::{MessageId, RoomId, UserId};
use sqlx::PgConnection;

use crate::domain::message::{Draft, ReplyTo, excerpt};

/// A draft with everything that was looked up for it.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) draft: &'a Draft,
    pub(crate) mention_ids: Vec<UserId>,
    pub(crate) reply_to: Option<ReplyTo>,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    /// The same was sent before.
    Repeated,
    /// Another body was sent under this `client_id` before.
    Reused,
    NoRoom,
    Privacy,
    NoReply,
    /// An import from before the room's newest entry.
    TooEarly,
}

/// The outcome of an entry; id, seq and time are those of the first sending.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appended {
    pub(crate) verdict: Verdict,
    pub(crate) id: MessageId,
    pub(crate) seq: i64,
    pub(crate) created_at: DateTime<Utc>,
}

/// Appends a batch, in one transaction and one round trip. No two entries may share room, sender and `client_id`. Gives the
/// outcomes in the order of the entries.
#[tracing::instrument(name = "db.messages.insert", skip_all)]
pub(crate) async fn insert(
    db: &mut PgConnection,
    entries: &[Entry<'_>],
) -> Result<Vec<Appended>, sqlx::Error> {
    let columns = Columns::of(entries);
    let rows = sqlx::query!(
        r#"SELECT item AS "item!", outcome AS "outcome!", message_id AS "message_id!: MessageId", seq,
                  created_at AS "created_at!"
           FROM chat.append_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"#,
        &columns.rooms as &[RoomId],
        &columns.senders as &[UserId],
        &columns.client_ids as &[&str],
        &columns.hashes as &[&[u8]],
        &columns.ids as &[MessageId],
        &columns.texts as &[&str],
        &columns.mentions as &[Option<String>],
        &columns.reply_ids as &[Option<MessageId>],
        &columns.reply_seqs as &[Option<i64>],
        &columns.reply_senders as &[Option<UserId>],
        &columns.reply_excerpts as &[Option<&str>],
        &columns.reply_missing as &[bool],
        &columns.times as &[Option<DateTime<Utc>>],
    )
    .fetch_all(db)
    .await?;
    let mut outcomes: Vec<Option<Appended>> = vec![None; entries.len()];
    for row in rows {
        let place = usize::try_from(row.item - 1).ok();
        if let Some(outcome) = place.and_then(|place| outcomes.get_mut(place)) {
            *outcome = Some(Appended {
                verdict: verdict(&row.outcome)?,
                id: row.message_id,
                seq: row.seq.unwrap_or(0),
                created_at: row.created_at,
            });
        }
    }
    outcomes
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .ok_or(sqlx::Error::RowNotFound)
}

/// The entries' fields, each as the array that the function takes.
#[derive(Default)]
struct Columns<'a> {
    rooms: Vec<RoomId>,
    senders: Vec<UserId>,
    client_ids: Vec<&'a str>,
    hashes: Vec<&'a [u8]>,
    ids: Vec<MessageId>,
    texts: Vec<&'a str>,
    mentions: Vec<Option<String>>,
    reply_ids: Vec<Option<MessageId>>,
    reply_seqs: Vec<Option<i64>>,
    reply_senders: Vec<Option<UserId>>,
    reply_excerpts: Vec<Option<&'a str>>,
    reply_missing: Vec<bool>,
    times: Vec<Option<DateTime<Utc>>>,
}

impl<'a> Columns<'a> {
    fn of(entries: &'a [Entry<'a>]) -> Self {
        let mut columns = Self::default();
        for Entry {
            draft,
            mention_ids,
            reply_to,
        } in entries
        {
            columns.rooms.push(draft.room_id);
            columns.senders.push(draft.sender_id);
            columns.client_ids.push(draft.client_id.as_str());
            columns.hashes.push(&draft.body_hash);
            columns.ids.push(draft.id);
            columns.texts.push(&draft.text);
            columns.mentions.push(array_literal(mention_ids));
            let reply = reply_to.as_ref();
            columns.reply_ids.push(reply.map(|reply| reply.id));
            columns.reply_seqs.push(reply.map(|reply| reply.seq));
            columns
                .reply_senders
                .push(reply.map(|reply| reply.sender_id));
            columns
                .reply_excerpts
                .push(reply.map(|reply| reply.excerpt.as_str()));
            columns
                .reply_missing
                .push(draft.reply_to.is_some() && reply.is_none());
            columns.times.push(draft.create_time);
        }
        columns
    }
}

/// Arrays of arrays must be square in Postgres, so that these go as text.
fn array_literal(ids: &[UserId]) -> Option<String> {
    if ids.is_empty() {
        return None;
    }
    let ids: Vec<String> = ids.iter().map(UserId::to_string).collect();
    Some(format!("{{{}}}", ids.join(",")))
}

fn verdict(word: &str) -> Result<Verdict, sqlx::Error> {
    Ok(match word {
        "accepted" => Verdict::Accepted,
        "repeated" => Verdict::Repeated,
        "reused" => Verdict::Reused,
        "no_room" => Verdict::NoRoom,
        "privacy" => Verdict::Privacy,
        "no_reply" => Verdict::NoReply,
        "too_early" => Verdict::TooEarly,
        _ => return Err(sqlx::Error::RowNotFound),
    })
}

/// The messages that drafts answer, as far as their senders can see them, by (room, sender, message).
#[tracing::instrument(name = "db.messages.list_replied", skip_all)]
pub(crate) async fn list_replied(
    db: &mut PgConnection,
    drafts: &[&Draft],
) -> Result<HashMap<(RoomId, UserId, MessageId), ReplyTo>, sqlx::Error> {
    let rooms: Vec<RoomId> = drafts.iter().map(|draft| draft.room_id).collect();
    let senders: Vec<UserId> = drafts.iter().map(|draft| draft.sender_id).collect();
    let ids: Vec<Option<MessageId>> = drafts.iter().map(|draft| draft.reply_to).collect();
    let rows = sqlx::query!(
        r#"SELECT asked.sender_id AS "asker!: UserId", m.room_id AS "room_id: RoomId", m.id AS "id: MessageId", m.seq, m.sender_id AS "sender_id: UserId", m.text
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS asked (room_id, sender_id, id)
           JOIN chat.chat_messages m ON m.id = asked.id AND m.room_id = asked.room_id
           JOIN chat.chat_participants p
               ON p.room_id = asked.room_id AND p.user_id = asked.sender_id AND p.left_seq IS NULL
           WHERE m.seq >= p.joined_seq"#,
        &rooms as &[RoomId],
        &senders as &[UserId],
        &ids as &[Option<MessageId>],
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let reply = ReplyTo {
                id: row.id,
                seq: row.seq,
                sender_id: row.sender_id,
                excerpt: row.text.as_deref().map(excerpt).unwrap_or_default(),
            };
            ((row.room_id, row.asker, row.id), reply)
        })
        .collect())
}

/// Participants of these rooms with these user names (folded), by (room, name).
#[tracing::instrument(name = "db.messages.list_named", skip_all)]
pub(crate) async fn list_named(
    db: &mut PgConnection,
    rooms: &[RoomId],
    names: &[String],
) -> Result<HashMap<(RoomId, String), UserId>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT asked.room_id AS "room_id!: RoomId", asked.name AS "name!", u.user_id AS "user_id: UserId"
           FROM unnest($1::uuid[], $2::text[]) AS asked (room_id, name)
           JOIN chat.users u ON u.username = asked.name AND NOT u.deleted
           JOIN chat.chat_participants p
               ON p.room_id = asked.room_id AND p.user_id = u.user_id AND p.left_seq IS NULL"#,
        rooms as &[RoomId],
        names,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.room_id, row.name), row.user_id))
        .collect())
}

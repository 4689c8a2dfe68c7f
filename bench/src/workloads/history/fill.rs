//! Copies a history into a room: rows as the service writes them, past the service.

use crate::{
    crowd::{Crowd, DATABASE},
    postgres::Server,
};

use super::WRITERS;

/// Puts so many messages into a room that has one event. Ids rise with time and end at random, `client_id`s are random, as devices make them.
pub(super) fn room(crowd: &Crowd, room: &str, depth: u64) -> anyhow::Result<()> {
    let writers: Vec<String> = crowd.members[..WRITERS]
        .iter()
        .map(|member| format!("'{}'", member.id))
        .collect();
    let script = format!(
        "INSERT INTO chat.chat_messages (room_id, seq, id, sender_id, client_id, body_hash, text, created_at)
         SELECT '{room}', n + 1, ('0196' || lpad(to_hex(n), 8, '0') || '7' || substr(md5(n::text || '{room}'), 1, 3) || '8' || substr(md5(n::text || '{room}'), 4, 15))::uuid,
                (ARRAY[{}])[1 + n % {WRITERS}]::uuid, md5('c' || n || '{room}')::uuid::text, decode(md5(n::text) || md5('h' || n), 'hex'),
                repeat(substr(md5(n::text), 1, 20), 10), now() - ({depth} - n) * interval '1 second'
         FROM generate_series(1, {depth}) n;
         UPDATE chat.chat_rooms SET last_seq = {depth} + 1, updated_at = now() WHERE id = '{room}';",
        writers.join(", ")
    );
    crowd.postgres.sql(DATABASE, &script)
}

/// Leaves the tables as they are after some time: vacuumed, analysed, written out.
pub(super) fn finish(postgres: &Server) -> anyhow::Result<()> {
    postgres.sql(DATABASE, "VACUUM (ANALYZE) chat.chat_messages")?;
    postgres.sql(DATABASE, "CHECKPOINT")
}

-- The append protocol in one round trip. Every statement of a volatile function sees what committed before the statement
-- began, which is what makes the three steps below right; joined into fewer statements they are not.
CREATE FUNCTION chat.append_messages(
    p_room_ids         uuid[],
    p_sender_ids       uuid[],
    p_client_ids       text[],
    p_body_hashes      bytea[],
    p_ids              uuid[],
    p_texts            text[],
    -- Array literals of uuids; null: none.
    p_mention_ids      text[],
    p_reply_ids        uuid[],
    p_reply_seqs       bigint[],
    p_reply_sender_ids uuid[],
    p_reply_excerpts   text[],
    -- The message it answers is not there: refused, unless it is a repeat.
    p_reply_missing    boolean[],
    -- Imports say when it was written; null: now.
    p_times            timestamptz[]
)
RETURNS TABLE (item bigint, outcome text, message_id uuid, seq bigint, created_at timestamptz)
LANGUAGE plpgsql
-- Every lookup here is one probe of an index, whatever the statistics say: a plan that was made while the tables were
-- small would scan them whole, and stay in the session while they grow.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
AS $$
#variable_conflict use_column
DECLARE
    v_locked uuid[];
    v_at     timestamptz;
BEGIN
    -- Only rooms in which somebody of this batch has business are locked: a stranger must not be able to hold a hot row.
    -- In the order of their ids, or two batches with the same two rooms wait for each other.
    SELECT coalesce(array_agg(l.id), '{}')
    INTO v_locked
    FROM (
        SELECT id
        FROM chat.chat_rooms
        WHERE id IN (
            SELECT i.room_id
            FROM unnest(p_room_ids, p_sender_ids, p_client_ids) AS i (room_id, sender_id, client_id)
            -- LIMIT keeps these from being turned into a hash of the whole table, as EXISTS would be.
            WHERE (SELECT true
                   FROM chat.chat_participants p
                   WHERE p.room_id = i.room_id AND p.user_id = i.sender_id AND p.left_seq IS NULL
                   LIMIT 1)
               OR (SELECT true
                   FROM chat.chat_messages m
                   WHERE m.room_id = i.room_id AND m.sender_id = i.sender_id AND m.client_id = i.client_id COLLATE "C"
                   LIMIT 1))
        ORDER BY id
        FOR NO KEY UPDATE) l;

    -- After the locks, so that time never runs against seq.
    v_at := clock_timestamp();

    -- A later statement than the locks: its snapshot is younger than their wait, so it sees a kick or a block that held
    -- the row, and the message that an earlier try of the same send left. A repeat is looked up before rights are judged.
    RETURN QUERY
    WITH judged AS MATERIALIZED (
        SELECT i.*,
               r.last_seq,
               coalesce(i.at, greatest(v_at, r.updated_at)) AS created_at,
               m.id AS first_id,
               m.seq AS first_seq,
               m.created_at AS first_created_at,
               CASE
                   WHEN m.body_hash = i.body_hash THEN 'repeated'
                   WHEN m.id IS NOT NULL THEN 'reused'
                   -- Somebody who joined since the locks were taken has to come again: their room is not locked.
                   WHEN p.user_id IS NULL OR NOT i.room_id = ANY (v_locked) THEN 'no_room'
                   WHEN r.kind = 'direct' AND NOT coalesce(
                       CASE WHEN i.sender_id = r.user_lo THEN d.lo_may_message_hi ELSE d.hi_may_message_lo END, false)
                       THEN 'privacy'
                   WHEN i.reply_missing THEN 'no_reply'
                   WHEN i.at < r.updated_at THEN 'too_early'
                   ELSE 'accepted'
               END AS outcome
        FROM unnest(p_room_ids, p_sender_ids, p_client_ids, p_body_hashes, p_ids, p_texts, p_mention_ids, p_reply_ids,
                    p_reply_seqs, p_reply_sender_ids, p_reply_excerpts, p_reply_missing, p_times)
             WITH ORDINALITY AS i (room_id, sender_id, client_id, body_hash, id, text, mention_ids, reply_id, reply_seq,
                                   reply_sender_id, reply_excerpt, reply_missing, at, item)
        LEFT JOIN chat.chat_rooms r ON r.id = i.room_id
        LEFT JOIN chat.chat_messages m
            ON m.room_id = i.room_id AND m.sender_id = i.sender_id AND m.client_id = i.client_id COLLATE "C"
        LEFT JOIN chat.chat_participants p
            ON p.room_id = i.room_id AND p.user_id = i.sender_id AND p.left_seq IS NULL
        LEFT JOIN chat.direct_pairs d ON d.user_lo = r.user_lo AND d.user_hi = r.user_hi
    ), numbered AS MATERIALIZED (
        -- Refused ones are not numbered, so they leave no gap.
        SELECT j.*,
               CASE WHEN j.outcome = 'accepted' THEN
                   j.last_seq + row_number() OVER (PARTITION BY j.room_id, j.outcome = 'accepted' ORDER BY j.item)
               END AS new_seq
        FROM judged j
    ), inserted AS (
        INSERT INTO chat.chat_messages (room_id, seq, id, sender_id, client_id, body_hash, text, mention_ids, reply_to_id,
                                        reply_to_seq, reply_to_sender_id, reply_to_excerpt, created_at)
        SELECT n.room_id, n.new_seq, n.id, n.sender_id, n.client_id, n.body_hash, n.text,
               coalesce(n.mention_ids::uuid[], '{}'), n.reply_id, n.reply_seq, n.reply_sender_id, n.reply_excerpt,
               n.created_at
        FROM numbered n
        WHERE n.new_seq IS NOT NULL
    ), moved AS (
        UPDATE chat.chat_rooms r
        SET last_seq = head.seq, updated_at = head.at
        FROM (SELECT n.room_id, max(n.new_seq) AS seq, max(n.created_at) AS at
              FROM numbered n
              WHERE n.new_seq IS NOT NULL
              GROUP BY n.room_id) head
        WHERE r.id = head.room_id
    )
    SELECT n.item, n.outcome, coalesce(n.first_id, n.id), coalesce(n.first_seq, n.new_seq),
           coalesce(n.first_created_at, n.created_at)
    FROM numbered n;
END
$$;

-- The feed: one order over all logs, for other backends. What must not be lost is which logs moved; the order is made afterwards, by one relay at a
-- time, because the order of commits is known only after them: ids and transaction numbers are drawn before a wait for a lock, and run against seq.

-- Where the feed ends. The row is the relay's lock too: whoever holds it stamps.
CREATE TABLE chat.feed_state (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT feed_state_one_row CHECK (only_row),
    head_pos bigint NOT NULL
);
INSERT INTO chat.feed_state (head_pos) VALUES (0);

-- Logs that moved, one row for each statement that moved some; written with it, taken away by the relay. No index and no order: a log's own seq has
-- both. The append pays for one such row a transaction, not one a message.
CREATE TABLE chat.feed_news (
    log_ids  uuid[] NOT NULL,
    of_users boolean NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

-- How far each log is in the feed. A log has no gaps and its head is visible only with everything below it, so that this makes it
-- impossible to skip an entry or to take one twice.
CREATE TABLE chat.feed_logs (
    log_id  uuid PRIMARY KEY,
    fed_seq bigint NOT NULL
) WITH (fillfactor = 70);

-- Stretches of logs in the order of the feed: entry `to_seq` is at `feed_pos`, the one before it at `feed_pos - 1`, down to `from_seq`.
CREATE TABLE chat.feed (
    feed_pos   bigint PRIMARY KEY,
    -- A room's id, or a person's.
    log_id     uuid NOT NULL,
    -- 0: a person's log; 1: of a direct room; 2: of a group.
    kind       smallint NOT NULL CONSTRAINT feed_kind CHECK (kind BETWEEN 0 AND 2),
    from_seq   bigint NOT NULL,
    to_seq     bigint NOT NULL,
    CONSTRAINT feed_stretch CHECK (from_seq <= to_seq)
);

CREATE TABLE chat.feed_consumers (
    name          text PRIMARY KEY,
    -- Of both positions.
    epoch         bigint NOT NULL,
    acked_pos     bigint NOT NULL,
    -- What was handed out: nothing above it can be acknowledged.
    delivered_pos bigint NOT NULL,
    -- The one stream that may hand out; a newer one takes its place.
    stream_id     uuid NOT NULL,
    acked_at      timestamptz
);

-- Whoever moves a head tells it here, so that no writer can forget. Once a statement, whatever number of rooms it moves.
CREATE FUNCTION chat.tell_feed_of_rooms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat.feed_news (log_ids, of_users)
    SELECT array_agg(id), false FROM moved HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER chat_rooms_feed AFTER UPDATE ON chat.chat_rooms
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION chat.tell_feed_of_rooms();

CREATE FUNCTION chat.tell_feed_of_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chat.feed_news (log_ids, of_users)
    SELECT array_agg(user_id), true FROM moved HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER user_logs_feed AFTER UPDATE ON chat.user_logs
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION chat.tell_feed_of_users();

-- What was written before there was a feed.
INSERT INTO chat.feed_news (log_ids, of_users)
SELECT array_agg(id), false
FROM (SELECT id, row_number() OVER (ORDER BY id) / 256 AS part FROM chat.chat_rooms) rooms
GROUP BY part;
INSERT INTO chat.feed_news (log_ids, of_users)
SELECT array_agg(user_id), true
FROM (SELECT user_id, row_number() OVER (ORDER BY user_id) / 256 AS part FROM chat.user_logs) users
GROUP BY part;

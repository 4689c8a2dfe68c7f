-- Rooms, stays, messages, positions and the two logs. Room-side tables lead with room_id, user-side tables with user_id, and
-- no query of the hot path needs both, so that the schema shards as it is. No foreign keys to chat_rooms: with one, every
-- insert beside a hot room waits for its row.

-- The state of the log as a whole: one row.
CREATE TABLE chat.log_state (
    only_row    boolean PRIMARY KEY DEFAULT true CONSTRAINT log_state_one_row CHECK (only_row),
    epoch       bigint NOT NULL,
    timeline_id integer NOT NULL
);

-- Projection of accounts' users: what a participant list shows. `read_receipts` comes from friends.
CREATE TABLE chat.users (
    user_id               uuid PRIMARY KEY,
    username              text NOT NULL,
    display_name          text NOT NULL,
    avatar_url            text,
    deleted               boolean NOT NULL DEFAULT false,
    version               bigint NOT NULL DEFAULT 0,
    read_receipts         boolean NOT NULL DEFAULT true,
    read_receipts_version bigint NOT NULL DEFAULT 0
);
-- Who is mentioned by this name?
CREATE INDEX users_username ON chat.users (username);

-- What friends decided for a pair of people; rows exist also where no room does.
CREATE TABLE chat.direct_pairs (
    user_lo           uuid NOT NULL,
    user_hi           uuid NOT NULL,
    version           bigint NOT NULL,
    lo_may_message_hi boolean NOT NULL,
    hi_may_message_lo boolean NOT NULL,
    blocked           boolean NOT NULL,
    PRIMARY KEY (user_lo, user_hi),
    CONSTRAINT direct_pairs_ordered CHECK (user_lo < user_hi)
);
-- "Who is hidden from me?", asked for typing and receipts.
CREATE INDEX direct_pairs_blocked_lo ON chat.direct_pairs (user_lo) WHERE blocked;
CREATE INDEX direct_pairs_blocked_hi ON chat.direct_pairs (user_hi) WHERE blocked;

CREATE TABLE chat.chat_rooms (
    id                uuid PRIMARY KEY,
    kind              text NOT NULL CONSTRAINT chat_rooms_kind CHECK (kind IN ('direct', 'group')),
    name              text,
    avatar_url        text,
    external_id       text CONSTRAINT chat_rooms_external_id_key UNIQUE,
    -- The two people of a direct room, ordered.
    user_lo           uuid,
    user_hi           uuid,
    created_by        uuid NOT NULL,
    -- Makes the creation of a group repeatable.
    client_id         text,
    last_seq          bigint NOT NULL,
    participant_count integer NOT NULL,
    created_at        timestamptz NOT NULL,
    -- Newest activity: moved by every append.
    updated_at        timestamptz NOT NULL,
    CONSTRAINT chat_rooms_pair_key UNIQUE (user_lo, user_hi),
    CONSTRAINT chat_rooms_creation_key UNIQUE (created_by, client_id)
) WITH (fillfactor = 70);

-- One row per stay; the current one has no left_seq.
CREATE TABLE chat.chat_participants (
    room_id    uuid NOT NULL,
    user_id    uuid NOT NULL,
    joined_seq bigint NOT NULL,
    left_seq   bigint,
    role       text NOT NULL CONSTRAINT chat_participants_role CHECK (role IN ('owner', 'admin', 'member')),
    joined_at  timestamptz NOT NULL,
    PRIMARY KEY (room_id, user_id, joined_seq)
);
-- Participant lists, by time of joining.
CREATE INDEX chat_participants_by_joining ON chat.chat_participants (room_id, joined_seq, user_id) WHERE left_seq IS NULL;
-- Is somebody in a room? Made after the index above: on empty tables both cost the planner the same, it then takes the younger one, and the
-- append's plan stays in its session while the tables grow. Through the other one each send would read a room's whole list.
CREATE UNIQUE INDEX chat_participants_current ON chat.chat_participants (room_id, user_id) WHERE left_seq IS NULL;

-- The user's side of a stay, and how they keep the room. Present while they are in it.
CREATE TABLE chat.user_rooms (
    user_id     uuid NOT NULL,
    room_id     uuid NOT NULL,
    joined_seq  bigint NOT NULL,
    muted_until timestamptz,
    pinned      boolean NOT NULL DEFAULT false,
    archived    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (user_id, room_id)
);

-- How far each member got; monotone, never above the head.
CREATE TABLE chat.positions (
    room_id       uuid NOT NULL,
    user_id       uuid NOT NULL,
    read_seq      bigint NOT NULL DEFAULT 0,
    read_at       timestamptz,
    delivered_seq bigint NOT NULL DEFAULT 0,
    delivered_at  timestamptz,
    PRIMARY KEY (room_id, user_id)
) WITH (fillfactor = 70);

-- Each advance of a read position (at most one a second), so that who read a message, and when, is exact.
CREATE TABLE chat.message_read_receipts (
    room_id   uuid NOT NULL,
    user_id   uuid NOT NULL,
    up_to_seq bigint NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (room_id, user_id, up_to_seq)
);

-- The room's log is the merge by seq of this table and room_events.
CREATE TABLE chat.chat_messages (
    room_id            uuid NOT NULL,
    seq                bigint NOT NULL,
    id                 uuid NOT NULL,
    sender_id          uuid NOT NULL,
    -- Compared byte by byte: it is a key, no text of a language.
    client_id          text COLLATE "C" NOT NULL,
    -- Keyed hash of what was sent; outlives the text, so that a repeat is recognised after a delete.
    body_hash          bytea NOT NULL,
    -- Null once deleted.
    text               text,
    mention_ids        uuid[] NOT NULL DEFAULT '{}',
    reply_to_id        uuid,
    reply_to_seq       bigint,
    reply_to_sender_id uuid,
    reply_to_excerpt   text,
    created_at         timestamptz NOT NULL,
    edited_at          timestamptz,
    deleted_at         timestamptz,
    PRIMARY KEY (room_id, seq),
    CONSTRAINT chat_messages_client_id_key UNIQUE (room_id, sender_id, client_id)
);
CREATE INDEX chat_messages_id ON chat.chat_messages (id);

-- Everything in a room's log that is no message. Never holds message text.
CREATE TABLE chat.room_events (
    room_id    uuid NOT NULL,
    seq        bigint NOT NULL,
    kind       text NOT NULL,
    -- The event's body, a kith.chat.v1.RoomEvent without its envelope fields.
    body       bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, seq)
);

-- The head of each person's own log.
CREATE TABLE chat.user_logs (
    user_id uuid PRIMARY KEY,
    useq    bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE chat.user_events (
    user_id         uuid NOT NULL,
    useq            bigint NOT NULL,
    kind            text NOT NULL,
    -- Set where a newer event of the same kind and room replaces this one (read.moved).
    room_id         uuid,
    -- A kith.chat.v1.UserEventBody; for room.added and room.settings only the room's id, rendered when read.
    body            bytea NOT NULL,
    source          text NOT NULL,
    source_event_id text NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (user_id, useq),
    CONSTRAINT user_events_source_key UNIQUE (user_id, source, source_event_id)
);
CREATE UNIQUE INDEX user_events_newest_read ON chat.user_events (user_id, room_id) WHERE kind = 'read.moved';

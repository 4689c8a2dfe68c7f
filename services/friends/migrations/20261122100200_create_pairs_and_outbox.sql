-- What chat must be told, and what is still to be told.

-- One row for each two people of whom chat knows: what it needs to judge a send without asking.
CREATE TABLE friends.pairs (
    lo                uuid NOT NULL REFERENCES friends.users (user_id),
    hi                uuid NOT NULL REFERENCES friends.users (user_id),
    lo_may_message_hi boolean NOT NULL,
    hi_may_message_lo boolean NOT NULL,
    blocked           boolean NOT NULL,
    version           bigint NOT NULL,
    -- The newest version that chat is known to have.
    applied_version   bigint NOT NULL,
    CONSTRAINT pairs_pkey PRIMARY KEY (lo, hi),
    CONSTRAINT pairs_order_check CHECK (lo < hi)
);

CREATE INDEX pairs_hi_idx ON friends.pairs (hi, lo);

-- Written in the transaction of the change, removed once delivered. Rows of one lane are delivered in id order.
CREATE TABLE friends.outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CONSTRAINT outbox_kind_check CHECK (kind IN ('user_event', 'pair', 'read_receipts', 'recompute')),
    -- The person for `user_event`, `read_receipts` and `recompute`; the pair's smaller id for `pair`.
    user_id     uuid NOT NULL,
    -- The pair's larger id.
    other_id    uuid,
    -- What makes the delivery unique for its receiver.
    event_id    uuid NOT NULL,
    payload     bytea NOT NULL,
    -- Not before: a later time is a retry, or somebody who is delivering it now.
    due_time    timestamptz NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,
    create_time timestamptz NOT NULL
);

CREATE INDEX outbox_lane_idx ON friends.outbox (kind, user_id, due_time);

-- The graph: who are friends, who asked whom, who blocks whom. Foreign keys to users make sure that a list can show everybody in it.

-- One row per pair, the smaller id first, so that two crossed requests cannot make two friendships.
CREATE TABLE friends.friendships (
    lo          uuid NOT NULL REFERENCES friends.users (user_id),
    hi          uuid NOT NULL REFERENCES friends.users (user_id),
    create_time timestamptz NOT NULL,
    CONSTRAINT friendships_pkey PRIMARY KEY (lo, hi),
    CONSTRAINT friendships_order_check CHECK (lo < hi)
);

CREATE INDEX friendships_hi_idx ON friends.friendships (hi, lo);

CREATE TABLE friends.friend_requests (
    request_id   uuid PRIMARY KEY,
    sender_id    uuid NOT NULL REFERENCES friends.users (user_id),
    receiver_id  uuid NOT NULL REFERENCES friends.users (user_id),
    note         text NOT NULL,
    status       text NOT NULL CONSTRAINT friend_requests_status_check CHECK (status IN ('pending', 'accepted', 'declined', 'cancelled')),
    -- The receiver blocked the sender before or while it was open: only the sender ever sees it.
    hidden       boolean NOT NULL,
    create_time  timestamptz NOT NULL,
    respond_time timestamptz,
    CONSTRAINT friend_requests_self_check CHECK (sender_id <> receiver_id)
);

CREATE UNIQUE INDEX friend_requests_pending_key ON friends.friend_requests (sender_id, receiver_id) WHERE status = 'pending';
CREATE INDEX friend_requests_outgoing_idx ON friends.friend_requests (sender_id, create_time DESC, request_id DESC) WHERE status = 'pending';
CREATE INDEX friend_requests_incoming_idx ON friends.friend_requests (receiver_id, create_time DESC, request_id DESC) WHERE status = 'pending' AND NOT hidden;
-- For the deletion of an account.
CREATE INDEX friend_requests_sender_idx ON friends.friend_requests (sender_id);
CREATE INDEX friend_requests_receiver_idx ON friends.friend_requests (receiver_id);

CREATE TABLE friends.blocks (
    blocker_id  uuid NOT NULL REFERENCES friends.users (user_id),
    blocked_id  uuid NOT NULL REFERENCES friends.users (user_id),
    create_time timestamptz NOT NULL,
    CONSTRAINT blocks_pkey PRIMARY KEY (blocker_id, blocked_id),
    CONSTRAINT blocks_self_check CHECK (blocker_id <> blocked_id)
);

CREATE INDEX blocks_list_idx ON friends.blocks (blocker_id, create_time DESC, blocked_id DESC);
CREATE INDEX blocks_blocked_idx ON friends.blocks (blocked_id);

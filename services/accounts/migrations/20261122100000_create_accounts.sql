-- Who people are: users, their sessions, what ends sessions, the keys that sign tokens, and what siblings must be told.

-- A row outlives its account as a tombstone: the id stays, everything personal goes. The digest of the user name stays too, so that nobody
-- can take over the name of somebody who left.
CREATE TABLE accounts.users (
    id              uuid        NOT NULL,
    username        text,
    username_digest bytea       NOT NULL,
    display_name    text        NOT NULL,
    bio             text        NOT NULL DEFAULT '',
    interests       text[]      NOT NULL DEFAULT '{}',
    locale          text        NOT NULL DEFAULT '',
    password_hash   text,
    created_at      timestamptz NOT NULL,
    disabled_at     timestamptz,
    deleted_at      timestamptz,
    version         bigint      NOT NULL DEFAULT 1,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_username_digest_key UNIQUE (username_digest),
    CONSTRAINT users_deleted_check CHECK ((deleted_at IS NULL) = (username IS NOT NULL AND password_hash IS NOT NULL))
);

-- A live login. An ended session has no row. Of its refresh token only the digest of the current one is kept: earlier ones are known by their
-- authentication code, so nothing grows with the number of refreshes.
CREATE TABLE accounts.sessions (
    id           uuid        NOT NULL,
    user_id      uuid        NOT NULL,
    device_name  text        NOT NULL DEFAULT '',
    token_digest bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES accounts.users (id)
);
CREATE INDEX sessions_user_id_idx ON accounts.sessions (user_id, created_at DESC, id DESC);
CREATE INDEX sessions_expires_at_idx ON accounts.sessions (expires_at);

-- The answers of refreshes that named an attempt, for the minute in which their reply may turn out to be lost. Sealed under a key that only
-- the presented, used token gives.
CREATE TABLE accounts.refresh_attempts (
    token_digest  bytea       NOT NULL,
    session_id    uuid        NOT NULL,
    attempt_id    text        NOT NULL,
    sealed_answer bytea       NOT NULL,
    used_at       timestamptz NOT NULL,
    CONSTRAINT refresh_attempts_pkey PRIMARY KEY (token_digest),
    CONSTRAINT refresh_attempts_session_id_fkey FOREIGN KEY (session_id) REFERENCES accounts.sessions (id) ON DELETE CASCADE
);
CREATE INDEX refresh_attempts_session_id_idx ON accounts.refresh_attempts (session_id);
CREATE INDEX refresh_attempts_used_at_idx ON accounts.refresh_attempts (used_at);

-- Sessions that ended while an access token of theirs may still be unexpired. Positions come from the one row of revocation_head, whose lock
-- is held until the commit: they become visible in their own order, so a reader that asks for "after n" never misses one.
CREATE TABLE accounts.revocations (
    position   bigint      NOT NULL,
    user_id    uuid        NOT NULL,
    session_id uuid        NOT NULL,
    cause      smallint    NOT NULL,
    revoked_at timestamptz NOT NULL,
    CONSTRAINT revocations_pkey PRIMARY KEY (position)
);
CREATE INDEX revocations_revoked_at_idx ON accounts.revocations (revoked_at);

CREATE TABLE accounts.revocation_head (
    only_row boolean NOT NULL DEFAULT true,
    position bigint  NOT NULL DEFAULT 0,
    CONSTRAINT revocation_head_pkey PRIMARY KEY (only_row),
    CONSTRAINT revocation_head_only_row_check CHECK (only_row)
);
INSERT INTO accounts.revocation_head DEFAULT VALUES;

-- Wrong passwords in the current window, by what was guessed at (a digest: unknown names are counted too, and not remembered).
CREATE TABLE accounts.login_failures (
    subject      bytea       NOT NULL,
    failures     integer     NOT NULL,
    window_start timestamptz NOT NULL,
    CONSTRAINT login_failures_pkey PRIMARY KEY (subject)
);
CREATE INDEX login_failures_window_start_idx ON accounts.login_failures (window_start);

-- Ed25519 keys. A key is published from its creation on, signs from signs_from on, and is published until verifies_until.
CREATE TABLE accounts.signing_keys (
    kid            text        NOT NULL,
    public_key     bytea       NOT NULL,
    private_key    bytea       NOT NULL,
    wrapped        boolean     NOT NULL,
    created_at     timestamptz NOT NULL,
    signs_from     timestamptz NOT NULL,
    verifies_until timestamptz,
    CONSTRAINT signing_keys_pkey PRIMARY KEY (kid)
);

-- Keys of other backends. Revoked ones stay, so that their names explain old log lines.
CREATE TABLE accounts.service_keys (
    id         uuid        NOT NULL,
    name       text        NOT NULL,
    key_digest bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT service_keys_pkey PRIMARY KEY (id),
    CONSTRAINT service_keys_key_digest_key UNIQUE (key_digest)
);
CREATE UNIQUE INDEX service_keys_live_name_key ON accounts.service_keys (name) WHERE revoked_at IS NULL;

-- What siblings must be told, one row for each thing and sibling. Holds no personal data: a changed user is read when the row is delivered.
CREATE TABLE accounts.outbox (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    target     text        NOT NULL,
    user_id    uuid        NOT NULL,
    session_id uuid,
    attempts   integer     NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (id),
    CONSTRAINT outbox_target_check CHECK (target IN ('friends', 'chat'))
);
CREATE INDEX outbox_due_idx ON accounts.outbox (target, due_at, id);
CREATE INDEX outbox_user_idx ON accounts.outbox (target, user_id, id);

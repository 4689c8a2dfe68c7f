-- What must outlive a node: when people were last here, what they chose, and who was on which lease when its node died.

CREATE TABLE presence.people (
    user_id            uuid PRIMARY KEY,
    choice             text NOT NULL CONSTRAINT people_choice_check CHECK (choice IN ('online', 'away', 'invisible')),
    -- What they say of themselves; null: nothing.
    custom             text,
    custom_expire_time timestamptz,
    -- Rises with every choice; of two nodes that heard different ones the higher is right.
    version            bigint NOT NULL,
    -- The last time they were visibly connected; stands still while they are invisible.
    last_seen_time     timestamptz,
    -- The account is no more: nothing is kept of it again.
    deleted            boolean NOT NULL
);

-- One row per gateway stream, renewed by its beats: the only thing here that is written again and again.
CREATE TABLE presence.leases (
    lease_id   uuid PRIMARY KEY,
    renew_time timestamptz NOT NULL
);

CREATE INDEX leases_renew_idx ON presence.leases (renew_time);

-- Who is on a lease. What is left here when a lease has ended was seen when it was last renewed.
CREATE TABLE presence.stays (
    lease_id uuid NOT NULL REFERENCES presence.leases (lease_id) ON DELETE CASCADE,
    user_id  uuid NOT NULL,
    CONSTRAINT stays_pkey PRIMARY KEY (lease_id, user_id)
);

CREATE INDEX stays_user_idx ON presence.stays (user_id);

-- Changes of who may see whom, for the nodes that a hint did not reach. Kept for minutes.
CREATE TABLE presence.visibility_changes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     uuid NOT NULL,
    -- The other one of a pair; null: everybody who looks at this person.
    other_id    uuid,
    create_time timestamptz NOT NULL
);

CREATE INDEX visibility_changes_time_idx ON presence.visibility_changes (create_time);

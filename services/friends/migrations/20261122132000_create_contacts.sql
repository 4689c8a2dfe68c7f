-- Who wants to be matched by which phone number or mail address. The digests are keyed by the cluster's key, which hashes
-- that clients make are not: who has only this table cannot try all phone numbers.
CREATE TABLE friends.contacts (
    digest  bytea NOT NULL,
    user_id uuid NOT NULL REFERENCES friends.users (user_id),
    -- The salt that the client's hash was made with; after a change of the salt the row matches nothing.
    salt_id integer NOT NULL,
    CONSTRAINT contacts_pkey PRIMARY KEY (digest, user_id)
);

CREATE INDEX contacts_user_idx ON friends.contacts (user_id);

-- How many contacts somebody has asked about since when: all that is kept of a match.
CREATE TABLE friends.contact_budgets (
    user_id    uuid PRIMARY KEY REFERENCES friends.users (user_id),
    start_time timestamptz NOT NULL,
    asked      integer NOT NULL
);

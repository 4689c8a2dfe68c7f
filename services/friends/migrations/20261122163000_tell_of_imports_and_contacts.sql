-- What is told after the commit, many rows at once: what an import has made, and that somebody can be matched now. And who waits for whom.

ALTER TABLE friends.outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE friends.outbox ADD CONSTRAINT outbox_kind_check
    CHECK (kind IN ('user_event', 'pair', 'read_receipts', 'recompute', 'visibility', 'imported_friends', 'imported_requests', 'contact_joined'));

-- Contacts whom somebody asked to be told of when they register, because they were not here. A row goes with the telling.
CREATE TABLE friends.awaited_contacts (
    -- Keyed like those of friends.contacts.
    digest      bytea NOT NULL,
    -- Who waits.
    user_id     uuid NOT NULL REFERENCES friends.users (user_id),
    -- The salt that the client's hash was made with; after a change of the salt the row matches nothing.
    salt_id     integer NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT awaited_contacts_pkey PRIMARY KEY (digest, user_id)
);

CREATE INDEX awaited_contacts_user_idx ON friends.awaited_contacts (user_id, create_time);

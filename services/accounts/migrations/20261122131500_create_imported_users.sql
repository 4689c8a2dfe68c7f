-- By which id another system knew a user: so that an import can be repeated, and friendships that name such ids find their people.
CREATE TABLE accounts.imported_users (
    external_id text NOT NULL,
    user_id     uuid NOT NULL,
    CONSTRAINT imported_users_pkey PRIMARY KEY (external_id),
    CONSTRAINT imported_users_user_id_fkey FOREIGN KEY (user_id) REFERENCES accounts.users (id)
);
-- For the deletion of an account.
CREATE INDEX imported_users_user_id_idx ON accounts.imported_users (user_id);

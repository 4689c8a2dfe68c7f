-- A key opens what it was made for; those made before opened everything.
ALTER TABLE accounts.service_keys ADD COLUMN scopes text[] NOT NULL DEFAULT '{all}';

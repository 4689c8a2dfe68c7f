-- The secrets that all nodes of a cluster share: given only the database's URL, two nodes trust each other's caller contexts.
CREATE TABLE kith.cluster_secrets (
    name text NOT NULL,
    -- The secret itself, or sealed under KITH__SECRETS__KEY.
    secret bytea NOT NULL,
    sealed boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT cluster_secrets_pkey PRIMARY KEY (name)
);

-- Who the graph is about: a projection of accounts' users, and each person's privacy settings.

CREATE TABLE friends.users (
    user_id      uuid PRIMARY KEY,
    username     text COLLATE "C" NOT NULL,
    display_name text NOT NULL,
    -- The display name folded by the service (case and accents); lists sort by it, filters look into it.
    name_key     text COLLATE "C" NOT NULL,
    avatar_url   text,
    bio          text NOT NULL,
    interests    text[] NOT NULL,
    locale       text NOT NULL,
    create_time  timestamptz NOT NULL,
    -- Kept for search: a disabled person stays visible to friends and cannot be found.
    disabled     boolean NOT NULL,
    -- Only the id remains; rows are never removed, so that an older version cannot bring somebody back.
    deleted      boolean NOT NULL,
    version      bigint NOT NULL
);

CREATE TABLE friends.privacy_settings (
    user_id         uuid PRIMARY KEY REFERENCES friends.users (user_id),
    searchable      text NOT NULL CONSTRAINT privacy_settings_searchable_check CHECK (searchable IN ('everyone', 'friends_of_friends', 'nobody')),
    friend_requests text NOT NULL CONSTRAINT privacy_settings_friend_requests_check CHECK (friend_requests IN ('everyone', 'friends_of_friends', 'nobody')),
    direct_messages text NOT NULL CONSTRAINT privacy_settings_direct_messages_check CHECK (direct_messages IN ('everyone', 'friends', 'nobody')),
    group_adds      text NOT NULL CONSTRAINT privacy_settings_group_adds_check CHECK (group_adds IN ('everyone', 'friends', 'nobody')),
    presence        text NOT NULL CONSTRAINT privacy_settings_presence_check CHECK (presence IN ('everyone', 'friends', 'nobody')),
    last_seen       text NOT NULL CONSTRAINT privacy_settings_last_seen_check CHECK (last_seen IN ('everyone', 'friends', 'nobody')),
    read_receipts   boolean NOT NULL,
    -- Rises with every change; chat ignores an older word on read receipts.
    version         bigint NOT NULL
);

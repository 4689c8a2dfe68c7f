-- Who can be found, and by which words. Kept apart from friends.users, so that its indexes hold nobody who must not be found, and stay small.

-- The extension gives the index of three-letter pieces that serves a part inside a name. It is a trusted one: whoever may create in the database may
-- make it. In `public`, when there is one, so that other roles of the same database may use it too.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        IF EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'public' AND has_schema_privilege(n.oid, 'USAGE')) THEN
            CREATE EXTENSION pg_trgm SCHEMA public;
        ELSE
            CREATE EXTENSION pg_trgm SCHEMA friends;
        END IF;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'friends needs the extension pg_trgm, and role "%" may not create it: let an administrator run `GRANT CREATE ON DATABASE "%" TO "%"`, or `CREATE EXTENSION pg_trgm` in this database',
            current_user, current_database(), current_user;
    WHEN feature_not_supported OR undefined_file THEN
        RAISE EXCEPTION 'friends needs the extension pg_trgm, which this PostgreSQL server does not have: install its contrib package (part of Debian''s `postgresql-15`, elsewhere `postgresql-contrib`)';
END
$$;

-- One row for each person whom a search may show to anybody: not deleted, not disabled, `searchable` not `nobody`.
CREATE TABLE friends.findable (
    user_id      uuid PRIMARY KEY REFERENCES friends.users (user_id),
    -- `searchable` is `friends_of_friends`.
    in_circle    boolean NOT NULL,
    username     text COLLATE "C" NOT NULL,
    -- The folded display name.
    name_key     text COLLATE "C" NOT NULL,
    -- A blank before each word of the names, so that "begins a word" is "has it after a blank".
    search_text  text COLLATE "C" NOT NULL,
    -- Hashes of each word with no letter or one letter left out: two words share one when a slip of the finger lies between them.
    spellings    integer[] NOT NULL
);

-- What begins a name (`inner_word` false) or a word inside it, in the order in which a search gives it.
CREATE TABLE friends.findable_words (
    inner_word boolean NOT NULL,
    word       text COLLATE "C" NOT NULL,
    user_id    uuid NOT NULL REFERENCES friends.findable (user_id) ON DELETE CASCADE,
    CONSTRAINT findable_words_pkey PRIMARY KEY (inner_word, word, user_id)
);

CREATE INDEX findable_words_user_idx ON friends.findable_words (user_id);

-- Without a pending list: a search would have to read all of it, and sign-ups are rare beside searches.
CREATE INDEX findable_spellings_idx ON friends.findable USING gin (spellings) WITH (fastupdate = off);

-- The operator class by its full name: the extension may have been made anywhere.
DO $$
DECLARE
    extension_schema text;
BEGIN
    SELECT n.nspname
    INTO STRICT extension_schema
    FROM pg_extension e
    JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
    EXECUTE format(
        'CREATE INDEX findable_text_idx ON friends.findable USING gin (search_text %I.gin_trgm_ops) WITH (fastupdate = off)',
        extension_schema);
END
$$;

-- False: what the search knows of this person is still to be written.
ALTER TABLE friends.users ADD COLUMN indexed boolean NOT NULL DEFAULT false;
CREATE INDEX users_not_indexed_idx ON friends.users (user_id) WHERE NOT indexed;

-- Whom search and suggestions never show to somebody: themselves, and everybody across a block.
CREATE FUNCTION friends.hidden_from(viewer uuid)
RETURNS TABLE (user_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT viewer
    UNION ALL
    SELECT b.blocked_id FROM friends.blocks b WHERE b.blocker_id = viewer
    UNION ALL
    SELECT b.blocker_id FROM friends.blocks b WHERE b.blocked_id = viewer
$$;

-- Whether two people are friends or share one: asked for those alone who let only friends of friends find them.
CREATE FUNCTION friends.is_in_circle(viewer uuid, other uuid)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT EXISTS (
        SELECT FROM friends.friendships f
        WHERE f.lo = LEAST(viewer, other) AND f.hi = GREATEST(viewer, other)
    ) OR EXISTS (
        SELECT FROM (
            SELECT f.hi AS friend_id FROM friends.friendships f WHERE f.lo = other
            UNION ALL
            SELECT f.lo FROM friends.friendships f WHERE f.hi = other
        ) theirs
        JOIN friends.friendships f
            ON f.lo = LEAST(theirs.friend_id, viewer) AND f.hi = GREATEST(theirs.friend_id, viewer)
    )
$$;

-- Friends (without a number) and friends of friends with the number of friends they share with the viewer. Bounded, so that it costs little for
-- somebody with very many: those of the most shared friends come first, and of a huge circle only a part is looked at.
CREATE FUNCTION friends.circle(viewer uuid, edges bigint, people bigint)
RETURNS TABLE (user_id uuid, shared bigint)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
AS $$
    WITH mine AS MATERIALIZED (
        SELECT f.hi AS friend_id FROM friends.friendships f WHERE f.lo = viewer
        UNION ALL
        SELECT f.lo FROM friends.friendships f WHERE f.hi = viewer
    )
    SELECT m.friend_id, NULL::bigint FROM mine m
    UNION ALL
    (
        SELECT e.other_id, count(*)
        FROM (
            SELECT other.other_id
            FROM mine m
            CROSS JOIN LATERAL (
                SELECT f.hi AS other_id FROM friends.friendships f WHERE f.lo = m.friend_id
                UNION ALL
                SELECT f.lo FROM friends.friendships f WHERE f.hi = m.friend_id
            ) other
            LIMIT edges
        ) e
        WHERE e.other_id <> viewer AND NOT EXISTS (SELECT FROM mine m WHERE m.friend_id = e.other_id)
        GROUP BY e.other_id
        ORDER BY count(*) DESC, e.other_id
        LIMIT people
    )
$$;

-- Those of somebody's circle who match: every pattern is in their names, or every word is one of theirs but for a slip.
CREATE FUNCTION friends.find_near(viewer uuid, patterns text[], first_word integer[], second_word integer[], third_word integer[])
RETURNS TABLE (user_id uuid, username text, name_key text, search_text text, shared bigint)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
AS $$
BEGIN
    RETURN QUERY
    SELECT f.user_id, f.username, f.name_key, f.search_text, c.shared
    FROM friends.circle(viewer, 20000, 2000) c
    JOIN friends.findable f ON f.user_id = c.user_id
    WHERE (f.search_text LIKE ALL (patterns)
            OR (f.spellings && first_word
                AND (second_word IS NULL OR f.spellings && second_word)
                AND (third_word IS NULL OR f.spellings && third_word)))
        AND f.user_id NOT IN (SELECT h.user_id FROM friends.hidden_from(viewer) h);
END
$$;

-- People by what a word of theirs begins with (`first_word` to `last_word`), in the order of the index after (`after_word`, `after_user`). Somebody
-- who has two such words comes with the smaller one; with `begins`, whoever's whole name begins with that is left out, because they came before.
-- Looks at a bounded number of words, so that a rare second pattern does not make it read on and on.
CREATE FUNCTION friends.find_by_word(
    viewer     uuid,
    near       uuid[],
    inner_one  boolean,
    first_word text,
    last_word  text,
    after_word text,
    after_user uuid,
    patterns   text[],
    begins     text,
    most       bigint
)
RETURNS TABLE (user_id uuid, username text, name_key text, search_text text, word text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT f.user_id, f.username, f.name_key, f.search_text, w.word
    FROM (
        SELECT s.word, s.user_id
        FROM friends.findable_words s
        WHERE s.inner_word = inner_one AND s.word >= first_word AND s.word < last_word
            AND (after_word IS NULL OR (s.word, s.user_id) > (after_word, after_user))
        ORDER BY s.word, s.user_id
        LIMIT 2000
    ) w
    JOIN friends.findable f ON f.user_id = w.user_id
    WHERE f.search_text LIKE ALL (patterns)
        AND (begins IS NULL OR NOT (starts_with(f.username, begins) OR starts_with(f.name_key, begins)))
        AND f.user_id <> ALL (near)
        AND f.user_id NOT IN (SELECT h.user_id FROM friends.hidden_from(viewer) h)
        AND NOT EXISTS (
            SELECT FROM friends.findable_words o
            WHERE o.user_id = w.user_id AND o.inner_word = inner_one AND o.word >= first_word AND o.word < w.word
        )
        AND (NOT f.in_circle OR friends.is_in_circle(viewer, f.user_id))
    ORDER BY w.word, w.user_id
    LIMIT most;
END
$$;

-- People with every pattern in their names but not the unwanted one, wherever: some of them when there are very many. The plan must be made for these very
-- patterns, and must use the index: a table scan that hopes to meet enough rows early would read all of it for a rare name.
CREATE FUNCTION friends.find_inside(viewer uuid, near uuid[], first_pattern text, second_pattern text, third_pattern text, unwanted text, most bigint)
RETURNS TABLE (user_id uuid, username text, name_key text, search_text text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_indexscan = off
AS $$
BEGIN
    RETURN QUERY
    SELECT f.user_id, f.username, f.name_key, f.search_text
    FROM friends.findable f
    WHERE f.search_text LIKE first_pattern
        AND (second_pattern IS NULL OR f.search_text LIKE second_pattern)
        AND (third_pattern IS NULL OR f.search_text LIKE third_pattern)
        AND (unwanted IS NULL OR f.search_text NOT LIKE unwanted)
        AND f.user_id <> ALL (near)
        AND f.user_id NOT IN (SELECT h.user_id FROM friends.hidden_from(viewer) h)
        AND (NOT f.in_circle OR friends.is_in_circle(viewer, f.user_id))
    LIMIT most;
END
$$;

-- People who have every one of these words but for a slip, and not all of the patterns: those came before.
CREATE FUNCTION friends.find_alike(viewer uuid, near uuid[], first_word integer[], second_word integer[], third_word integer[], patterns text[], most bigint)
RETURNS TABLE (user_id uuid, username text, name_key text, search_text text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_indexscan = off
AS $$
BEGIN
    RETURN QUERY
    SELECT f.user_id, f.username, f.name_key, f.search_text
    FROM friends.findable f
    WHERE f.spellings && first_word
        AND (second_word IS NULL OR f.spellings && second_word)
        AND (third_word IS NULL OR f.spellings && third_word)
        AND NOT (f.search_text LIKE ALL (patterns))
        AND f.user_id <> ALL (near)
        AND f.user_id NOT IN (SELECT h.user_id FROM friends.hidden_from(viewer) h)
        AND (NOT f.in_circle OR friends.is_in_circle(viewer, f.user_id))
    LIMIT most;
END
$$;

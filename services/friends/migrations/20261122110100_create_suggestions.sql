-- People whom somebody may know, and whom they do not want to see suggested again.

CREATE TABLE friends.dismissed_suggestions (
    user_id      uuid NOT NULL REFERENCES friends.users (user_id),
    dismissed_id uuid NOT NULL REFERENCES friends.users (user_id),
    create_time  timestamptz NOT NULL,
    CONSTRAINT dismissed_suggestions_pkey PRIMARY KEY (user_id, dismissed_id)
);

-- For the deletion of an account.
CREATE INDEX dismissed_suggestions_dismissed_idx ON friends.dismissed_suggestions (dismissed_id);

-- What people who can be found are interested in, folded. Ids rise with time, so the newest people with an interest are the end of a range; an
-- index of arrays would have to gather everybody with a popular interest first.
CREATE TABLE friends.findable_interests (
    interest text COLLATE "C" NOT NULL,
    user_id  uuid NOT NULL REFERENCES friends.findable (user_id) ON DELETE CASCADE,
    CONSTRAINT findable_interests_pkey PRIMARY KEY (interest, user_id)
);

CREATE INDEX findable_interests_user_idx ON friends.findable_interests (user_id, interest);

-- What speaks for somebody: friends they share with the viewer, groups in which both are (chat's word), interests of both. Whoever a search would not
-- show is not here either, nor friends, open requests and dismissed ones. Each source is bounded, so the whole is.
CREATE FUNCTION friends.find_suggestions(viewer uuid, companions uuid[], companion_groups bigint[], viewer_interests text[])
RETURNS TABLE (user_id uuid, shared bigint, groups bigint, interests bigint, locale text, create_time timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH circle AS MATERIALIZED (
        SELECT c.user_id, c.shared FROM friends.circle(viewer, 100000, 600) c
    ),
    signs AS (
        SELECT c.user_id, c.shared, 0::bigint AS groups FROM circle c WHERE c.shared IS NOT NULL
        UNION ALL
        SELECT w.user_id, 0, w.groups FROM unnest(companions, companion_groups) AS w (user_id, groups)
        UNION ALL
        SELECT newest.user_id, 0, 0
        FROM unnest(viewer_interests) AS mine (interest)
        CROSS JOIN LATERAL (
            SELECT i.user_id
            FROM friends.findable_interests i
            WHERE i.interest = mine.interest
            ORDER BY i.user_id DESC
            LIMIT 50
        ) newest
    ),
    people AS (
        SELECT s.user_id, max(s.shared) AS shared, max(s.groups) AS groups
        FROM signs s
        GROUP BY s.user_id
    )
    SELECT
        p.user_id,
        p.shared,
        p.groups,
        (SELECT count(*) FROM friends.findable_interests i WHERE i.user_id = p.user_id AND i.interest = ANY (viewer_interests)),
        u.locale,
        u.create_time
    FROM people p
    JOIN friends.findable f ON f.user_id = p.user_id
    JOIN friends.users u ON u.user_id = p.user_id
    WHERE p.user_id NOT IN (SELECT h.user_id FROM friends.hidden_from(viewer) h)
        AND p.user_id NOT IN (SELECT c.user_id FROM circle c WHERE c.shared IS NULL)
        AND p.user_id NOT IN (SELECT d.dismissed_id FROM friends.dismissed_suggestions d WHERE d.user_id = viewer)
        AND p.user_id NOT IN (
            SELECT r.receiver_id FROM friends.friend_requests r WHERE r.sender_id = viewer AND r.status = 'pending'
            UNION ALL
            SELECT r.sender_id
            FROM friends.friend_requests r
            WHERE r.receiver_id = viewer AND r.status = 'pending' AND NOT r.hidden
        )
        AND (NOT f.in_circle OR p.shared > 0 OR friends.is_in_circle(viewer, p.user_id));
END
$$;

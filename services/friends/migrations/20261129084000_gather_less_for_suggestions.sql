-- Of a huge circle half as much is gathered: for somebody with a thousand friends of many friends that was four fifths of all that suggestions cost, and
-- their slowest calls came near the tenth of a second that they may take.

CREATE OR REPLACE FUNCTION friends.find_suggestions(viewer uuid, companions uuid[], companion_groups bigint[], viewer_interests text[])
RETURNS TABLE (user_id uuid, shared bigint, groups bigint, interests bigint, locale text, create_time timestamptz)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH circle AS MATERIALIZED (
        SELECT c.user_id, c.shared FROM friends.circle(viewer, 20000, 600) c
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
    CROSS JOIN LATERAL (
        SELECT l.in_circle, l.user_id
        FROM friends.findable l
        WHERE l.user_id = p.user_id
        OFFSET 0
    ) f
    CROSS JOIN LATERAL (
        SELECT k.locale, k.create_time
        FROM friends.users k
        WHERE k.user_id = p.user_id
        OFFSET 0
    ) u
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

-- People as one viewer may see them. Every list joins it, so that a page of any list is one query and all lists agree.
-- Counts are counted, not kept: the mutual count walks the same index entries anyway, and a kept count would be one more
-- row for every two people to lock.
CREATE FUNCTION friends.people(viewer uuid, ids uuid[])
RETURNS TABLE (
    user_id              uuid,
    username             text,
    display_name         text,
    avatar_url           text,
    bio                  text,
    interests            text[],
    locale               text,
    create_time          timestamptz,
    friends_count        bigint,
    mutual_friends_count bigint,
    relation             text
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    WITH mine AS MATERIALIZED (
        SELECT f.hi AS friend_id
        FROM friends.friendships f
        WHERE f.lo = viewer
        UNION ALL
        SELECT f.lo
        FROM friends.friendships f
        WHERE f.hi = viewer
    ),
    theirs AS (
        SELECT f.lo AS person_id, f.hi AS friend_id
        FROM friends.friendships f
        WHERE f.lo = ANY (ids)
        UNION ALL
        SELECT f.hi, f.lo
        FROM friends.friendships f
        WHERE f.hi = ANY (ids)
    ),
    counts AS (
        SELECT t.person_id, count(*) AS friends, count(m.friend_id) AS mutual
        FROM theirs t
        LEFT JOIN mine m ON m.friend_id = t.friend_id
        GROUP BY t.person_id
    )
    SELECT
        u.user_id,
        u.username,
        u.display_name,
        u.avatar_url,
        u.bio,
        u.interests,
        u.locale,
        u.create_time,
        COALESCE(c.friends, 0),
        CASE WHEN u.user_id = viewer THEN 0 ELSE COALESCE(c.mutual, 0) END,
        CASE
            WHEN u.user_id = viewer THEN 'self'
            WHEN EXISTS (
                SELECT FROM friends.blocks b
                WHERE b.blocker_id = viewer AND b.blocked_id = u.user_id
            ) THEN 'blocked'
            WHEN EXISTS (SELECT FROM mine m WHERE m.friend_id = u.user_id) THEN 'friends'
            WHEN EXISTS (
                SELECT FROM friends.friend_requests r
                WHERE r.sender_id = u.user_id AND r.receiver_id = viewer AND r.status = 'pending' AND NOT r.hidden
            ) THEN 'incoming'
            WHEN EXISTS (
                SELECT FROM friends.friend_requests r
                WHERE r.sender_id = viewer AND r.receiver_id = u.user_id AND r.status = 'pending'
            ) THEN 'outgoing'
            ELSE 'none'
        END
    FROM friends.users u
    LEFT JOIN counts c ON c.person_id = u.user_id
    WHERE u.user_id = ANY (ids)
$$;

//! Many rows of the graph at once, as an import writes them.

use chrono::{DateTime, Utc};
use kith_ids::{FriendRequestId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, privacy::audience};
use crate::domain::{
    pair::Pair,
    privacy::Privacy,
    request::{FriendRequest, SendFacts},
};

/// What decides about a request of the first to the second, for each of these, in their order. Shared friends are looked for
/// only where a setting asks for them: it is the one costly part.
#[tracing::instrument(name = "db.imports.list_facts", skip_all)]
pub(crate) async fn list_facts(
    conn: &mut PgConnection,
    links: &[(UserId, UserId)],
) -> Result<Vec<SendFacts>> {
    let (senders, receivers): (Vec<UserId>, Vec<UserId>) = links.iter().copied().unzip();
    let rows = sqlx::query!(
        r#"
        SELECT
            EXISTS (SELECT FROM friends.blocks b WHERE b.blocker_id = t.sender AND b.blocked_id = t.receiver) AS "sender_blocks!",
            EXISTS (SELECT FROM friends.blocks b WHERE b.blocker_id = t.receiver AND b.blocked_id = t.sender) AS "receiver_blocks!",
            EXISTS (
                SELECT FROM friends.friendships f
                WHERE f.lo = LEAST(t.sender, t.receiver) AND f.hi = GREATEST(t.sender, t.receiver)
            ) AS "friends!",
            EXISTS (
                SELECT FROM friends.friend_requests r
                WHERE r.sender_id = t.receiver AND r.receiver_id = t.sender AND r.status = 'pending' AND NOT r.hidden
            ) AS "incoming!",
            EXISTS (
                SELECT FROM friends.friend_requests r
                WHERE r.sender_id = t.sender AND r.receiver_id = t.receiver AND r.status = 'pending'
            ) AS "outgoing!",
            CASE WHEN s.friend_requests = 'friends_of_friends' THEN EXISTS (
                SELECT FROM (
                    SELECT hi AS friend_id FROM friends.friendships WHERE lo = t.sender
                    UNION ALL
                    SELECT lo FROM friends.friendships WHERE hi = t.sender
                ) mine
                JOIN friends.friendships f
                    ON f.lo = LEAST(mine.friend_id, t.receiver) AND f.hi = GREATEST(mine.friend_id, t.receiver)
            ) ELSE FALSE END AS "mutual!",
            s.friend_requests AS "policy?"
        FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS t (sender, receiver, place)
        LEFT JOIN friends.privacy_settings s ON s.user_id = t.receiver
        ORDER BY t.place
        "#,
        &senders as _,
        &receivers as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(SendFacts {
                sender_blocks: row.sender_blocks,
                receiver_blocks: row.receiver_blocks,
                friends: row.friends,
                mutual: row.mutual,
                incoming: row.incoming,
                outgoing: row.outgoing,
                policy: match row.policy {
                    Some(word) => audience(&word, "friend_requests")?,
                    None => Privacy::default().friend_requests,
                },
            })
        })
        .collect()
}

/// Makes pairs friends, each since its own time.
#[tracing::instrument(name = "db.imports.insert_friendships", skip_all)]
pub(crate) async fn insert_friendships(
    conn: &mut PgConnection,
    pairs: &[Pair],
    times: &[DateTime<Utc>],
) -> Result<()> {
    let (los, his) = ends(pairs);
    sqlx::query!(
        r#"
        INSERT INTO friends.friendships (lo, hi, create_time)
        SELECT t.lo, t.hi, t.at
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS t (lo, hi, at)
        ON CONFLICT ON CONSTRAINT friendships_pkey DO NOTHING
        "#,
        &los as _,
        &his as _,
        times,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When these pairs became friends, as far as they are.
#[tracing::instrument(name = "db.imports.list_friendships", skip_all)]
pub(crate) async fn list_friendships(
    conn: &mut PgConnection,
    pairs: &[Pair],
) -> Result<Vec<(Pair, DateTime<Utc>)>> {
    let (los, his) = ends(pairs);
    let rows = sqlx::query!(
        r#"
        SELECT f.lo AS "lo: UserId", f.hi AS "hi: UserId", f.create_time
        FROM unnest($1::uuid[], $2::uuid[]) AS t (lo, hi)
        JOIN friends.friendships f ON f.lo = t.lo AND f.hi = t.hi
        "#,
        &los as _,
        &his as _,
    )
    .fetch_all(conn)
    .await?;
    let friendships = rows.into_iter();
    Ok(friendships
        .filter_map(|row| Some((Pair::of(row.lo, row.hi)?, row.create_time)))
        .collect())
}

/// Accepts what is still open between these pairs, hidden requests too: friendship has answered it. Gives the requests.
#[tracing::instrument(name = "db.imports.update_requests_accepted", skip_all)]
pub(crate) async fn update_requests_accepted(
    conn: &mut PgConnection,
    pairs: &[Pair],
    at: DateTime<Utc>,
) -> Result<Vec<FriendRequestId>> {
    let (los, his) = ends(pairs);
    Ok(sqlx::query_scalar!(
        r#"
        UPDATE friends.friend_requests r
        SET status = 'accepted', respond_time = $3
        FROM (
            SELECT lo AS sender_id, hi AS receiver_id FROM unnest($1::uuid[], $2::uuid[]) AS t (lo, hi)
            UNION ALL
            SELECT hi, lo FROM unnest($1::uuid[], $2::uuid[]) AS t (lo, hi)
        ) asked
        WHERE r.sender_id = asked.sender_id AND r.receiver_id = asked.receiver_id AND r.status = 'pending'
        RETURNING r.request_id AS "request_id: FriendRequestId"
        "#,
        &los as _,
        &his as _,
        at,
    )
    .fetch_all(conn)
    .await?)
}

/// Adds pending requests.
#[tracing::instrument(name = "db.imports.insert_requests", skip_all)]
pub(crate) async fn insert_requests(
    conn: &mut PgConnection,
    requests: &[FriendRequest],
) -> Result<()> {
    let ids: Vec<Uuid> = requests.iter().map(|one| *one.id.as_uuid()).collect();
    let senders: Vec<UserId> = requests.iter().map(|one| one.sender).collect();
    let receivers: Vec<UserId> = requests.iter().map(|one| one.receiver).collect();
    let notes: Vec<String> = requests.iter().map(|one| one.note.clone()).collect();
    let hidden: Vec<bool> = requests.iter().map(|one| one.hidden).collect();
    let times: Vec<DateTime<Utc>> = requests.iter().map(|one| one.create_time).collect();
    sqlx::query!(
        r#"
        INSERT INTO friends.friend_requests (request_id, sender_id, receiver_id, note, status, hidden, create_time)
        SELECT t.request_id, t.sender_id, t.receiver_id, t.note, 'pending', t.hidden, t.at
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bool[], $6::timestamptz[])
            AS t (request_id, sender_id, receiver_id, note, hidden, at)
        "#,
        &ids,
        &senders as _,
        &receivers as _,
        &notes,
        &hidden,
        &times,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn ends(pairs: &[Pair]) -> (Vec<UserId>, Vec<UserId>) {
    pairs.iter().map(|pair| (pair.lo(), pair.hi())).unzip()
}

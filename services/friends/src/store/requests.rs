//! `friends.friend_requests`: who asked whom, and what became of it.

use chrono::{DateTime, Utc};
use kith_ids::{FriendRequestId, UserId};
use sqlx::PgConnection;

use super::{Result, StoreError, Window, inconsistent, people::person};
use crate::domain::{
    pair::Pair,
    privacy::Audience,
    request::{Direction, FriendRequest, RequestStatus, RequestView, SendFacts},
};

/// The order of the lists: time, then id, newest first.
pub(crate) type RequestKey = (DateTime<Utc>, FriendRequestId);

struct Row {
    request_id: FriendRequestId,
    sender_id: UserId,
    receiver_id: UserId,
    note: String,
    status: String,
    hidden: bool,
    create_time: DateTime<Utc>,
    respond_time: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for FriendRequest {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.request_id,
            sender: row.sender_id,
            receiver: row.receiver_id,
            note: row.note,
            status: status(&row.status)?,
            hidden: row.hidden,
            create_time: row.create_time,
            respond_time: row.respond_time,
        })
    }
}

fn status(word: &str) -> Result<RequestStatus> {
    RequestStatus::from_word(word).ok_or(inconsistent("friend_requests", "status"))
}

/// The request of that id.
#[tracing::instrument(name = "db.requests.find", skip_all)]
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: FriendRequestId,
) -> Result<Option<FriendRequest>> {
    sqlx::query_as!(
        Row,
        r#"
        SELECT
            request_id AS "request_id: FriendRequestId",
            sender_id AS "sender_id: UserId",
            receiver_id AS "receiver_id: UserId",
            note,
            status,
            hidden,
            create_time,
            respond_time
        FROM friends.friend_requests
        WHERE request_id = $1
        "#,
        id as FriendRequestId,
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// The pending requests between two people, in both directions, hidden ones too.
#[tracing::instrument(name = "db.requests.list_pending_between", skip_all)]
pub(crate) async fn list_pending_between(
    conn: &mut PgConnection,
    pair: Pair,
) -> Result<Vec<FriendRequest>> {
    sqlx::query_as!(
        Row,
        r#"
        SELECT
            request_id AS "request_id: FriendRequestId",
            sender_id AS "sender_id: UserId",
            receiver_id AS "receiver_id: UserId",
            note,
            status,
            hidden,
            create_time,
            respond_time
        FROM friends.friend_requests
        WHERE status = 'pending'
            AND ((sender_id = $1 AND receiver_id = $2) OR (sender_id = $2 AND receiver_id = $1))
        "#,
        pair.lo() as UserId,
        pair.hi() as UserId,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// What decides about a new request, pending ones left out.
#[tracing::instrument(name = "db.requests.find_send_facts", skip_all)]
pub(crate) async fn find_send_facts(
    conn: &mut PgConnection,
    sender: UserId,
    receiver: UserId,
) -> Result<SendFacts> {
    let row = sqlx::query!(
        r#"
        WITH receivers AS (
            SELECT hi AS friend_id FROM friends.friendships WHERE lo = $2
            UNION ALL
            SELECT lo FROM friends.friendships WHERE hi = $2
        ),
        senders AS (
            SELECT hi AS friend_id FROM friends.friendships WHERE lo = $1
            UNION ALL
            SELECT lo FROM friends.friendships WHERE hi = $1
        )
        SELECT
            EXISTS (SELECT FROM friends.blocks WHERE blocker_id = $1 AND blocked_id = $2) AS "sender_blocks!",
            EXISTS (SELECT FROM friends.blocks WHERE blocker_id = $2 AND blocked_id = $1) AS "receiver_blocks!",
            EXISTS (SELECT FROM receivers WHERE friend_id = $1) AS "friends!",
            EXISTS (SELECT FROM receivers JOIN senders USING (friend_id)) AS "mutual!",
            (SELECT friend_requests FROM friends.privacy_settings WHERE user_id = $2) AS policy
        "#,
        sender as UserId,
        receiver as UserId,
    )
    .fetch_one(conn)
    .await?;
    let policy = match row.policy {
        Some(word) => {
            Audience::from_word(&word).ok_or(inconsistent("privacy_settings", "friend_requests"))?
        }
        None => crate::domain::privacy::Privacy::default().friend_requests,
    };
    Ok(SendFacts {
        sender_blocks: row.sender_blocks,
        receiver_blocks: row.receiver_blocks,
        friends: row.friends,
        mutual: row.mutual,
        incoming: false,
        outgoing: false,
        policy,
    })
}

/// Adds a request.
#[tracing::instrument(name = "db.requests.insert", skip_all)]
pub(crate) async fn insert(conn: &mut PgConnection, request: &FriendRequest) -> Result<()> {
    sqlx::query!(
        r#"
        INSERT INTO friends.friend_requests
            (request_id, sender_id, receiver_id, note, status, hidden, create_time, respond_time)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        request.id as FriendRequestId,
        request.sender as UserId,
        request.receiver as UserId,
        request.note,
        request.status.word(),
        request.hidden,
        request.create_time,
        request.respond_time,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a request's status, time of answer and visibility.
#[tracing::instrument(name = "db.requests.update_state", skip_all)]
pub(crate) async fn update_state(conn: &mut PgConnection, request: &FriendRequest) -> Result<()> {
    sqlx::query!(
        r#"
        UPDATE friends.friend_requests
        SET status = $2, respond_time = $3, hidden = $4
        WHERE request_id = $1
        "#,
        request.id as FriendRequestId,
        request.status.word(),
        request.respond_time,
        request.hidden,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes up to `limit` requests from or to somebody, open or closed.
#[tracing::instrument(name = "db.requests.delete_some_of", skip_all)]
pub(crate) async fn delete_some_of(
    conn: &mut PgConnection,
    user: UserId,
    limit: i64,
) -> Result<Vec<FriendRequest>> {
    sqlx::query_as!(
        Row,
        r#"
        DELETE FROM friends.friend_requests
        WHERE request_id IN (
            SELECT request_id
            FROM friends.friend_requests
            WHERE sender_id = $1 OR receiver_id = $1
            LIMIT $2
        )
        RETURNING
            request_id AS "request_id: FriendRequestId",
            sender_id AS "sender_id: UserId",
            receiver_id AS "receiver_id: UserId",
            note,
            status,
            hidden,
            create_time,
            respond_time
        "#,
        user as UserId,
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// One page of somebody's pending requests in one or both directions, newest first.
#[tracing::instrument(name = "db.requests.list", skip_all)]
#[expect(
    clippy::too_many_lines,
    reason = "one statement and the reading of its row"
)]
pub(crate) async fn list(
    conn: &mut PgConnection,
    viewer: UserId,
    direction: Option<Direction>,
    window: Window<RequestKey>,
) -> Result<Vec<RequestView>> {
    let (after_time, after_id) = window.after.unzip();
    let rows = sqlx::query!(
        r#"
        WITH page AS MATERIALIZED (
            (
                SELECT request_id, sender_id AS other_id, TRUE AS incoming, note, create_time
                FROM friends.friend_requests
                WHERE receiver_id = $1 AND status = 'pending' AND NOT hidden
                    AND $2::text IS DISTINCT FROM 'outgoing'
                    AND ($3::timestamptz IS NULL OR (create_time, request_id) < ($3, $4::uuid))
                ORDER BY create_time DESC, request_id DESC
                LIMIT $5
            )
            UNION ALL
            (
                SELECT request_id, receiver_id, FALSE, note, create_time
                FROM friends.friend_requests
                WHERE sender_id = $1 AND status = 'pending'
                    AND $2::text IS DISTINCT FROM 'incoming'
                    AND ($3::timestamptz IS NULL OR (create_time, request_id) < ($3, $4::uuid))
                ORDER BY create_time DESC, request_id DESC
                LIMIT $5
            )
            ORDER BY create_time DESC, request_id DESC
            LIMIT $5
        )
        SELECT
            page.request_id AS "request_id!: FriendRequestId",
            page.incoming AS "incoming!",
            page.note AS "note!",
            page.create_time AS "request_create_time!",
            p.user_id AS "user_id!: UserId",
            p.username AS "username!",
            p.display_name AS "display_name!",
            p.avatar_url,
            p.bio AS "bio!",
            p.interests AS "interests!",
            p.locale AS "locale!",
            p.create_time AS "user_create_time!",
            p.friends_count AS "friends_count!",
            p.mutual_friends_count AS "mutual_friends_count!",
            p.relation AS "relation!"
        FROM page
        JOIN friends.people($1, ARRAY(SELECT other_id FROM page)) p ON p.user_id = page.other_id
        ORDER BY page.create_time DESC, page.request_id DESC
        "#,
        viewer as UserId,
        direction.map(Direction::word),
        after_time,
        after_id as Option<FriendRequestId>,
        window.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(RequestView {
                id: row.request_id,
                direction: if row.incoming {
                    Direction::Incoming
                } else {
                    Direction::Outgoing
                },
                note: row.note,
                status: RequestStatus::Pending,
                create_time: row.request_create_time,
                respond_time: None,
                person: person!(row),
            })
        })
        .collect()
}

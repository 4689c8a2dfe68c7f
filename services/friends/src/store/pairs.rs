//! `friends.pairs`: what chat has been, or must be, told of two people; and the lock on two people.

use kith_ids::UserId;
use sqlx::PgConnection;

use super::{Result, inconsistent, privacy::audience};
use crate::domain::{
    pair::{Pair, PairFacts, PairFlags, PairState},
    privacy::Privacy,
};

/// What decides a pair's flags, and the flags as chat has them, if it knows the pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PairJudgement {
    pub pair: Pair,
    pub facts: PairFacts,
    pub known: Option<PairState>,
}

fn sides(pairs: &[Pair]) -> (Vec<UserId>, Vec<UserId>) {
    pairs.iter().map(|pair| (pair.lo(), pair.hi())).unzip()
}

fn pair_of(lo: UserId, hi: UserId) -> Result<Pair> {
    Pair::of(lo, hi).ok_or(inconsistent("pairs", "lo"))
}

/// Holds these pairs alone until the transaction ends: the first lock of everything about two people, so that two acts
/// between the same two never run at the same time. Taken in the order of the keys, so that two batches cannot wait for each other;
/// two pairs that share a key only wait needlessly.
#[tracing::instrument(name = "db.pairs.lock", skip_all)]
pub(crate) async fn lock(conn: &mut PgConnection, pairs: &[Pair]) -> Result<()> {
    let (los, his) = sides(pairs);
    sqlx::query!(
        r#"
        SELECT pg_advisory_xact_lock(keys.key)
        FROM (
            SELECT hashtextextended('kith.friends.pair:' || lo || ':' || hi, 0) AS key
            FROM unnest($1::uuid[], $2::uuid[]) AS t (lo, hi)
            ORDER BY 1
        ) keys
        "#,
        &los as _,
        &his as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// What there is to judge these pairs by.
#[tracing::instrument(name = "db.pairs.list_judgements", skip_all)]
pub(crate) async fn list_judgements(
    conn: &mut PgConnection,
    pairs: &[Pair],
) -> Result<Vec<PairJudgement>> {
    let (los, his) = sides(pairs);
    let rows = sqlx::query!(
        r#"
        SELECT
            t.lo AS "lo!: UserId",
            t.hi AS "hi!: UserId",
            EXISTS (SELECT FROM friends.friendships f WHERE f.lo = t.lo AND f.hi = t.hi) AS "friends!",
            EXISTS (
                SELECT FROM friends.blocks b
                WHERE (b.blocker_id = t.lo AND b.blocked_id = t.hi)
                    OR (b.blocker_id = t.hi AND b.blocked_id = t.lo)
            ) AS "blocked!",
            EXISTS (SELECT FROM friends.users u WHERE u.user_id IN (t.lo, t.hi) AND u.deleted) AS "gone!",
            lo_settings.direct_messages AS "lo_messages?",
            hi_settings.direct_messages AS "hi_messages?",
            p.version AS "version?",
            p.lo_may_message_hi AS "lo_may_message_hi?",
            p.hi_may_message_lo AS "hi_may_message_lo?",
            p.blocked AS "known_blocked?"
        FROM unnest($1::uuid[], $2::uuid[]) AS t (lo, hi)
        LEFT JOIN friends.privacy_settings lo_settings ON lo_settings.user_id = t.lo
        LEFT JOIN friends.privacy_settings hi_settings ON hi_settings.user_id = t.hi
        LEFT JOIN friends.pairs p ON p.lo = t.lo AND p.hi = t.hi
        "#,
        &los as _,
        &his as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let policy = |word: Option<String>| {
                word.map_or(Ok(Privacy::default().direct_messages), |word| {
                    audience(&word, "direct_messages")
                })
            };
            let pair = pair_of(row.lo, row.hi)?;
            Ok(PairJudgement {
                pair,
                facts: PairFacts {
                    friends: row.friends,
                    blocked: row.blocked,
                    gone: row.gone,
                    lo_messages: policy(row.lo_messages)?,
                    hi_messages: policy(row.hi_messages)?,
                },
                known: row.version.map(|version| PairState {
                    pair,
                    flags: PairFlags {
                        lo_may_message_hi: row.lo_may_message_hi.unwrap_or(false),
                        hi_may_message_lo: row.hi_may_message_lo.unwrap_or(false),
                        blocked: row.known_blocked.unwrap_or(false),
                    },
                    version,
                }),
            })
        })
        .collect()
}

/// Writes these pairs' flags and versions, whether they had any or not.
#[tracing::instrument(name = "db.pairs.update_flags", skip_all)]
pub(crate) async fn update_flags(conn: &mut PgConnection, states: &[PairState]) -> Result<()> {
    let (los, his): (Vec<_>, Vec<_>) = states
        .iter()
        .map(|state| (state.pair.lo(), state.pair.hi()))
        .unzip();
    let flag = |read: fn(&PairFlags) -> bool| -> Vec<bool> {
        states.iter().map(|state| read(&state.flags)).collect()
    };
    let versions: Vec<i64> = states.iter().map(|state| state.version).collect();
    sqlx::query!(
        r#"
        INSERT INTO friends.pairs (lo, hi, lo_may_message_hi, hi_may_message_lo, blocked, version, applied_version)
        SELECT t.lo, t.hi, t.lo_may, t.hi_may, t.blocked, t.version, 0
        FROM unnest($1::uuid[], $2::uuid[], $3::bool[], $4::bool[], $5::bool[], $6::bigint[])
            AS t (lo, hi, lo_may, hi_may, blocked, version)
        ON CONFLICT ON CONSTRAINT pairs_pkey DO UPDATE
        SET
            lo_may_message_hi = excluded.lo_may_message_hi,
            hi_may_message_lo = excluded.hi_may_message_lo,
            blocked = excluded.blocked,
            version = excluded.version
        "#,
        &los as _,
        &his as _,
        &flag(|flags| flags.lo_may_message_hi),
        &flag(|flags| flags.hi_may_message_lo),
        &flag(|flags| flags.blocked),
        &versions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A pair as chat knows it or will.
#[tracing::instrument(name = "db.pairs.find", skip_all)]
pub(crate) async fn find(conn: &mut PgConnection, pair: Pair) -> Result<Option<PairState>> {
    let row = sqlx::query!(
        r#"
        SELECT lo_may_message_hi, hi_may_message_lo, blocked, version
        FROM friends.pairs
        WHERE lo = $1 AND hi = $2
        "#,
        pair.lo() as UserId,
        pair.hi() as UserId,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| PairState {
        pair,
        flags: PairFlags {
            lo_may_message_hi: row.lo_may_message_hi,
            hi_may_message_lo: row.hi_may_message_lo,
            blocked: row.blocked,
        },
        version: row.version,
    }))
}

/// Those of these pairs of which chat may not have the newest version.
#[tracing::instrument(name = "db.pairs.list_unapplied", skip_all)]
pub(crate) async fn list_unapplied(
    conn: &mut PgConnection,
    pairs: &[Pair],
) -> Result<Vec<PairState>> {
    let (los, his) = sides(pairs);
    let rows = sqlx::query!(
        r#"
        SELECT
            p.lo AS "lo: UserId",
            p.hi AS "hi: UserId",
            p.lo_may_message_hi,
            p.hi_may_message_lo,
            p.blocked,
            p.version
        FROM unnest($1::uuid[], $2::uuid[]) AS t (lo, hi)
        JOIN friends.pairs p ON p.lo = t.lo AND p.hi = t.hi
        WHERE p.applied_version < p.version
        "#,
        &los as _,
        &his as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(PairState {
                pair: pair_of(row.lo, row.hi)?,
                flags: PairFlags {
                    lo_may_message_hi: row.lo_may_message_hi,
                    hi_may_message_lo: row.hi_may_message_lo,
                    blocked: row.blocked,
                },
                version: row.version,
            })
        })
        .collect()
}

/// Notes that chat has these versions.
#[tracing::instrument(name = "db.pairs.update_applied", skip_all)]
pub(crate) async fn update_applied(conn: &mut PgConnection, states: &[PairState]) -> Result<()> {
    let (los, his): (Vec<_>, Vec<_>) = states
        .iter()
        .map(|state| (state.pair.lo(), state.pair.hi()))
        .unzip();
    let versions: Vec<i64> = states.iter().map(|state| state.version).collect();
    sqlx::query!(
        r#"
        UPDATE friends.pairs p
        SET applied_version = GREATEST(p.applied_version, done.version)
        FROM (
            SELECT pairs.lo, pairs.hi, t.version
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS t (lo, hi, version)
            JOIN friends.pairs ON pairs.lo = t.lo AND pairs.hi = t.hi
            -- In order, so that two nodes that note overlapping batches cannot wait for each other.
            ORDER BY pairs.lo, pairs.hi
            FOR NO KEY UPDATE OF pairs
        ) done
        WHERE p.lo = done.lo AND p.hi = done.hi
        "#,
        &los as _,
        &his as _,
        &versions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Some of the people with whom somebody makes a known pair, by id.
#[tracing::instrument(name = "db.pairs.list_others", skip_all)]
pub(crate) async fn list_others(
    conn: &mut PgConnection,
    user: UserId,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<UserId>> {
    Ok(sqlx::query_scalar!(
        r#"
        SELECT other_id AS "other_id!: UserId"
        FROM (
            SELECT hi AS other_id FROM friends.pairs WHERE lo = $1 AND ($2::uuid IS NULL OR hi > $2)
            UNION ALL
            SELECT lo FROM friends.pairs WHERE hi = $1 AND ($2::uuid IS NULL OR lo > $2)
        ) others
        ORDER BY other_id
        LIMIT $3
        "#,
        user as UserId,
        after as Option<UserId>,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

//! What friends decided for pairs of people.

use kith_ids::UserId;
use sqlx::PgConnection;

use crate::domain::pair::{Pair, PairKey};

/// Above every version that friends gives: a pair closed for ever, because one of the two is gone.
const CLOSED: i64 = i64::MAX;

/// Takes what friends says and locks the rows, in the order of their keys, also those where the known version is newer.
#[tracing::instrument(name = "db.pairs.insert", skip_all)]
pub(crate) async fn insert(db: &mut PgConnection, pairs: &[Pair]) -> Result<(), sqlx::Error> {
    let los: Vec<UserId> = pairs.iter().map(|pair| pair.key.lo).collect();
    let his: Vec<UserId> = pairs.iter().map(|pair| pair.key.hi).collect();
    let versions: Vec<i64> = pairs.iter().map(|pair| pair.version).collect();
    let up: Vec<bool> = pairs.iter().map(|pair| pair.lo_may_message_hi).collect();
    let down: Vec<bool> = pairs.iter().map(|pair| pair.hi_may_message_lo).collect();
    let blocked: Vec<bool> = pairs.iter().map(|pair| pair.blocked).collect();
    // ON CONFLICT … WHERE locks the row even where the condition turns the update away.
    sqlx::query!(
        "INSERT INTO chat.direct_pairs (user_lo, user_hi, version, lo_may_message_hi, hi_may_message_lo, blocked)
         SELECT DISTINCT ON (given.lo, given.hi)
                given.lo, given.hi, given.version, given.up, given.down, given.blocked
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::boolean[], $5::boolean[], $6::boolean[])
              AS given (lo, hi, version, up, down, blocked)
         ORDER BY given.lo, given.hi, given.version DESC
         ON CONFLICT (user_lo, user_hi) DO UPDATE
         SET version = excluded.version,
             lo_may_message_hi = excluded.lo_may_message_hi,
             hi_may_message_lo = excluded.hi_may_message_lo,
             blocked = excluded.blocked
         WHERE direct_pairs.version < excluded.version",
        &los as &[UserId],
        &his as &[UserId],
        &versions,
        &up,
        &down,
        &blocked,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A pair as it is known.
#[tracing::instrument(name = "db.pairs.find", skip_all)]
pub(crate) async fn find(db: &mut PgConnection, key: PairKey) -> Result<Option<Pair>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT version, lo_may_message_hi, hi_may_message_lo, blocked
         FROM chat.direct_pairs
         WHERE user_lo = $1 AND user_hi = $2",
        key.lo as UserId,
        key.hi as UserId,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Pair {
        key,
        version: row.version,
        lo_may_message_hi: row.lo_may_message_hi,
        hi_may_message_lo: row.hi_may_message_lo,
        blocked: row.blocked,
    }))
}

/// Those of these people between whom and somebody a block lies.
pub(crate) async fn list_blocked(
    db: &mut PgConnection,
    user: UserId,
    among: &[UserId],
) -> Result<Vec<UserId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT other.id AS "id!: UserId"
           FROM unnest($2::uuid[]) AS other (id)
           JOIN chat.direct_pairs AS pair
               ON pair.user_lo = least(other.id, $1) AND pair.user_hi = greatest(other.id, $1) AND pair.blocked"#,
        user as UserId,
        among as &[UserId],
    )
    .fetch_all(db)
    .await
}

/// Closes a pair for ever. What stood between the two about typing and receipts stays.
#[tracing::instrument(name = "db.pairs.update_closed", skip_all)]
pub(crate) async fn update_closed(db: &mut PgConnection, key: PairKey) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE chat.direct_pairs
         SET version = $3,
             lo_may_message_hi = false,
             hi_may_message_lo = false
         WHERE user_lo = $1 AND user_hi = $2",
        key.lo as UserId,
        key.hi as UserId,
        CLOSED,
    )
    .execute(db)
    .await?;
    Ok(())
}

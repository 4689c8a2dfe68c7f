//! Pairs as friends tells of them.

use kith_api::friends::v1;

use crate::domain::pair::{Pair, PairKey};

/// A pair; none when its ids are no ids, or not two in order.
pub(crate) fn pair(pair: &v1::Pair) -> Option<Pair> {
    let lo = pair.user_lo_id.parse().ok()?;
    let hi = pair.user_hi_id.parse().ok()?;
    (lo < hi).then(|| Pair {
        key: PairKey { lo, hi },
        version: i64::try_from(pair.version).unwrap_or(i64::MAX - 1),
        lo_may_message_hi: pair.lo_may_message_hi,
        hi_may_message_lo: pair.hi_may_message_lo,
        blocked: pair.blocked,
    })
}

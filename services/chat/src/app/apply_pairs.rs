//! Takes what friends decided for pairs of people. It holds for every send that commits after the answer.

use kith_ids::UserId;

use crate::{
    Error,
    app::App,
    domain::pair::{Pair, PairKey},
    store::{pairs, rooms, users},
};

/// How often the batch starts again because a room appeared meanwhile.
const ATTEMPTS: usize = 5;

/// Takes the pairs; a version not above the known one is ignored.
pub(crate) async fn apply_pairs(app: &App, given: &[Pair]) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        if apply(app, given).await? {
            return Ok(());
        }
    }
    Err(Error::Unavailable(
        "rooms appear faster than their pairs can be locked",
    ))
}

/// Rooms first, then pairs, so that a send that was judged by the old flags has committed before the new ones are there.
/// False when a room was opened between the two steps: it is not locked, so its sends are not held back.
async fn apply(app: &App, given: &[Pair]) -> Result<bool, Error> {
    let keys: Vec<PairKey> = given.iter().map(|pair| pair.key).collect();
    let mut tx = app.pool.begin().await?;
    let locked = rooms::list_by_pairs(&mut tx, &keys).await?;
    rooms::lock(&mut tx, &locked).await?;
    let blocked: Vec<UserId> = given
        .iter()
        .filter(|pair| pair.blocked)
        .flat_map(|pair| [pair.key.lo, pair.key.hi])
        .collect();
    // Whoever is bringing one of them into a group was judged without the block: they come first, or see it.
    users::lock_alone(&mut tx, &blocked).await?;
    pairs::insert(&mut tx, given).await?;
    // Whoever opens a room holds the pair's row, which is ours now: no further one can appear.
    if rooms::list_by_pairs(&mut tx, &keys).await? != locked {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

//! What chat must know of two people.

use kith_ids::UserId;

use super::{
    App, Result,
    notices::Notices,
    pair_sync::{Unknown, judge_pairs},
    pair_with,
};
use crate::{
    domain::pair::PairState,
    error::Error,
    store::{self, pairs},
};

impl App {
    /// A pair's flags and version. From the first question on, chat is told of every change.
    pub(crate) async fn get_pair(&self, one: UserId, other: UserId) -> Result<PairState> {
        let _turn = self.sibling_turns.take().await?;
        let pair = pair_with(one, other)?;
        if let Some(known) = pairs::find(&mut *store::acquire(&self.pool).await?, pair).await? {
            return Ok(known);
        }
        self.know_users(&pair.both()).await?;

        let mut tx = self.begin_pair(pair).await?;
        let mut notices = Notices::new(self);
        judge_pairs(&mut tx, &[pair], Unknown::Create, &mut notices).await?;
        notices.write(&mut tx).await?;
        let state = pairs::find(&mut tx, pair)
            .await?
            .ok_or(Error::UserNotFound)?;
        store::commit(tx).await?;
        Ok(state)
    }
}

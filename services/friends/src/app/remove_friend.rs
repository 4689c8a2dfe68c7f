//! Ending a friendship.

use kith_ids::UserId;

use super::{
    App, Result,
    notices::Notices,
    pair_sync::{Unknown, judge_pairs},
    pair_with,
};
use crate::{
    domain::visibility::VisibilityChange,
    error::Error,
    store::{self, friendships},
};

impl App {
    /// Ends a friendship if there is one; what they may then write holds in chat before this returns.
    pub(crate) async fn remove_friend(&self, caller: UserId, friend: UserId) -> Result<()> {
        let pair = pair_with(caller, friend)?;

        let mut tx = match self.begin_pair(pair).await {
            // Somebody unknown or deleted is nobody's friend.
            Err(Error::UserNotFound) => return Ok(()),
            begun => begun?,
        };
        let mut notices = Notices::new(self);
        if friendships::delete(&mut tx, pair).await? {
            notices.friendship_ended(pair);
            notices.visibility(VisibilityChange::Between(pair));
            judge_pairs(&mut tx, &[pair], Unknown::Skip, &mut notices).await?;
        }
        notices.write(&mut tx).await?;
        store::commit(tx).await?;

        self.wake.notify_one();
        // Also when nothing changed: the call may be the repetition of one that did not reach chat.
        self.tell_of_pair(pair).await
    }
}

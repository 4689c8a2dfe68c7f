//! Lifting a block.

use kith_ids::UserId;

use super::{
    App, Result,
    notices::Notices,
    pair_sync::{Unknown, judge_pairs},
    pair_with,
};
use crate::{
    domain::{event::UserEvent, visibility::VisibilityChange},
    error::Error,
    store::{self, blocks},
};

impl App {
    /// Lifts the caller's block if there is one; nothing that it ended comes back.
    pub(crate) async fn unblock_user(&self, blocker: UserId, target: UserId) -> Result<()> {
        let pair = pair_with(blocker, target)?;

        let mut tx = match self.begin_pair(pair).await {
            // Nobody blocks somebody unknown or deleted.
            Err(Error::UserNotFound) => return Ok(()),
            begun => begun?,
        };
        let mut notices = Notices::new(self);
        if blocks::delete(&mut tx, blocker, target).await? {
            notices.event(blocker, &UserEvent::BlockRemoved(target));
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

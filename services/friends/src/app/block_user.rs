//! Blocking somebody.

use kith_ids::UserId;
use sqlx::PgConnection;

use super::{
    App, Result,
    notices::Notices,
    pair_sync::{Unknown, judge_pairs},
    pair_with,
};
use crate::{
    domain::{
        event::UserEvent,
        pair::Pair,
        request::{FriendRequest, RequestStatus},
        visibility::VisibilityChange,
    },
    store::{self, blocks, friendships, requests},
};

impl App {
    /// Blocks somebody, which ends friendship and open requests; holds in chat before this returns.
    pub(crate) async fn block_user(&self, blocker: UserId, target: UserId) -> Result<()> {
        let pair = pair_with(blocker, target)?;
        self.require_users(&pair.both()).await?;

        let mut tx = self.begin_pair(pair).await?;
        let mut notices = Notices::new(self);
        if blocks::insert(&mut tx, blocker, target, self.now()).await? {
            notices.event(blocker, &UserEvent::BlockAdded(target));
            notices.visibility(VisibilityChange::Between(pair));
            if friendships::delete(&mut tx, pair).await? {
                notices.friendship_ended(pair);
            }
            end_requests(&mut tx, pair, blocker, &mut notices).await?;
            judge_pairs(&mut tx, &[pair], Unknown::Create, &mut notices).await?;
        }
        notices.write(&mut tx).await?;
        store::commit(tx).await?;

        self.wake.notify_one();
        // Also when nothing changed: the call may be the repetition of one that did not reach chat.
        self.tell_of_pair(pair).await
    }
}

/// The blocker's own request becomes cancelled; the other's goes out of the blocker's sight for ever and stays pending for its sender,
/// who cannot tell.
async fn end_requests(
    conn: &mut PgConnection,
    pair: Pair,
    blocker: UserId,
    notices: &mut Notices<'_>,
) -> Result<()> {
    for request in requests::list_pending_between(conn, pair).await? {
        if request.sender == blocker {
            let closed = request.closed(RequestStatus::Cancelled, notices.now());
            requests::update_state(conn, &closed).await?;
            notices.request(conn, &closed).await?;
        } else {
            let hidden = FriendRequest {
                hidden: true,
                ..request
            };
            requests::update_state(conn, &hidden).await?;
        }
    }
    Ok(())
}

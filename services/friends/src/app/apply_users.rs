//! What accounts says happened to people: changed profiles, disabled and deleted accounts.

use kith_ids::UserId;

use super::{App, Result, notices::Notices};
use crate::{
    domain::{
        event::UserEvent, person::Profile, request::RequestStatus, visibility::VisibilityChange,
    },
    store::{self, blocks, contacts, friendships, privacy, requests, suggestions},
};

/// Rows removed in one transaction.
const BATCH: i64 = 200;

impl App {
    /// Takes newer versions of people. A deleted person's friendships, requests, blocks and settings go, and nobody can write to them.
    pub(crate) async fn apply_users(&self, profiles: Vec<Profile>) -> Result<()> {
        let _turn = self.sibling_turns.take().await?;
        let deleted: Vec<UserId> = profiles
            .iter()
            .filter(|profile| profile.deleted)
            .map(|profile| profile.id)
            .collect();
        // Committed first: whatever is begun about a deleted person after this refuses, and so nothing is added while the rest is removed.
        self.refresh_users(profiles).await?;
        // Also for those already known as deleted: the call may be the repetition of one that was cut off half-way.
        for user in deleted {
            self.forget_user(user).await?;
        }
        Ok(())
    }

    async fn forget_user(&self, user: UserId) -> Result<()> {
        while self.forget_friends(user).await? {}
        while self.forget_requests(user).await? {}
        while self.forget_blocks(user).await? {}
        let mut tx = store::begin(&self.pool).await?;
        privacy::delete(&mut tx, user).await?;
        contacts::delete(&mut tx, user).await?;
        contacts::delete_awaited(&mut tx, user).await?;
        contacts::delete_budget(&mut tx, user).await?;
        suggestions::delete_dismissed(&mut tx, user).await?;
        let mut notices = Notices::new(self);
        notices.recompute_soon(user);
        notices.visibility(VisibilityChange::Gone(user));
        notices.write(&mut tx).await?;
        store::commit(tx).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// False when there was nothing left to do.
    async fn forget_friends(&self, user: UserId) -> Result<bool> {
        let mut tx = store::begin(&self.pool).await?;
        let friends = friendships::delete_some_of(&mut tx, user, BATCH).await?;
        let mut notices = Notices::new(self);
        for friend in &friends {
            notices.event(*friend, &UserEvent::FriendRemoved(user));
        }
        notices.write(&mut tx).await?;
        store::commit(tx).await?;
        Ok(!friends.is_empty())
    }

    /// False when there was nothing left to do. The other one sees an open request end as cancelled, whoever had sent it.
    async fn forget_requests(&self, user: UserId) -> Result<bool> {
        let mut tx = store::begin(&self.pool).await?;
        let removed = requests::delete_some_of(&mut tx, user, BATCH).await?;
        let more = !removed.is_empty();
        let mut notices = Notices::new(self);
        for request in removed {
            if request.status == RequestStatus::Pending {
                let other = request.other(user);
                let closed = request.closed(RequestStatus::Cancelled, notices.now());
                notices.request_to(&mut tx, &closed, other).await?;
            }
        }
        notices.write(&mut tx).await?;
        store::commit(tx).await?;
        Ok(more)
    }

    /// False when there was nothing left to do.
    async fn forget_blocks(&self, user: UserId) -> Result<bool> {
        let mut tx = store::begin(&self.pool).await?;
        let removed = blocks::delete_some_of(&mut tx, user, BATCH).await?;
        let mut notices = Notices::new(self);
        for (blocker, blocked) in &removed {
            if *blocked == user {
                notices.event(*blocker, &UserEvent::BlockRemoved(user));
            }
        }
        notices.write(&mut tx).await?;
        store::commit(tx).await?;
        Ok(!removed.is_empty())
    }
}

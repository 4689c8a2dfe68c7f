//! Accepting, declining and cancelling.

use kith_ids::{FriendRequestId, UserId};
use sqlx::PgConnection;

use super::{
    App, Result,
    notices::Notices,
    pair_sync::{Unknown, judge_pairs},
    pair_with,
    send_friend_request::view_of,
};
use crate::{
    domain::{
        pair::Pair,
        request::{Action, Answer, AnswerRefusal, FriendRequest, RequestStatus, RequestView},
        visibility::VisibilityChange,
    },
    error::Error,
    store::{self, friendships, requests},
};

impl App {
    /// Answers a request; the same answer again changes nothing.
    pub(crate) async fn respond_to_friend_request(
        &self,
        viewer: UserId,
        id: FriendRequestId,
        action: Action,
    ) -> Result<RequestView> {
        // Read first only to learn which pair to lock; everything is judged again under the lock.
        let found = requests::find(&mut *store::acquire(&self.pool).await?, id)
            .await?
            .filter(|request| request.direction_for(viewer).is_some())
            .ok_or(Error::RequestNotFound)?;
        let pair = pair_with(found.sender, found.receiver)?;

        let mut tx = self.begin_pair(pair).await.map_err(gone)?;
        let request = requests::find(&mut tx, id)
            .await?
            .ok_or(Error::RequestNotFound)?;
        let mut notices = Notices::new(self);
        let request = match request.answer(viewer, action)? {
            Answer::Unchanged => request,
            Answer::Becomes(RequestStatus::Accepted) => {
                let pending = requests::list_pending_between(&mut tx, pair).await?;
                befriend(&mut tx, pair, viewer, pending, &mut notices).await?
            }
            Answer::Becomes(status) => {
                let closed = request.closed(status, self.now());
                requests::update_state(&mut tx, &closed).await?;
                notices.request(&mut tx, &closed).await?;
                closed
            }
        };
        let view = view_of(&mut tx, &request, viewer).await?;
        notices.write(&mut tx).await?;
        store::commit(tx).await?;

        self.wake.notify_one();
        if view.status == RequestStatus::Accepted {
            self.tell_pair_soon(pair).await;
        }
        Ok(view)
    }
}

/// Makes two people friends by the request that `accepter` was sent, and gives that request. Closes everything that is open between the two:
/// a hidden request the other way is answered by the friendship too.
pub(super) async fn befriend(
    conn: &mut PgConnection,
    pair: Pair,
    accepter: UserId,
    pending: Vec<FriendRequest>,
    notices: &mut Notices<'_>,
) -> Result<FriendRequest> {
    let now = notices.now();
    friendships::insert(conn, pair, now).await?;
    notices.visibility(VisibilityChange::Between(pair));
    let mut closed = Vec::with_capacity(pending.len());
    for request in pending {
        let request = request.closed(RequestStatus::Accepted, now);
        requests::update_state(conn, &request).await?;
        closed.push(request);
    }
    // Events are read only now, when all is written, so that each shows the two as friends.
    for request in &closed {
        notices.request(conn, request).await?;
    }
    judge_pairs(conn, &[pair], Unknown::Skip, notices).await?;
    closed
        .into_iter()
        .find(|request| request.receiver == accepter)
        .ok_or(Error::RequestNotFound)
}

/// A deleted account's requests are gone with it, also in the moment before they are removed.
fn gone(error: Error) -> Error {
    match error {
        Error::UserNotFound => Error::RequestNotFound,
        other => other,
    }
}

impl From<AnswerRefusal> for Error {
    fn from(refusal: AnswerRefusal) -> Self {
        match refusal {
            AnswerRefusal::Unseen => Self::RequestNotFound,
            AnswerRefusal::NotTheirs => Self::NotTheirs,
            AnswerRefusal::Closed => Self::RequestClosed,
        }
    }
}

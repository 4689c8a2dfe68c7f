//! Asking somebody to be friends.

use kith_ids::UserId;
use sqlx::PgConnection;

use super::{App, Result, notices::Notices, pair_with, respond_to_friend_request::befriend};
use crate::{
    domain::{
        pair::Pair,
        request::{FriendRequest, RequestStatus, RequestView, SendFacts, SendOutcome, SendRefusal},
    },
    error::Error,
    store::{self, people, requests},
};

impl App {
    /// Sends a request, or accepts theirs if they asked first.
    pub(crate) async fn send_friend_request(
        &self,
        sender: UserId,
        receiver: UserId,
        note: String,
    ) -> Result<RequestView> {
        let pair = pair_with(sender, receiver)?;
        self.require_users(&pair.both()).await?;

        let mut tx = self.begin_pair(pair).await?;
        let pending = requests::list_pending_between(&mut tx, pair).await?;
        let facts = send_facts(&mut tx, pair, sender, &pending).await?;
        let mut notices = Notices::new(self);
        let request = match facts.judge()? {
            SendOutcome::AcceptTheirs => {
                befriend(&mut tx, pair, sender, pending, &mut notices).await?
            }
            SendOutcome::Ask { hidden } => {
                let request = FriendRequest {
                    id: self.clock.new_id().into(),
                    sender,
                    receiver,
                    note,
                    status: RequestStatus::Pending,
                    hidden,
                    create_time: self.now(),
                    respond_time: None,
                };
                requests::insert(&mut tx, &request).await?;
                notices.request(&mut tx, &request).await?;
                request
            }
        };
        let view = view_of(&mut tx, &request, sender).await?;
        notices.write(&mut tx).await?;
        store::commit(tx).await?;

        self.wake.notify_one();
        if view.status == RequestStatus::Accepted {
            self.tell_pair_soon(pair).await;
        }
        Ok(view)
    }
}

async fn send_facts(
    conn: &mut PgConnection,
    pair: Pair,
    sender: UserId,
    pending: &[FriendRequest],
) -> Result<SendFacts> {
    let receiver = if pair.lo() == sender {
        pair.hi()
    } else {
        pair.lo()
    };
    Ok(SendFacts {
        incoming: pending
            .iter()
            .any(|request| request.receiver == sender && !request.hidden),
        outgoing: pending.iter().any(|request| request.sender == sender),
        ..requests::find_send_facts(conn, sender, receiver).await?
    })
}

/// How one of the two sees a request now.
pub(super) async fn view_of(
    conn: &mut PgConnection,
    request: &FriendRequest,
    viewer: UserId,
) -> Result<RequestView> {
    let direction = request
        .direction_for(viewer)
        .ok_or(Error::RequestNotFound)?;
    let person = people::find(conn, viewer, request.other(viewer))
        .await?
        .ok_or(Error::RequestNotFound)?;
    Ok(request.view(direction, person))
}

impl From<SendRefusal> for Error {
    fn from(refusal: SendRefusal) -> Self {
        match refusal {
            SendRefusal::Blocking => Self::Blocking,
            SendRefusal::AlreadyFriends => Self::AlreadyFriends,
            SendRefusal::AlreadyRequested => Self::AlreadyRequested,
            SendRefusal::Privacy => Self::NotAllowedByPrivacy,
        }
    }
}

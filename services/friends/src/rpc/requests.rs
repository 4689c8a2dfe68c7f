//! Friend requests over gRPC.

use kith_api::friends::v1 as wire;
use tonic::{Request, Response};

use super::{Answer, Friends, convert, decode::Fields, open_for_user};

impl Friends {
    pub(super) async fn send_request(
        &self,
        request: Request<wire::SendFriendRequestRequest>,
    ) -> Answer<wire::SendFriendRequestResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let receiver = fields.id("user_id", &message.user_id);
        let note = fields.note(message.note);
        let (receiver, note) = fields.all(receiver.zip(note))?;

        let view = self.app.send_friend_request(caller, receiver, note).await?;

        Ok(Response::new(wire::SendFriendRequestResponse {
            request: Some(convert::request(view)),
        }))
    }

    pub(super) async fn respond(
        &self,
        request: Request<wire::RespondToFriendRequestRequest>,
    ) -> Answer<wire::RespondToFriendRequestResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let id = fields.id("request_id", &message.request_id);
        let action = fields.action(message.action);
        let (id, action) = fields.all(id.zip(action))?;

        let view = self
            .app
            .respond_to_friend_request(caller, id, action)
            .await?;

        Ok(Response::new(wire::RespondToFriendRequestResponse {
            request: Some(convert::request(view)),
        }))
    }

    pub(super) async fn list_requests(
        &self,
        request: Request<wire::GetFriendRequestsRequest>,
    ) -> Answer<wire::GetFriendRequestsResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let direction = fields.direction(message.direction);
        let direction = fields.all(direction)?;
        let wanted = convert::page_wanted(message.page);

        let page = self
            .app
            .get_friend_requests(caller, direction, &wanted)
            .await?;

        Ok(Response::new(wire::GetFriendRequestsResponse {
            requests: page.items.into_iter().map(convert::request).collect(),
            page: Some(convert::page_response(page.next_token)),
        }))
    }
}

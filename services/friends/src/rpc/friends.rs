//! The friends list over gRPC.

use kith_api::friends::v1 as wire;
use tonic::{Request, Response};

use super::{Answer, Friends, convert, decode::Fields, open_for_user};

impl Friends {
    pub(super) async fn list_friends(
        &self,
        request: Request<wire::GetUserFriendsRequest>,
    ) -> Answer<wire::GetUserFriendsResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let query = fields.query(message.query);
        let query = fields.all(query)?;
        let wanted = convert::page_wanted(message.page);

        let (page, total) = self.app.get_user_friends(caller, &query, &wanted).await?;

        Ok(Response::new(wire::GetUserFriendsResponse {
            friends: page
                .items
                .into_iter()
                .map(|friend| wire::Friend {
                    user: Some(convert::person(friend.person)),
                    since_time: Some(convert::timestamp(friend.since)),
                })
                .collect(),
            page: Some(convert::page_response(page.next_token)),
            total,
        }))
    }

    pub(super) async fn remove(
        &self,
        request: Request<wire::RemoveFriendRequest>,
    ) -> Answer<wire::RemoveFriendResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let friend = fields.id("user_id", &message.user_id);
        let friend = fields.all(friend)?;

        self.app.remove_friend(caller, friend).await?;

        Ok(Response::new(wire::RemoveFriendResponse {}))
    }
}

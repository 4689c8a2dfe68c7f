//! Blocks over gRPC.

use kith_api::friends::v1 as wire;
use tonic::{Request, Response};

use super::{Answer, Friends, convert, decode::Fields, open_for_user};

impl Friends {
    pub(super) async fn block(
        &self,
        request: Request<wire::BlockUserRequest>,
    ) -> Answer<wire::BlockUserResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let blocked = fields.id("user_id", &message.user_id);
        let blocked = fields.all(blocked)?;

        self.app.block_user(caller, blocked).await?;

        Ok(Response::new(wire::BlockUserResponse {}))
    }

    pub(super) async fn unblock(
        &self,
        request: Request<wire::UnblockUserRequest>,
    ) -> Answer<wire::UnblockUserResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let blocked = fields.id("user_id", &message.user_id);
        let blocked = fields.all(blocked)?;

        self.app.unblock_user(caller, blocked).await?;

        Ok(Response::new(wire::UnblockUserResponse {}))
    }

    pub(super) async fn list_blocked(
        &self,
        request: Request<wire::GetBlockedUsersRequest>,
    ) -> Answer<wire::GetBlockedUsersResponse> {
        let (caller, message) = open_for_user(request)?;
        let wanted = convert::page_wanted(message.page);

        let page = self.app.get_blocked_users(caller, &wanted).await?;

        Ok(Response::new(wire::GetBlockedUsersResponse {
            blocked: page
                .items
                .into_iter()
                .map(|blocked| wire::BlockedUser {
                    user: Some(convert::person(blocked.person)),
                    block_time: Some(convert::timestamp(blocked.at)),
                })
                .collect(),
            page: Some(convert::page_response(page.next_token)),
        }))
    }
}

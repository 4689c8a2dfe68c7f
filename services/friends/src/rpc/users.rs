//! People over gRPC.

use kith_api::friends::v1 as wire;
use tonic::{Request, Response};

use super::{Answer, Friends, convert, decode::Fields, open_for_user};

impl Friends {
    pub(super) async fn show_user(
        &self,
        request: Request<wire::GetUserRequest>,
    ) -> Answer<wire::GetUserResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let id = fields.id("user_id", &message.user_id);
        let id = fields.all(id)?;

        let person = self.app.get_user(caller, id).await?;

        Ok(Response::new(wire::GetUserResponse {
            user: Some(convert::person(person)),
        }))
    }
}

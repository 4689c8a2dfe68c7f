//! How people look, once.

use kith_api::presence::v1 as wire;
use tonic::{Request, Response};

use super::{Answer, Presence, convert, decode, open_for_user};

impl Presence {
    pub(super) async fn list_presences(
        &self,
        request: Request<wire::GetPresencesRequest>,
    ) -> Answer<wire::GetPresencesResponse> {
        let (viewer, message) = open_for_user(request)?;
        let users = decode::users("user_ids", &message.user_ids)?;

        let appearances = self.app.get_presences(viewer, &users).await?;

        Ok(Response::new(wire::GetPresencesResponse {
            presences: appearances.into_iter().map(convert::presence).collect(),
        }))
    }
}

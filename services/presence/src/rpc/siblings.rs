//! What friends tells.

use kith_api::presence::v1 as wire;
use tonic::{Request, Response};

use super::{Answer, Presence, decode, open_for_node};

impl Presence {
    pub(super) async fn take_visibility(
        &self,
        request: Request<wire::ApplyVisibilityRequest>,
    ) -> Answer<wire::ApplyVisibilityResponse> {
        let message = open_for_node(request)?;
        let (changes, deleted) = decode::visibility(&message)?;

        self.app.apply_visibility(&changes, &deleted).await?;

        Ok(Response::new(wire::ApplyVisibilityResponse {}))
    }
}

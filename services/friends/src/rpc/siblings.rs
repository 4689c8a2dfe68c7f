//! What other Kith services ask and tell over gRPC.

use kith_api::friends::v1 as wire;
use kith_error::Failure;
use tonic::{Request, Response};

use super::{Answer, Friends, convert, decode::Fields, open_for_node};

impl Friends {
    pub(super) async fn permitted(
        &self,
        request: Request<wire::CheckPermissionRequest>,
    ) -> Answer<wire::CheckPermissionResponse> {
        let message = open_for_node(request)?;
        let mut fields = Fields::default();
        let actor = fields.id("actor_id", &message.actor_id);
        let targets = fields.targets(&message.target_ids);
        let permission = fields.permission(message.permission);
        let ((actor, targets), permission) = fields.all(actor.zip(targets).zip(permission))?;

        let allowed = self
            .app
            .check_permission(actor, targets, permission)
            .await?;

        Ok(Response::new(wire::CheckPermissionResponse {
            allowed_ids: allowed.into_iter().map(Into::into).collect(),
        }))
    }

    pub(super) async fn visible(
        &self,
        request: Request<wire::FilterVisibleRequest>,
    ) -> Answer<wire::FilterVisibleResponse> {
        let message = open_for_node(request)?;
        let mut fields = Fields::default();
        let looks = fields.looks(&message.gazes);
        let looks = fields.all(looks)?;

        let sights = self.app.filter_visible(&looks).await?;

        Ok(Response::new(wire::FilterVisibleResponse {
            sights: sights.into_iter().map(convert::sight).collect(),
        }))
    }

    pub(super) async fn show_pair(
        &self,
        request: Request<wire::GetPairRequest>,
    ) -> Answer<wire::GetPairResponse> {
        let message = open_for_node(request)?;
        let mut fields = Fields::default();
        let one = fields.id("user_id", &message.user_id);
        let other = fields.id("other_id", &message.other_id);
        let (one, other) = fields.all(one.zip(other))?;

        let state = self.app.get_pair(one, other).await?;

        Ok(Response::new(wire::GetPairResponse {
            pair: Some(convert::pair(&state)),
        }))
    }

    pub(super) async fn take_users(
        &self,
        request: Request<wire::ApplyUsersRequest>,
    ) -> Answer<wire::ApplyUsersResponse> {
        let message = open_for_node(request)?;
        let mut fields = Fields::default();
        let counted = fields.user_count(message.users.len());
        fields.all(counted)?;
        let mut profiles = Vec::with_capacity(message.users.len());
        for (index, user) in message.users.into_iter().enumerate() {
            let profile = convert::profile(user).map_err(|malformed| {
                let field = format!("users[{index}].{}", malformed.0);
                Failure::invalid_field(field, "invalid", "not what accounts would send")
            })?;
            profiles.push(profile);
        }

        self.app.apply_users(profiles).await?;

        Ok(Response::new(wire::ApplyUsersResponse {}))
    }
}

//! Privacy settings over gRPC.

use kith_api::friends::v1 as wire;
use tonic::{Request, Response};

use super::{Answer, Friends, convert, decode::Fields, open_for_user};
use crate::domain::privacy::{Audience, PrivacyChange};

/// The circles of most settings.
const CIRCLES: [Audience; 3] = [Audience::Everyone, Audience::Friends, Audience::Nobody];
/// The circles of who may find them and send requests.
const REACH_CIRCLES: [Audience; 3] = [
    Audience::Everyone,
    Audience::FriendsOfFriends,
    Audience::Nobody,
];

impl Friends {
    pub(super) async fn show_privacy(
        &self,
        request: Request<wire::GetPrivacySettingsRequest>,
    ) -> Answer<wire::GetPrivacySettingsResponse> {
        let (caller, _) = open_for_user(request)?;

        let settings = self.app.get_privacy_settings(caller).await?;

        Ok(Response::new(wire::GetPrivacySettingsResponse {
            settings: Some(convert::privacy_settings(settings)),
        }))
    }

    pub(super) async fn change_privacy(
        &self,
        request: Request<wire::UpdatePrivacySettingsRequest>,
    ) -> Answer<wire::UpdatePrivacySettingsResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let change = PrivacyChange {
            searchable: fields.audience("searchable", message.searchable, REACH_CIRCLES),
            friend_requests: fields.audience(
                "friend_requests",
                message.friend_requests,
                REACH_CIRCLES,
            ),
            direct_messages: fields.audience("direct_messages", message.direct_messages, CIRCLES),
            group_adds: fields.audience("group_adds", message.group_adds, CIRCLES),
            presence: fields.audience("presence", message.presence, CIRCLES),
            last_seen: fields.audience("last_seen", message.last_seen, CIRCLES),
            read_receipts: message.read_receipts,
        };
        let change = fields.all(Some(change))?;

        let settings = self.app.update_privacy_settings(caller, change).await?;

        Ok(Response::new(wire::UpdatePrivacySettingsResponse {
            settings: Some(convert::privacy_settings(settings)),
        }))
    }
}

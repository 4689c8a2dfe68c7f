//! Events as the bytes that wait in the outbox and as what chat is sent.

use kith_api::chat::v1::{
    ContactJoined, OtherUser, SourcedUserEvent, UserEventBody, user_event_body::Body,
};
use kith_ids::UserId;
use prost::{DecodeError, Message as _};

use super::SourcedEvent;
use crate::{
    domain::{event::UserEvent, request::RequestStatus},
    rpc::convert,
};

/// An event as the outbox keeps it.
pub(crate) fn encode_event(event: &UserEvent) -> Vec<u8> {
    UserEventBody {
        body: Some(body(event)),
    }
    .encode_to_vec()
}

/// An event as chat is sent it.
pub(super) fn sourced(event: &SourcedEvent) -> Result<SourcedUserEvent, DecodeError> {
    Ok(SourcedUserEvent {
        user_id: event.user.into(),
        source_event_id: event.event_id.to_string(),
        body: Some(UserEventBody::decode(event.body.as_slice())?),
    })
}

fn body(event: &UserEvent) -> Body {
    match event {
        UserEvent::Request(view) => {
            let request = convert::request(view.clone());
            match view.status {
                RequestStatus::Pending => Body::FriendRequested(request),
                RequestStatus::Accepted => Body::FriendAccepted(request),
                RequestStatus::Declined => Body::FriendDeclined(request),
                RequestStatus::Cancelled => Body::FriendCancelled(request),
            }
        }
        UserEvent::FriendRemoved(other) => Body::FriendRemoved(other_user(*other)),
        UserEvent::BlockAdded(other) => Body::BlockAdded(other_user(*other)),
        UserEvent::BlockRemoved(other) => Body::BlockRemoved(other_user(*other)),
        UserEvent::ProfileUpdated(person) => Body::ProfileUpdated(convert::person(person.clone())),
        UserEvent::PrivacyUpdated(settings) => {
            Body::PrivacyUpdated(convert::privacy_settings(*settings))
        }
        UserEvent::ContactJoined(person) => Body::ContactJoined(ContactJoined {
            user: Some(convert::person(person.clone())),
        }),
    }
}

fn other_user(id: UserId) -> OtherUser {
    OtherUser { user_id: id.into() }
}

//! What a device lacks and where everything stands, in one piece.

use std::collections::BTreeMap;

use kith_api::chat::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Event, UserEvent};

/// The answer to `POST /chat/sync`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = SyncResponse)]
pub(crate) struct Sync {
    /// What was missed, by room and seq.
    pub(crate) events: Vec<Event>,
    /// What was missed, by useq.
    pub(crate) user_events: Vec<UserEvent>,
    /// Rooms too far behind to be sent: page these.
    pub(crate) too_long: Vec<Head>,
    /// The person's own log is too far behind to be sent.
    pub(crate) user_too_long: bool,
    /// Room id to newest seq, of the caller's rooms.
    pub(crate) heads: BTreeMap<String, u64>,
    pub(crate) epoch: u64,
    pub(crate) useq: u64,
}

/// Where a room's log ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RoomHead)]
pub(crate) struct Head {
    pub(crate) room_id: String,
    pub(crate) last_seq: u64,
}

impl Sync {
    /// The answer as `viewer` (a user id) sees it.
    pub(crate) fn for_viewer(response: v1::SyncResponse, viewer: &str) -> Self {
        Self {
            events: response
                .events
                .into_iter()
                .map(|event| Event::new(event, Some(viewer)))
                .collect(),
            user_events: response
                .user_events
                .into_iter()
                .map(UserEvent::new)
                .collect(),
            too_long: response.too_long.into_iter().map(Into::into).collect(),
            user_too_long: response.user_too_long,
            heads: response
                .memberships
                .into_iter()
                .map(|membership| (membership.room_id, membership.last_seq))
                .collect(),
            epoch: response.epoch,
            useq: response.useq,
        }
    }
}

impl From<v1::RoomHead> for Head {
    fn from(head: v1::RoomHead) -> Self {
        Self {
            room_id: head.room_id,
            last_seq: head.last_seq,
        }
    }
}

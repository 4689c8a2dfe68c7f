//! Rooms and participants in their proto forms.

use kith_api::chat::v1;

use super::{message::message, seq, timestamp};
use crate::domain::{
    participant::{Participant, Viewer},
    role::Role,
    room::RoomKind,
    room_view::RoomView,
};

/// A role.
pub(crate) const fn role(role: Role) -> v1::Role {
    match role {
        Role::Owner => v1::Role::Owner,
        Role::Admin => v1::Role::Admin,
        Role::Member => v1::Role::Member,
    }
}

/// A sort of room.
pub(crate) const fn kind(kind: RoomKind) -> v1::RoomKind {
    match kind {
        RoomKind::Direct => v1::RoomKind::Direct,
        RoomKind::Group => v1::RoomKind::Group,
    }
}

/// A participant, as this viewer may see them.
pub(crate) fn participant(of: &Participant, viewer: Viewer) -> v1::Participant {
    v1::Participant {
        user: Some(v1::Person {
            user_id: of.user_id.to_string(),
            username: of.username().to_owned(),
            display_name: of.display_name().to_owned(),
            avatar_url: of.avatar_url().map(str::to_owned),
        }),
        role: role(of.role).into(),
        join_time: Some(timestamp(of.joined_at)),
        last_read_seq: seq(of.read_seq_for(viewer)),
    }
}

/// A room, as its viewer sees it.
pub(crate) fn room(view: &RoomView) -> v1::Room {
    let viewer = Viewer::User(view.viewer);
    v1::Room {
        room_id: view.id.to_string(),
        kind: kind(view.kind).into(),
        name: view.name.clone(),
        avatar_url: view.avatar_url.clone(),
        external_id: view.external_id.clone(),
        last_seq: seq(view.last_seq),
        epoch: seq(view.epoch),
        last_message: view
            .last_message
            .as_ref()
            .map(|last| message(last.clone(), Some(view.viewer))),
        unread_count: count(view.unread_count),
        mention_count: count(view.mention_count),
        last_read_seq: seq(view.read_seq),
        role: role(view.role).into(),
        joined_seq: seq(view.joined_seq),
        muted_until: view.muted_until.map(timestamp),
        pinned: view.pinned,
        archived: view.archived,
        participant_count: u32::try_from(view.participant_count).unwrap_or(0),
        participants: view
            .participants
            .iter()
            .map(|of| participant(of, viewer))
            .collect(),
        create_time: Some(timestamp(view.created_at)),
        update_time: Some(timestamp(view.updated_at)),
    }
}

/// A count from Postgres, capped long before it does not fit.
pub(crate) fn count(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

//! Lists: pages with a cursor, short lists without, and the two that page by seq.

use std::collections::HashMap;

use kith_api::{chat, common::v1::PageResponse, friends, presence};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Event, Friend, Message, non_empty};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    /// For the next page; `null` on the last one.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}

/// One page of the friends list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct FriendList {
    pub(crate) items: Vec<Friend>,
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
    /// Friends that match, on all pages.
    pub(crate) total: u32,
}

/// Messages of a room by rising seq.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct MessagePage {
    pub(crate) items: Vec<Message>,
    pub(crate) has_before: bool,
    pub(crate) has_after: bool,
    /// Seq of the room's newest event.
    pub(crate) last_seq: u64,
}

/// A stretch of a room's log.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RoomEvents {
    pub(crate) items: Vec<Event>,
    /// First seq that could have been given: above the cursor + 1 when the stay began later.
    pub(crate) from_seq: u64,
    pub(crate) last_seq: u64,
    pub(crate) epoch: u64,
}

impl<T> List<T> {
    /// A page of a service's list.
    pub(crate) fn page<P: Into<T>>(items: Vec<P>, page: Option<PageResponse>) -> Self {
        Self {
            items: items.into_iter().map(Into::into).collect(),
            next_cursor: next_cursor(page),
        }
    }

    /// Everything at once.
    pub(crate) fn whole<P: Into<T>>(items: Vec<P>) -> Self {
        Self::page(items, None)
    }
}

impl FriendList {
    /// What friends answered, with what presence knows of them.
    pub(crate) fn new(
        response: friends::v1::GetUserFriendsResponse,
        presences: &[presence::v1::Presence],
    ) -> Self {
        let presences: HashMap<&str, &presence::v1::Presence> = presences
            .iter()
            .map(|presence| (presence.user_id.as_str(), presence))
            .collect();
        let item = |friend: friends::v1::Friend| {
            let friend = Friend::from(friend);
            let known = presences.get(friend.user.id.as_str());
            Friend {
                presence: known.map(|presence| (*presence).into()),
                ..friend
            }
        };
        Self {
            items: response.friends.into_iter().map(item).collect(),
            next_cursor: next_cursor(response.page),
            total: response.total,
        }
    }
}

impl MessagePage {
    /// What chat answered, as `viewer` sees it.
    pub(crate) fn for_viewer(response: chat::v1::GetRoomMessagesResponse, viewer: &str) -> Self {
        Self {
            items: response
                .messages
                .into_iter()
                .map(|message| Message::for_viewer(message, viewer))
                .collect(),
            has_before: response.has_before,
            has_after: response.has_after,
            last_seq: response.last_seq,
        }
    }
}

impl RoomEvents {
    /// What chat answered, as `viewer` sees it.
    pub(crate) fn for_viewer(response: chat::v1::GetRoomEventsResponse, viewer: &str) -> Self {
        Self {
            items: response
                .events
                .into_iter()
                .map(|event| Event::new(event, Some(viewer)))
                .collect(),
            from_seq: response.from_seq,
            last_seq: response.last_seq,
            epoch: response.epoch,
        }
    }
}

pub(crate) fn next_cursor(page: Option<PageResponse>) -> Option<String> {
    page.and_then(|page| non_empty(page.next_page_token))
}

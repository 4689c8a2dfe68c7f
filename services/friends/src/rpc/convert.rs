//! Between the wire's messages and the domain's types.

use chrono::{DateTime, Utc};
use kith_api::{
    accounts::v1 as accounts,
    common::v1::{PageRequest, PageResponse},
    friends::v1 as wire,
};
use prost_types::Timestamp;

use crate::{
    app::PageWanted,
    domain::{
        pair::PairState,
        person::{Person, Profile, Relation},
        privacy::{Audience, Privacy, Sight},
        request::{Direction, RequestStatus, RequestView},
        suggestion::Suggestion,
    },
};

/// A message of a sibling that no sibling of this version would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub &'static str);

/// A time as the wire has it.
pub(crate) fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0),
    }
}

fn time(wire: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(wire.seconds, u32::try_from(wire.nanos).ok()?)
}

/// A version as the wire has it; versions never are negative.
pub(crate) fn version(version: i64) -> u64 {
    u64::try_from(version).unwrap_or(0)
}

/// What accounts says of a user.
pub(crate) fn profile(user: accounts::User) -> Result<Profile, Malformed> {
    Ok(Profile {
        id: user.user_id.parse().map_err(|_| Malformed("user_id"))?,
        username: user.username,
        display_name: user.display_name,
        avatar_url: user.avatar_url,
        bio: user.bio,
        interests: user.interests,
        locale: user.locale,
        // A deleted account may come without; nobody is shown it.
        create_time: user
            .create_time
            .and_then(time)
            .unwrap_or(DateTime::UNIX_EPOCH),
        disabled: user.disabled,
        deleted: user.deleted,
        version: i64::try_from(user.version).map_err(|_| Malformed("version"))?,
    })
}

/// A person as the viewer may see them.
pub(crate) fn person(person: Person) -> wire::User {
    let (locale, create_time) = person
        .own
        .map(|own| (own.locale, timestamp(own.create_time)))
        .unzip();
    wire::User {
        user_id: person.id.into(),
        username: person.username,
        display_name: person.display_name,
        avatar_url: person.avatar_url,
        bio: person.bio,
        interests: person.interests,
        friends_count: person.friends_count,
        mutual_friends_count: person.mutual_friends_count,
        relation: relation(person.relation).into(),
        locale: locale.filter(|locale| !locale.is_empty()),
        create_time,
    }
}

const fn relation(relation: Relation) -> wire::Relation {
    match relation {
        Relation::Myself => wire::Relation::Self_,
        Relation::None => wire::Relation::None,
        Relation::Friends => wire::Relation::Friends,
        Relation::Incoming => wire::Relation::Incoming,
        Relation::Outgoing => wire::Relation::Outgoing,
        Relation::Blocked => wire::Relation::Blocked,
    }
}

/// A friend request as the viewer sees it.
pub(crate) fn request(view: RequestView) -> wire::FriendRequest {
    let direction = match view.direction {
        Direction::Incoming => wire::RequestDirection::Incoming,
        Direction::Outgoing => wire::RequestDirection::Outgoing,
    };
    let status = match view.status {
        RequestStatus::Pending => wire::RequestStatus::Pending,
        RequestStatus::Accepted => wire::RequestStatus::Accepted,
        RequestStatus::Declined => wire::RequestStatus::Declined,
        RequestStatus::Cancelled => wire::RequestStatus::Cancelled,
    };
    wire::FriendRequest {
        request_id: view.id.into(),
        direction: direction.into(),
        user: Some(person(view.person)),
        note: view.note,
        status: status.into(),
        create_time: Some(timestamp(view.create_time)),
        respond_time: view.respond_time.map(timestamp),
    }
}

/// What a viewer may see of somebody.
pub(crate) fn sight(sight: Sight) -> wire::Sight {
    wire::Sight {
        viewer_id: sight.look.viewer.into(),
        user_id: sight.look.user.into(),
        presence: sight.presence,
        last_seen: sight.last_seen,
    }
}

const fn audience(audience: Audience) -> wire::Audience {
    match audience {
        Audience::Everyone => wire::Audience::Everyone,
        Audience::Friends => wire::Audience::Friends,
        Audience::FriendsOfFriends => wire::Audience::FriendsOfFriends,
        Audience::Nobody => wire::Audience::Nobody,
    }
}

/// Somebody whom the viewer may know.
pub(crate) fn suggestion(suggestion: Suggestion) -> wire::FriendSuggestion {
    wire::FriendSuggestion {
        user: Some(person(suggestion.person)),
        mutual_friends: suggestion.mutual_friends.into_iter().map(person).collect(),
        reason: suggestion.reason,
    }
}

/// Privacy settings.
pub(crate) fn privacy_settings(settings: Privacy) -> wire::PrivacySettings {
    wire::PrivacySettings {
        searchable: audience(settings.searchable).into(),
        friend_requests: audience(settings.friend_requests).into(),
        direct_messages: audience(settings.direct_messages).into(),
        group_adds: audience(settings.group_adds).into(),
        presence: audience(settings.presence).into(),
        last_seen: audience(settings.last_seen).into(),
        read_receipts: settings.read_receipts,
    }
}

/// A pair as chat knows it.
pub(crate) fn pair(state: &PairState) -> wire::Pair {
    wire::Pair {
        user_lo_id: state.pair.lo().into(),
        user_hi_id: state.pair.hi().into(),
        version: version(state.version),
        lo_may_message_hi: state.flags.lo_may_message_hi,
        hi_may_message_lo: state.flags.hi_may_message_lo,
        blocked: state.flags.blocked,
    }
}

/// The page that a caller wants; none means the first of the default size.
pub(crate) fn page_wanted(page: Option<PageRequest>) -> PageWanted {
    page.map_or_else(PageWanted::default, |page| PageWanted {
        size: page.page_size,
        token: page.page_token,
    })
}

/// Where the list goes on.
pub(crate) const fn page_response(next_page_token: String) -> PageResponse {
    PageResponse { next_page_token }
}

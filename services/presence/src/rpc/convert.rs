//! Between the wire's messages and the domain's types; also what is kept of somebody in the lease store and told in hints.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use kith_api::presence::v1::{self as wire, answer::Result as Answered, news::News as Kind};
use kith_ids::UserId;
use prost::Message as _;
use prost_types::Timestamp;

use crate::{
    board::Told,
    domain::{
        appearance::{Appearance, Status},
        roster::Standing,
        wish::{Choice, Custom, Wish},
    },
};

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0),
    }
}

/// A time, if there is such a one.
pub(super) fn read_time(wire: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(wire.seconds, u32::try_from(wire.nanos).ok()?)
}

/// How somebody looks.
pub(super) fn presence(appearance: Appearance) -> wire::Presence {
    let status = match appearance.status {
        Status::Online => wire::Status::Online,
        Status::Away => wire::Status::Away,
        Status::Offline => wire::Status::Offline,
    };
    wire::Presence {
        user_id: appearance.user.into(),
        status: status.into(),
        last_seen_time: appearance.last_seen.map(timestamp),
        custom: appearance.custom,
        invisible: appearance.invisible,
    }
}

/// What a gateway is told.
pub(super) fn news(told: Told) -> wire::News {
    let answer = |request_id, result| {
        Kind::Answer(wire::Answer {
            request_id,
            result: Some(result),
        })
    };
    let kind = match told {
        Told::Welcome(beat) => Kind::Welcome(wire::Welcome {
            beat_interval_ms: u64::try_from(beat.as_millis()).unwrap_or(u64::MAX),
        }),
        Told::Watched(request, appearances) => {
            let presences = appearances.into_iter().map(presence).collect();
            answer(request, Answered::Watched(wire::Presences { presences }))
        }
        Told::Done(request) => answer(request, Answered::Done(wire::Done {})),
        Told::Failed(request, failure) => answer(request, Answered::Failure(failure.into())),
        Told::Change(appearance, socket_ids) => Kind::Change(wire::Change {
            presence: Some(presence(appearance)),
            socket_ids,
        }),
    };
    wire::News { news: Some(kind) }
}

const fn choice(choice: Choice) -> wire::Choice {
    match choice {
        Choice::Online => wire::Choice::Online,
        Choice::Away => wire::Choice::Away,
        Choice::Invisible => wire::Choice::Invisible,
    }
}

/// A choice; none for one that this version does not know.
pub(super) const fn read_choice(choice: wire::Choice) -> Option<Choice> {
    match choice {
        wire::Choice::Online => Some(Choice::Online),
        wire::Choice::Away => Some(Choice::Away),
        wire::Choice::Invisible => Some(Choice::Invisible),
        wire::Choice::Unspecified => None,
    }
}

/// How somebody stands on a lease.
pub(crate) fn standing(standing: &Standing) -> wire::Standing {
    let custom = standing.wish.custom.as_ref();
    wire::Standing {
        user_id: standing.user.into(),
        left: standing.left,
        choice: choice(standing.wish.choice).into(),
        custom: custom.map(|custom| custom.text.clone()),
        custom_expire_time: custom.and_then(|custom| custom.expires).map(timestamp),
        version: u64::try_from(standing.wish.version).unwrap_or(0),
        last_seen_time: standing.last_seen.map(timestamp),
    }
}

/// The same back. Who chose something that this version does not know is not shown.
pub(crate) fn read_standing(wire: &wire::Standing) -> Option<Standing> {
    let expires = wire.custom_expire_time.and_then(read_time);
    Some(Standing {
        user: wire.user_id.parse().ok()?,
        left: wire.left,
        wish: Wish {
            choice: read_choice(wire.choice()).unwrap_or(Choice::Invisible),
            custom: wire.custom.clone().map(|text| Custom { text, expires }),
            version: i64::try_from(wire.version).ok()?,
        },
        last_seen: wire.last_seen_time.and_then(read_time),
    })
}

/// What the lease store keeps of somebody.
pub(crate) fn to_store(known: &Standing) -> (UserId, Bytes) {
    (known.user, standing(known).encode_to_vec().into())
}

/// The same back.
pub(crate) fn standing_of_store(value: Bytes) -> Option<Standing> {
    read_standing(&wire::Standing::decode(value).ok()?)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_stored_comes_back() {
        let before = Standing {
            user: UserId::new(Uuid::from_u128(7)),
            left: false,
            wish: Wish {
                choice: Choice::Invisible,
                custom: Some(Custom {
                    text: "écrit".to_owned(),
                    expires: DateTime::from_timestamp(1_000, 0),
                }),
                version: 3,
            },
            last_seen: DateTime::from_timestamp(900, 5_000_000),
        };

        let (user, value) = to_store(&before);

        assert_eq!(user, before.user);
        assert_eq!(standing_of_store(value), Some(before));
    }
}

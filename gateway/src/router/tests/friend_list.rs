//! The friends list with presence.

use http::Method;
use kith_api::{
    friends::v1::{Friend, GetUserFriendsResponse, User},
    presence::v1::{GetPresencesRequest, GetPresencesResponse, Presence, Status},
};
use kith_error::{Failure, Reason};
use serde_json::json;

use crate::testing::{ANN, BOB, Bed};

const FRIENDS: &str = "friends.v1.FriendsService/GetUserFriends";
const PRESENCES: &str = "presence.v1.PresenceService/GetPresences";

fn friends() -> GetUserFriendsResponse {
    let friend = |user_id: &str| Friend {
        user: Some(User {
            user_id: user_id.to_owned(),
            ..User::default()
        }),
        since_time: Some(prost_types::Timestamp::default()),
    };
    GetUserFriendsResponse {
        friends: vec![friend(BOB), friend(ANN)],
        page: None,
        total: 2,
    }
}

#[tokio::test]
async fn a_page_of_friends_comes_with_what_presence_knows() {
    let bed = Bed::new().await;
    bed.services.answer(FRIENDS, &friends());
    let presence = Presence {
        user_id: BOB.to_owned(),
        status: Status::Offline.into(),
        last_seen_time: Some(prost_types::Timestamp {
            seconds: 1,
            nanos: 0,
        }),
        ..Presence::default()
    };
    let presences = vec![presence];
    bed.services
        .answer(PRESENCES, &GetPresencesResponse { presences });

    let answer = bed.call(Method::GET, "/friends/").await;

    let known = json!({"status": "offline", "last_seen_at": "1970-01-01T00:00:01.000Z"});
    assert_eq!(answer.body["items"][0]["presence"], known);
    assert_eq!(answer.body["items"][1]["presence"], json!(null));
    let asked = bed.services.calls::<GetPresencesRequest>(PRESENCES);
    assert_eq!(asked.len(), 1, "once for the page");
    assert_eq!(asked[0].1.user_ids, [BOB, ANN]);
}

#[tokio::test]
async fn friends_are_listed_also_when_presence_is_away() {
    let bed = Bed::new().await;
    bed.services.answer(FRIENDS, &friends());
    bed.services
        .fail(PRESENCES, Failure::new(Reason::Unavailable, "away"));

    let answer = bed.call(Method::GET, "/friends/").await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["items"][0]["presence"], json!(null));
    assert_eq!(answer.body["total"], 2);
}

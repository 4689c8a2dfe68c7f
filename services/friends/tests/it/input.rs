//! Bad input: every bad field is named, nothing is a fault of ours.

use kith_api::friends::v1 as wire;
use kith_error::{Failure, Reason};
use tonic::Status;

use crate::world::{World, reason};

fn fields(status: &Status) -> Vec<(String, String)> {
    let failure = Failure::from(status);
    assert_eq!(failure.reason, Reason::InvalidField);
    failure
        .violations
        .into_iter()
        .map(|bad| (bad.field, bad.code))
        .collect()
}

fn bad(field: &str, code: &str) -> (String, String) {
    (field.to_owned(), code.to_owned())
}

#[tokio::test]
async fn a_bad_new_request_names_all_its_fields() {
    let world = World::new().await;
    let [anna, bert] = world.users(["Anna", "Bert"]);
    let bert = bert.to_string();
    let cases = [
        ("", None, vec![bad("user_id", "required")]),
        (
            "not-an-id",
            Some("x".repeat(281)),
            vec![bad("user_id", "invalid"), bad("note", "too_long")],
        ),
        (
            bert.as_str(),
            Some("ü".repeat(281)),
            vec![bad("note", "too_long")],
        ),
        (
            bert.as_str(),
            Some("a\0b".to_owned()),
            vec![bad("note", "invalid")],
        ),
    ];

    for (user_id, note, expected) in cases {
        let request = wire::SendFriendRequestRequest {
            user_id: user_id.to_owned(),
            note,
        };
        let status = world
            .client(anna)
            .send_friend_request(request)
            .await
            .unwrap_err();
        assert_eq!(fields(&status), expected);
    }
    let longest = wire::SendFriendRequestRequest {
        user_id: bert,
        note: Some("ü".repeat(280)),
    };
    world
        .client(anna)
        .send_friend_request(longest)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_bad_answer_names_all_its_fields() {
    let world = World::new().await;
    let anna = world.user("Anna");
    for (request_id, action, expected) in [
        (
            "",
            0,
            vec![bad("request_id", "required"), bad("action", "required")],
        ),
        (
            "x",
            9,
            vec![bad("request_id", "invalid"), bad("action", "invalid")],
        ),
    ] {
        let request = wire::RespondToFriendRequestRequest {
            request_id: request_id.to_owned(),
            action,
        };
        let status = world
            .client(anna)
            .respond_to_friend_request(request)
            .await
            .unwrap_err();
        assert_eq!(fields(&status), expected);
    }
}

#[tokio::test]
async fn bad_fields_of_lists_and_questions_are_named() {
    let world = World::new().await;
    let anna = world.user("Anna");
    let mut client = world.client(anna);
    let direction = wire::GetFriendRequestsRequest {
        direction: 7,
        page: None,
    };
    let query = |query: &str| wire::GetUserFriendsRequest {
        query: query.to_owned(),
        page: None,
    };
    let targets = wire::CheckPermissionRequest {
        actor_id: anna.to_string(),
        target_ids: vec![anna.to_string(), "x".to_owned()],
        permission: wire::Permission::Unspecified.into(),
    };

    let direction = client.get_friend_requests(direction).await.unwrap_err();
    let long = client
        .get_user_friends(query(&"x".repeat(65)))
        .await
        .unwrap_err();
    let nul = client.get_user_friends(query("\0")).await.unwrap_err();
    let targets = world
        .node_client()
        .check_permission(targets)
        .await
        .unwrap_err();

    assert_eq!(fields(&direction), [bad("direction", "invalid")]);
    assert_eq!(fields(&long), [bad("q", "too_long")]);
    assert_eq!(fields(&nul), [bad("q", "invalid")]);
    assert_eq!(
        fields(&targets),
        [
            bad("target_ids[1]", "invalid"),
            bad("permission", "invalid")
        ]
    );
}

#[tokio::test]
async fn a_bad_user_id_is_named_by_every_call_that_takes_one() {
    let world = World::new().await;
    let anna = world.user("Anna");
    let mut client = world.client(anna);
    for (user_id, code) in [
        ("", "required"),
        ("me", "invalid"),
        ("01890a5dac96774bbcceb302099a8057", "invalid"),
        ("%00", "invalid"),
    ] {
        let user_id = user_id.to_owned();
        let get = wire::GetUserRequest {
            user_id: user_id.clone(),
        };
        let block = wire::BlockUserRequest {
            user_id: user_id.clone(),
        };
        let unblock = wire::UnblockUserRequest {
            user_id: user_id.clone(),
        };
        let remove = wire::RemoveFriendRequest { user_id };

        let statuses = [
            client.get_user(get).await.unwrap_err(),
            client.block_user(block).await.unwrap_err(),
            client.unblock_user(unblock).await.unwrap_err(),
            client.remove_friend(remove).await.unwrap_err(),
        ];

        for status in statuses {
            assert_eq!(fields(&status), [bad("user_id", code)]);
        }
    }
}

#[tokio::test]
async fn calls_of_services_are_not_for_users_and_calls_of_users_not_for_services() {
    let world = World::new().await;
    let anna = world.user("Anna");
    let mut user = world.client(anna);
    let mut node = world.node_client();

    let refused = [
        user.apply_users(wire::ApplyUsersRequest { users: Vec::new() })
            .await
            .map(drop),
        user.get_pair(wire::GetPairRequest::default())
            .await
            .map(drop),
        user.check_permission(wire::CheckPermissionRequest::default())
            .await
            .map(drop),
    ];
    let nobody = node
        .get_privacy_settings(wire::GetPrivacySettingsRequest {})
        .await;

    for answer in refused {
        assert_eq!(reason(answer.unwrap_err()), Reason::Forbidden);
    }
    assert_eq!(reason(nobody.unwrap_err()), Reason::Unauthenticated);
}

#[tokio::test]
async fn a_dead_database_is_unavailable() {
    let world = World::new().await;
    let anna = world.user("Anna");
    world.database.pool.close().await;

    assert_eq!(world.see(anna, anna).await, Err(Reason::Unavailable));
}

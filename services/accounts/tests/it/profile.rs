//! Profiles, and asking for them.

use kith_api::accounts::v1::{
    GetUsersRequest, IssuedSession, UpdateProfileRequest, User, update_profile_request::Interests,
};
use kith_error::{Failure, Reason};

use crate::world::{Node, World, failure, flaws, user};

async fn update(
    node: &Node,
    session: &IssuedSession,
    request: UpdateProfileRequest,
) -> Result<User, Failure> {
    let answer = node.person(session).update_profile(request).await;
    Ok(answer.map_err(failure)?.into_inner().user.unwrap())
}

#[tokio::test]
async fn absent_fields_stay_and_empty_ones_clear() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;
    let words = ["climbing", "山", "bread"].map(str::to_owned).to_vec();

    let full = update(
        &node,
        &session,
        UpdateProfileRequest {
            display_name: Some("Alice".to_owned()),
            bio: Some("one\ntwo".to_owned()),
            interests: Some(Interests {
                values: words.clone(),
            }),
            locale: Some("de-CH".to_owned()),
        },
    )
    .await
    .unwrap();
    let cleared = update(
        &node,
        &session,
        UpdateProfileRequest {
            bio: Some(String::new()),
            interests: Some(Interests::default()),
            ..UpdateProfileRequest::default()
        },
    )
    .await
    .unwrap();

    assert_eq!(
        (full.display_name.as_str(), full.bio.as_str()),
        ("Alice", "one\ntwo")
    );
    assert_eq!(
        (full.interests, full.locale.as_str(), full.version),
        (words, "de-CH", 2)
    );
    assert_eq!(
        (cleared.display_name.as_str(), cleared.bio.as_str()),
        ("Alice", "")
    );
    assert_eq!(
        (
            cleared.interests.len(),
            cleared.locale.as_str(),
            cleared.version
        ),
        (0, "de-CH", 3)
    );
    assert_eq!(node.users(&[&cleared.user_id]).await, [cleared]);
}

#[tokio::test]
async fn a_change_of_nothing_makes_no_version() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;

    let same = update(&node, &session, UpdateProfileRequest::default())
        .await
        .unwrap();

    assert_eq!(&same, user(&session));
}

#[tokio::test]
async fn a_bad_field_refuses_the_whole_change() {
    let world = World::new().await;
    let node = world.node().await;
    let session = node.register("alice").await;

    let request = UpdateProfileRequest {
        display_name: Some("Alice".to_owned()),
        bio: Some("b".repeat(501)),
        interests: Some(Interests {
            values: vec!["x".to_owned(); 21],
        }),
        locale: Some("not a tag".to_owned()),
    };
    let refusal = update(&node, &session, request).await.unwrap_err();

    assert_eq!(refusal.reason, Reason::InvalidField);
    let fields: Vec<_> = flaws(&refusal)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["bio", "locale", "interests"]);
    assert_eq!(
        node.users(&[&user(&session).user_id]).await[0].display_name,
        "alice"
    );
}

#[tokio::test]
async fn users_are_found_by_id_and_unknown_ones_left_out() {
    let world = World::new().await;
    let node = world.node().await;
    let [alice, bob] = [node.register("alice").await, node.register("bob").await];

    let found = node
        .users(&[
            &user(&alice).user_id,
            "01890a5d-ac96-774b-bcce-b302099a8057",
            &user(&bob).user_id,
        ])
        .await;

    let mut names: Vec<_> = found.iter().map(|user| user.username.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["alice", "bob"]);
}

#[tokio::test]
async fn bad_and_too_many_ids_are_refused() {
    let world = World::new().await;
    let node = world.node().await;
    let id = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
    let cases = [
        (
            vec![id.clone(), "x".to_owned(), id.clone(), "..%2f".to_owned()],
            vec!["user_ids[1]", "user_ids[3]"],
        ),
        (vec![id; 1001], vec!["user_ids"]),
    ];

    for (user_ids, expected) in cases {
        let answer = node.gateway().get_users(GetUsersRequest { user_ids }).await;
        let refusal = failure(answer.unwrap_err());
        let fields: Vec<_> = flaws(&refusal)
            .into_iter()
            .map(|(field, _)| field)
            .collect();
        assert_eq!(fields, expected);
    }
}

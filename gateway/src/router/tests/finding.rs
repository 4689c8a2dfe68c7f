//! Search and suggestions at the edge.

use super::*;

const SEARCH: &str = "friends.v1.FriendsService/SearchUsers";

fn found() -> friends::SearchUsersResponse {
    friends::SearchUsersResponse {
        users: vec![friends::User {
            user_id: BOB.to_owned(),
            username: "bob".to_owned(),
            mutual_friends_count: 2,
            relation: friends::Relation::Outgoing.into(),
            ..friends::User::default()
        }],
        page: Some(kith_api::common::v1::PageResponse {
            next_page_token: "next".to_owned(),
        }),
    }
}

#[tokio::test]
async fn a_search_is_a_page_of_users_and_no_id() {
    let bed = Bed::new().await;
    bed.services.answer(SEARCH, &found());

    for path in [
        "/users/search?q=b%C3%B6b&limit=7&cursor=x",
        "/users/search/?q=b%C3%B6b&limit=7&cursor=x",
    ] {
        let answer = bed.call(Method::GET, path).await;

        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body["next_cursor"], "next");
        let user = &answer.body["items"][0];
        assert_eq!(user["id"], BOB);
        assert_eq!(user["relation"], "outgoing");
        assert_eq!(user["mutual_friends_count"], 2);
    }
    let (_, asked) = &bed.services.calls::<friends::SearchUsersRequest>(SEARCH)[0];
    let page = asked.page.as_ref().unwrap();
    assert_eq!(asked.query, "böb");
    assert_eq!((page.page_size, page.page_token.as_str()), (7, "x"));
}

#[tokio::test]
async fn a_bad_search_is_refused_at_the_edge() {
    let bed = Bed::new().await;
    bed.services.answer(SEARCH, &found());
    let long = "x".repeat(65);
    let huge = "x".repeat(10_000);
    let cases = [
        ("/users/search".to_owned(), vec!["q"]),
        ("/users/search?q=".to_owned(), vec!["q"]),
        ("/users/search?q=a".to_owned(), vec!["q"]),
        (format!("/users/search?q={long}"), vec!["q"]),
        (format!("/users/search?q={huge}"), vec!["q"]),
        ("/users/search?q=%%%".to_owned(), vec!["q"]),
        ("/users/search?q=ab&limit=0".to_owned(), vec!["limit"]),
        ("/users/search?q=ab&limit=-1".to_owned(), vec!["limit"]),
        ("/users/search?q=ab&q=cd".to_owned(), vec!["q"]),
    ];

    for (path, fields) in cases {
        let answer = bed.call(Method::GET, &path).await;

        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.fields(), fields, "{path}");
    }
    let unknown = bed.call(Method::GET, "/users/search?q=ab&sort=name").await;
    assert_eq!(unknown.code(), "unknown_field");
    let cursor = format!("/users/search?q=ab&cursor={huge}");
    assert_eq!(
        bed.call(Method::GET, &cursor).await.code(),
        "cursor_invalid"
    );
    assert_eq!(bed.services.count(SEARCH), 0);
}

#[tokio::test]
async fn looks_for_people_have_a_budget_of_their_own() {
    let settings = kith_config::Limits {
        lookups_per_user: 1,
        ..limits(true, 100)
    };
    let bed = Bed::with(crate::Config::for_test(), &settings).await;
    bed.services.answer(SEARCH, &found());

    let first = bed.call(Method::GET, "/users/search?q=bob").await;
    let second = bed.call(Method::GET, "/users/search?q=bob").await;

    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(second.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(second.code(), "rate_limited");
    assert!(second.body["retry_after_ms"].as_u64().unwrap() > 0);
    assert!(second.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn suggestions_say_why_and_can_be_dismissed() {
    let bed = Bed::new().await;
    let list = "friends.v1.FriendsService/GetFriendSuggestions";
    let dismiss = "friends.v1.FriendsService/DismissFriendSuggestion";
    let user = found().users.remove(0);
    let suggestion = friends::FriendSuggestion {
        mutual_friends: vec![user.clone(), user.clone()],
        user: Some(user),
        reason: "2 mutual friends".to_owned(),
    };
    let answer = friends::GetFriendSuggestionsResponse {
        suggestions: vec![suggestion],
        page: None,
    };
    bed.services.answer(list, &answer);
    bed.services
        .answer(dismiss, &friends::DismissFriendSuggestionResponse {});

    let listed = bed.call(Method::GET, "/friends/suggestions").await;
    let path = format!("/friends/suggestions/{BOB}");
    let dismissed = bed.call(Method::DELETE, &path).await;
    let bad = bed.call(Method::DELETE, "/friends/suggestions/x").await;

    let item = &listed.body["items"][0];
    assert_eq!(listed.status, StatusCode::OK);
    assert_eq!(item["user"]["id"], BOB);
    assert_eq!(item["mutual_friends_count"], 2);
    assert_eq!(item["mutual_friends"].as_array().unwrap().len(), 2);
    assert_eq!(item["reason"], "2 mutual friends");
    assert_eq!(listed.body["next_cursor"], Value::Null);
    assert_eq!(dismissed.status, StatusCode::NO_CONTENT);
    let calls = bed
        .services
        .calls::<friends::DismissFriendSuggestionRequest>(dismiss);
    assert_eq!(calls[0].1.user_id, BOB);
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

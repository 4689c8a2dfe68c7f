//! Lists: order, pages, cursors, filters.

use kith_api::{common::v1::PageRequest, friends::v1 as wire};
use kith_error::Reason;
use wire::RequestDirection;

use crate::world::{World, reason};

fn page(size: u32, token: &str) -> PageRequest {
    PageRequest {
        page_size: size,
        page_token: token.to_owned(),
    }
}

fn names(answer: &wire::GetUserFriendsResponse) -> Vec<String> {
    answer
        .friends
        .iter()
        .map(|friend| friend.user.as_ref().unwrap().display_name.clone())
        .collect()
}

#[tokio::test]
async fn friends_come_by_name_whatever_their_case_or_accents() {
    let world = World::new().await;
    let me = world.user("Me");
    for name in ["zoe", "Anna", "émile", "bert", "Emil"] {
        let friend = world.user(name);
        world.befriend(me, friend).await;
    }

    let answer = world.friends_page(me, "", page(0, "")).await.unwrap();

    assert_eq!(names(&answer), ["Anna", "bert", "Emil", "émile", "zoe"]);
    assert_eq!(answer.total, 5);
    assert_eq!(answer.page.unwrap().next_page_token, "");
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_while_friends_come_and_go() {
    let world = World::new().await;
    let me = world.user("Me");
    // Equal names: only the id orders them.
    for _ in 0..6 {
        let friend = world.user("Same");
        world.befriend(me, friend).await;
    }
    let first = world.friends_page(me, "", page(2, "")).await.unwrap();
    let early = world.user("Aaron");
    world.befriend(me, early).await;
    let mut seen: Vec<String> = ids(&first);
    let mut token = first.page.unwrap().next_page_token;

    while !token.is_empty() {
        let next = world.friends_page(me, "", page(2, &token)).await.unwrap();
        assert_eq!(next.total, 7);
        seen.extend(ids(&next));
        token = next.page.unwrap().next_page_token;
    }

    let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (6, 6));
}

fn ids(answer: &wire::GetUserFriendsResponse) -> Vec<String> {
    answer
        .friends
        .iter()
        .map(|friend| friend.user.as_ref().unwrap().user_id.clone())
        .collect()
}

#[tokio::test]
async fn a_query_finds_part_of_either_name_and_takes_wildcards_literally() {
    let world = World::new().await;
    let me = world.user("Me");
    for (username, display_name) in [
        ("anna_b", "Anna Bell"),
        ("annab", "Änne"),
        ("carl", "100% Carl"),
    ] {
        let friend = world.user(username);
        world.accounts.change(friend, |user| {
            display_name.clone_into(&mut user.display_name);
        });
        world.befriend(me, friend).await;
    }
    let cases = [
        ("ANN", vec!["Anna Bell", "Änne"]),
        ("bell", vec!["Anna Bell"]),
        ("anne", vec!["Änne"]),
        ("a_b", vec!["Anna Bell"]),
        ("%", vec!["100% Carl"]),
        ("\\", vec![]),
        ("nobody", vec![]),
        ("  ", vec!["100% Carl", "Anna Bell", "Änne"]),
    ];

    for (query, expected) in cases {
        let answer = world.friends_page(me, query, page(0, "")).await.unwrap();
        assert_eq!(names(&answer), expected, "{query}");
        assert_eq!(answer.total as usize, expected.len(), "{query}");
    }
}

#[tokio::test]
async fn a_cursor_works_for_its_caller_and_list_only() {
    let world = World::new().await;
    let [me, other] = world.users(["Me", "Other"]);
    for name in ["a", "b", "c"] {
        let friend = world.user(name);
        world.befriend(me, friend).await;
        world.befriend(other, friend).await;
    }
    let token = world
        .friends_page(me, "", page(1, ""))
        .await
        .unwrap()
        .page
        .unwrap()
        .next_page_token;
    let mut tampered = token.clone();
    tampered.replace_range(3..4, if &token[3..4] == "A" { "B" } else { "A" });

    assert!(world.friends_page(me, "", page(1, &token)).await.is_ok());
    for (who, query, token) in [
        (other, "", token.as_str()),
        (me, "a", token.as_str()),
        (me, "", tampered.as_str()),
        (me, "", "garbage"),
    ] {
        let refused = world
            .friends_page(who, query, page(1, token))
            .await
            .unwrap_err();
        assert_eq!(refused, Reason::CursorInvalid);
    }
    let blocked = wire::GetBlockedUsersRequest {
        page: Some(page(1, &token)),
    };
    let refused = world
        .client(me)
        .get_blocked_users(blocked)
        .await
        .unwrap_err();
    assert_eq!(reason(refused), Reason::CursorInvalid);
}

#[tokio::test]
async fn requests_come_newest_first_and_page_in_one_or_both_directions() {
    let world = World::new().await;
    let me = world.user("Me");
    let mut newest_first = Vec::new();
    for index in 0..6 {
        let other = world.user(&format!("o{index}"));
        let sent = if index % 2 == 0 {
            world.send(me, other).await
        } else {
            world.send(other, me).await
        };
        newest_first.insert(0, sent.unwrap().request_id);
    }

    for (direction, expected) in [
        (RequestDirection::Unspecified, vec![0, 1, 2, 3, 4, 5]),
        (RequestDirection::Incoming, vec![0, 2, 4]),
        (RequestDirection::Outgoing, vec![1, 3, 5]),
    ] {
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let request = wire::GetFriendRequestsRequest {
                direction: direction.into(),
                page: Some(page(2, &token)),
            };
            let answer = world.client(me).get_friend_requests(request).await.unwrap();
            let answer = answer.into_inner();
            seen.extend(
                answer
                    .requests
                    .into_iter()
                    .map(|request| request.request_id),
            );
            token = answer.page.unwrap().next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let expected: Vec<String> = expected
            .into_iter()
            .map(|index: usize| newest_first[index].clone())
            .collect();
        assert_eq!(seen, expected, "{direction:?}");
    }
}

#[tokio::test]
async fn blocked_people_come_newest_first() {
    let world = World::new().await;
    let me = world.user("Me");
    for name in ["a", "b", "c"] {
        let other = world.user(name);
        world.block(me, other).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut token = String::new();

    loop {
        let request = wire::GetBlockedUsersRequest {
            page: Some(page(2, &token)),
        };
        let answer = world
            .client(me)
            .get_blocked_users(request)
            .await
            .unwrap()
            .into_inner();
        seen.extend(answer.blocked);
        token = answer.page.unwrap().next_page_token;
        if token.is_empty() {
            break;
        }
    }

    let names: Vec<String> = seen
        .iter()
        .map(|blocked| blocked.user.as_ref().unwrap().username.clone())
        .collect();
    assert_eq!(names, ["c", "b", "a"]);
    assert!(seen.iter().all(|blocked| {
        blocked.block_time.is_some()
            && blocked.user.as_ref().unwrap().relation() == wire::Relation::Blocked
    }));
}

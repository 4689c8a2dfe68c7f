//! Suggestions: whom they name, why, in which order, and whom they never name.

use kith_api::{common::v1::PageRequest, friends::v1 as wire};
use kith_error::Reason;
use kith_ids::UserId;

use crate::world::{World, reason};

impl World {
    async fn suggestions(&self, viewer: UserId) -> Vec<wire::FriendSuggestion> {
        let page = PageRequest::default();
        self.suggestions_page(viewer, page)
            .await
            .unwrap()
            .suggestions
    }

    async fn suggestions_page(
        &self,
        viewer: UserId,
        page: PageRequest,
    ) -> Result<wire::GetFriendSuggestionsResponse, Reason> {
        let request = wire::GetFriendSuggestionsRequest { page: Some(page) };
        let answer = self.client(viewer).get_friend_suggestions(request).await;
        answer.map(tonic::Response::into_inner).map_err(reason)
    }

    /// User names of those suggested, in order.
    async fn suggested(&self, viewer: UserId) -> Vec<String> {
        names(&self.suggestions(viewer).await)
    }

    async fn dismiss(&self, viewer: UserId, user: UserId) -> Result<(), Reason> {
        let request = wire::DismissFriendSuggestionRequest {
            user_id: user.to_string(),
        };
        let answer = self.client(viewer).dismiss_friend_suggestion(request).await;
        answer.map(drop).map_err(reason)
    }

    async fn with_interests(&self, name: &str, interests: &[&str]) -> UserId {
        let user = self.user(name);
        self.accounts.change(user, |user| {
            user.interests = interests.iter().map(|word| (*word).to_owned()).collect();
        });
        self.apply(user).await;
        user
    }

    /// Me with two friends, who both know these people.
    async fn two_friends_of(&self, people: &[UserId]) -> UserId {
        let [me, one, other] = self.users(["Me", "One", "Other"]);
        for friend in [one, other] {
            self.befriend(me, friend).await;
            for person in people {
                self.befriend(friend, *person).await;
            }
        }
        me
    }
}

fn names(suggestions: &[wire::FriendSuggestion]) -> Vec<String> {
    let users = suggestions.iter().map(|one| one.user.as_ref().unwrap());
    users.map(|user| user.username.clone()).collect()
}

#[tokio::test]
async fn what_speaks_most_comes_first_with_the_reason() {
    let world = World::new().await;
    let [me, one, other, two_shared, one_shared, roommate] =
        world.users(["Me", "One", "Other", "Two", "Single", "Roommate"]);
    world.accounts.change(me, |user| {
        user.interests = vec!["Climbing".to_owned(), "tea".to_owned()];
    });
    for friend in [one, other] {
        world.befriend(me, friend).await;
        world.befriend(friend, two_shared).await;
    }
    world.befriend(one, one_shared).await;
    world.apply(roommate).await;
    world.apply(me).await;
    world.chat.share_groups(me, roommate, 1);
    world
        .with_interests("climber", &["climbing", "chess"])
        .await;
    world.with_interests("nobody", &["chess"]).await;

    let suggestions = world.suggestions(me).await;

    let seen: Vec<(String, &str, usize)> = names(&suggestions)
        .into_iter()
        .zip(&suggestions)
        .map(|(name, one)| (name, one.reason.as_str(), one.mutual_friends.len()))
        .collect();
    assert_eq!(
        seen,
        [
            ("two".to_owned(), "2 mutual friends", 2),
            ("single".to_owned(), "1 mutual friend", 1),
            ("roommate".to_owned(), "in a group with you", 0),
            ("climber".to_owned(), "also into climbing", 0),
        ]
    );
    let user = suggestions[0].user.as_ref().unwrap();
    assert_eq!((user.mutual_friends_count, user.friends_count), (2, 2));
    assert_eq!(user.relation(), wire::Relation::None);
    let shown = &suggestions[0].mutual_friends[0];
    assert_eq!(shown.relation(), wire::Relation::Friends);
}

#[tokio::test]
async fn at_most_three_mutual_friends_are_shown_and_all_are_counted() {
    let world = World::new().await;
    let [me, popular] = world.users(["Me", "Popular"]);
    for name in ["a", "b", "c", "d", "e"] {
        let friend = world.user(name);
        world.befriend(me, friend).await;
        world.befriend(friend, popular).await;
    }

    let suggestions = world.suggestions(me).await;

    assert_eq!(suggestions[0].reason, "5 mutual friends");
    assert_eq!(suggestions[0].mutual_friends.len(), 3);
    assert_eq!(
        suggestions[0].user.as_ref().unwrap().mutual_friends_count,
        5
    );
}

#[tokio::test]
async fn nobody_is_suggested_who_must_not_be() {
    let world = World::new().await;
    let people = world.users([
        "Plain",
        "Friend",
        "Asked",
        "Asking",
        "Blocked",
        "Blocker",
        "Hidden",
        "Disabled",
        "Deleted",
        "Dismissed",
    ]);
    let me = world.two_friends_of(&people).await;
    let [
        _,
        friend,
        asked,
        asking,
        blocked,
        shunning,
        hidden,
        disabled,
        deleted,
        dismissed,
    ] = people;
    for person in people {
        world.chat.share_groups(me, person, 2);
    }
    // Nobody at all knows this one.
    world.chat.share_groups(me, world.nobody(), 9);
    world.chat.share_groups(me, me, 9);
    assert_eq!(world.suggested(me).await.len(), 10);

    world.befriend(me, friend).await;
    world.send(me, asked).await.unwrap();
    world.send(asking, me).await.unwrap();
    world.block(me, blocked).await.unwrap();
    world.block(shunning, me).await.unwrap();
    let nobody = wire::UpdatePrivacySettingsRequest {
        searchable: Some(wire::Audience::Nobody.into()),
        ..Default::default()
    };
    world.set_privacy(hidden, nobody).await.unwrap();
    world.accounts.change(disabled, |user| user.disabled = true);
    world.apply(disabled).await;
    world.accounts.delete(deleted);
    world.apply(deleted).await;
    world.dismiss(me, dismissed).await.unwrap();

    assert_eq!(world.suggested(me).await, ["plain"]);
}

#[tokio::test]
async fn only_those_near_are_suggested_whom_only_those_near_may_find() {
    let world = World::new().await;
    let [near, far] = world.users(["Near", "Far"]);
    let me = world.two_friends_of(&[near]).await;
    world.apply(far).await;
    for person in [near, far] {
        world.chat.share_groups(me, person, 1);
        let change = wire::UpdatePrivacySettingsRequest {
            searchable: Some(wire::Audience::FriendsOfFriends.into()),
            ..Default::default()
        };
        world.set_privacy(person, change).await.unwrap();
    }

    assert_eq!(world.suggested(me).await, ["near"]);
}

#[tokio::test]
async fn a_dismissed_one_stays_away_for_its_dismisser_only() {
    let world = World::new().await;
    let [one, other] = world.users(["Aaa", "Bbb"]);
    let me = world.two_friends_of(&[one, other]).await;

    for _ in 0..2 {
        world.dismiss(me, one).await.unwrap();
    }

    assert_eq!(world.suggested(me).await, ["bbb"]);
    assert!(world.suggested(other).await.contains(&"aaa".to_owned()));
    assert_eq!(world.dismiss(me, me).await, Err(Reason::CannotTargetSelf));
    assert_eq!(
        world.dismiss(me, world.nobody()).await,
        Err(Reason::NotFound)
    );
}

#[tokio::test]
async fn pages_show_everybody_once() {
    let world = World::new().await;
    let people: Vec<UserId> = (0..7)
        .map(|index| world.user(&format!("p{index}")))
        .collect();
    let me = world.two_friends_of(&people).await;
    let (mut seen, mut token) = (Vec::new(), String::new());

    loop {
        let page = PageRequest {
            page_size: 3,
            page_token: token,
        };
        let answer = world.suggestions_page(me, page).await.unwrap();
        seen.extend(names(&answer.suggestions));
        token = answer.page.unwrap().next_page_token;
        if token.is_empty() {
            break;
        }
    }

    assert_eq!(seen, world.suggested(me).await);
    assert_eq!(seen.len(), 7);
}

#[tokio::test]
async fn without_chat_the_rest_still_speaks() {
    let world = World::new().await;
    let [known, roommate] = world.users(["Known", "Roommate"]);
    let me = world.two_friends_of(&[known]).await;
    world.apply(roommate).await;
    world.chat.share_groups(me, roommate, 1);
    world.all_delivered().await;

    world.chat.set_down(true);
    let down = world.suggested(me).await;
    world.chat.set_down(false);
    world.chat.set_hanging(true);
    let hanging = world.suggested(me).await;
    world.chat.set_hanging(false);

    assert_eq!(down, ["known"]);
    assert_eq!(hanging, ["known"]);
    assert_eq!(world.suggested(me).await, ["known", "roommate"]);
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = World::new().await;
    let me = world.user("Me");

    for token in ["garbage", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let page = PageRequest {
            page_size: 1,
            page_token: token.to_owned(),
        };
        let refused = world.suggestions_page(me, page).await.unwrap_err();
        assert_eq!(refused, Reason::CursorInvalid);
    }
}

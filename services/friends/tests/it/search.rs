//! Search: whom it finds, in which order, page by page, and whom it never shows.

use std::collections::BTreeSet;

use kith_api::{common::v1::PageRequest, friends::v1 as wire};
use kith_error::Reason;
use kith_ids::UserId;
use wire::{Audience, Relation};

use crate::world::{World, reason};

impl World {
    /// A user whom the search knows, as after accounts told of them.
    async fn known(&self, username: &str, display_name: &str) -> UserId {
        let user = self.user(username);
        self.accounts.change(user, |user| {
            display_name.clone_into(&mut user.display_name);
        });
        self.apply(user).await;
        user
    }

    async fn search(
        &self,
        viewer: UserId,
        query: &str,
        page: PageRequest,
    ) -> Result<wire::SearchUsersResponse, Reason> {
        let request = wire::SearchUsersRequest {
            query: query.to_owned(),
            page: Some(page),
        };
        let answer = self.client(viewer).search_users(request).await;
        answer.map(tonic::Response::into_inner).map_err(reason)
    }

    /// The user names that a search finds, best first.
    async fn found(&self, viewer: UserId, query: &str) -> Vec<String> {
        let answer = self.search(viewer, query, page(100, "")).await.unwrap();
        answer.users.into_iter().map(|user| user.username).collect()
    }

    /// The same, read in pages of that size, with something happening between any two.
    async fn found_in_pages(
        &self,
        viewer: UserId,
        query: &str,
        size: u32,
        between: impl AsyncFn(usize),
    ) -> Vec<String> {
        let (mut found, mut token) = (Vec::new(), String::new());
        for number in 0.. {
            let answer = self.search(viewer, query, page(size, &token)).await;
            let answer = answer.unwrap();
            assert!(answer.users.len() <= size as usize);
            found.extend(answer.users.into_iter().map(|user| user.username));
            token = answer.page.unwrap().next_page_token;
            if token.is_empty() {
                break;
            }
            between(number).await;
        }
        found
    }

    async fn set_searchable(&self, user: UserId, audience: Audience) {
        let change = wire::UpdatePrivacySettingsRequest {
            searchable: Some(audience.into()),
            ..Default::default()
        };
        self.set_privacy(user, change).await.unwrap();
    }
}

fn page(size: u32, token: &str) -> PageRequest {
    PageRequest {
        page_size: size,
        page_token: token.to_owned(),
    }
}

#[tokio::test]
async fn a_part_of_either_name_finds_whatever_the_case_accents_and_script() {
    let world = World::new().await;
    let me = world.known("me", "Me").await;
    for (username, display_name) in [
        ("emile.zola", "Émile Zola"),
        ("soren", "Søren Kierkegård"),
        ("bruce", "李小龙"),
        ("ichiro", "佐藤 翔太"),
        ("bilal", "بلال الحدّاد"),
        ("x_p", "Σοφία Παππάς"),
        ("hundred", "100% Carl_x"),
        ("minsu", "김민수"),
    ] {
        world.known(username, display_name).await;
    }
    let cases = [
        ("emile", vec!["emile.zola"]),
        ("ÉMI", vec!["emile.zola"]),
        ("@emile.z", vec!["emile.zola"]),
        ("zola em", vec!["emile.zola"]),
        ("mile", vec!["emile.zola"]),
        ("kierkegard", vec!["soren"]),
        ("SØ", vec!["soren"]),
        ("李", vec![]),
        ("李小", vec!["bruce"]),
        ("小龙", vec!["bruce"]),
        ("翔太", vec!["ichiro"]),
        ("佐藤 翔太", vec!["ichiro"]),
        ("حداد", vec!["bilal"]),
        ("الحد", vec!["bilal"]),
        ("داد", vec!["bilal"]),
        ("παππας", vec!["x_p"]),
        ("민수", vec!["minsu"]),
        ("100%", vec!["hundred"]),
        ("arl_x", vec!["hundred"]),
        ("%%%", vec![]),
        ("__", vec![]),
        ("\\\\", vec![]),
        ("(a+)+$", vec![]),
        ("' OR 1=1 --", vec![]),
        ("nobody", vec![]),
    ];

    for (query, expected) in cases {
        let found = world.search(me, query, page(0, "")).await;
        if query == "李" {
            // One character says too little.
            assert_eq!(found.unwrap_err(), Reason::InvalidField);
            continue;
        }
        let found: Vec<String> = found
            .unwrap()
            .users
            .into_iter()
            .map(|user| user.username)
            .collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn a_slip_is_forgiven_and_comes_after_what_fits() {
    let world = World::new().await;
    let me = world.known("me", "Me").await;
    world.known("michael", "Michael Anderson").await;
    world.known("mihael", "Somebody Else").await;
    world.known("rachel", "Rachel Miller").await;

    assert_eq!(world.found(me, "mihael").await, ["mihael", "michael"]);
    assert_eq!(world.found(me, "micheal").await, ["michael"]);
    assert_eq!(world.found(me, "andersen michaell").await, ["michael"]);
    assert_eq!(world.found(me, "michelangelo").await, [""; 0]);
}

#[tokio::test]
async fn beginnings_come_first_and_among_equals_friends_and_their_friends() {
    let world = World::new().await;
    let me = world.known("me", "Me").await;
    let mut people = Vec::new();
    for (username, display_name) in [
        ("x1", "Joanna Far"),
        ("x2", "Bell Anna"),
        ("anna9", "Zoe"),
        ("x4", "Anna Stranger"),
        ("x5", "Anna Near"),
        ("x6", "Anna Nearer"),
        ("x7", "Anna Friend"),
        ("x8", "Susanna Friend"),
        ("ana", "Somebody"),
    ] {
        people.push(world.known(username, display_name).await);
    }
    let (one, other) = (world.known("f1", "F").await, world.known("f2", "F").await);
    for friend in [one, other, people[6], people[7]] {
        world.befriend(me, friend).await;
    }
    world.befriend(one, people[4]).await;
    world.befriend(one, people[5]).await;
    world.befriend(other, people[5]).await;

    let answer = world.search(me, "anna", page(0, "")).await.unwrap();

    let seen: Vec<(&str, Relation, u32)> = answer
        .users
        .iter()
        .map(|user| {
            (
                user.username.as_str(),
                user.relation(),
                user.mutual_friends_count,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("x7", Relation::Friends, 0),
            ("x6", Relation::None, 2),
            ("x5", Relation::None, 1),
            ("x4", Relation::None, 0),
            ("anna9", Relation::None, 0),
            ("x2", Relation::None, 0),
            ("x8", Relation::Friends, 0),
            ("x1", Relation::None, 0),
            ("ana", Relation::None, 0),
        ]
    );
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_while_people_sign_up() {
    let world = World::new().await;
    let me = world.known("me", "Me").await;
    // Every way of fitting, several of each, some of them friends and friends of friends.
    let mut everybody = Vec::new();
    for index in 0..6 {
        for (username, display_name) in [
            (format!("kara{index}"), "Kara Kara".to_owned()),
            (format!("w{index}"), format!("Mrs Karalyn {index}")),
            (format!("i{index}"), "Oskara Kara".to_owned()),
            (format!("j{index}"), "Oskara".to_owned()),
            (format!("s{index}"), "Kaara".to_owned()),
        ] {
            everybody.push((world.known(&username, &display_name).await, username));
        }
    }
    let friend = everybody[0].0;
    world.befriend(me, friend).await;
    for (other, _) in &everybody[1..9] {
        world.befriend(friend, *other).await;
    }
    let whole = world.found(me, "kara").await;

    for size in [1, 4, 7] {
        let paged = world
            .found_in_pages(me, "kara", size, async |number| {
                // Somebody who fits comes in where they belong, so that not everybody who signs up may fit.
                if number < 4 {
                    let name = format!("new{size}_{number}");
                    world.known(&name, "Kara Newcomer").await;
                }
            })
            .await;

        let old: Vec<&String> = paged
            .iter()
            .filter(|name| !name.starts_with("new"))
            .collect();
        let distinct: BTreeSet<&String> = paged.iter().collect();
        assert_eq!(old, whole.iter().collect::<Vec<_>>(), "pages of {size}");
        assert_eq!(distinct.len(), paged.len(), "pages of {size}");
    }
    let expected: BTreeSet<&String> = everybody.iter().map(|(_, name)| name).collect();
    assert_eq!(whole.iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn several_words_are_paged_too() {
    let world = World::new().await;
    let me = world.known("me", "Me").await;
    for index in 0..9 {
        let name = ["Anna Bell", "Bell Anna", "Hannah Bell"][index % 3];
        world.known(&format!("u{index}"), name).await;
        world.known(&format!("k{index}"), "佐藤 翔太").await;
    }

    for (query, count) in [("anna bell", 9), ("翔太 佐藤", 9)] {
        let whole = world.found(me, query).await;
        let paged = world.found_in_pages(me, query, 2, async |_| ()).await;

        assert_eq!(whole.len(), count, "{query}");
        assert_eq!(paged, whole, "{query}");
    }
}

#[tokio::test]
async fn searchable_decides_who_finds_somebody() {
    let world = World::new().await;
    let [me, middle, target] = world.users(["Me", "Middle", "Targetta"]);
    let stranger = world.known("stranger", "Stranger").await;
    world.befriend(me, middle).await;
    world.befriend(middle, target).await;
    world.apply(target).await;
    let finders = async |audience| {
        world.set_searchable(target, audience).await;
        let mut finders = Vec::new();
        for (name, viewer) in [
            ("friend", middle),
            ("near", me),
            ("far", stranger),
            ("self", target),
        ] {
            if world.found(viewer, "target").await == ["targetta"] {
                finders.push(name);
            }
        }
        finders
    };

    assert_eq!(finders(Audience::Everyone).await, ["friend", "near", "far"]);
    assert_eq!(
        finders(Audience::FriendsOfFriends).await,
        ["friend", "near"]
    );
    assert_eq!(finders(Audience::Nobody).await, [""; 0]);
    assert_eq!(finders(Audience::Everyone).await.len(), 3);
}

#[tokio::test]
async fn neither_side_of_a_block_finds_the_other() {
    let world = World::new().await;
    let one = world.known("one", "Person One").await;
    let other = world.known("other", "Person Two").await;
    world.block(one, other).await.unwrap();

    assert_eq!(world.found(one, "person").await, [""; 0]);
    assert_eq!(world.found(other, "person").await, [""; 0]);

    world.unblock(one, other).await.unwrap();

    assert_eq!(world.found(other, "person").await, ["one"]);
}

#[tokio::test]
async fn disabled_and_deleted_people_are_not_found_and_changes_show_at_once() {
    let world = World::new().await;
    let me = world.known("me", "Me").await;
    let friend = world.known("friend", "Vanishing Friend").await;
    let stranger = world.known("stranger", "Vanishing Stranger").await;
    world.befriend(me, friend).await;
    let everybody = ["friend", "stranger"];
    assert_eq!(world.found(me, "vanishing").await, everybody);

    for user in [friend, stranger] {
        world.accounts.change(user, |user| user.disabled = true);
        world.apply(user).await;
    }
    assert_eq!(world.found(me, "vanishing").await, [""; 0]);

    for user in [friend, stranger] {
        world.accounts.change(user, |user| user.disabled = false);
        world.apply(user).await;
    }
    assert_eq!(world.found(me, "vanishing").await, everybody);

    world.accounts.change(stranger, |user| {
        "Somebody Else".clone_into(&mut user.display_name);
    });
    world.accounts.delete(friend);
    world.apply(friend).await;
    world.apply(stranger).await;
    assert_eq!(world.found(me, "vanishing").await, [""; 0]);
    assert_eq!(world.found(me, "somebody").await, ["stranger"]);
}

#[tokio::test]
async fn a_cursor_of_another_query_caller_or_making_is_refused() {
    let world = World::new().await;
    let [me, other] = [
        world.known("me", "Me").await,
        world.known("other", "Other").await,
    ];
    for index in 0..3 {
        world.known(&format!("person{index}"), "Person").await;
    }
    let first = world.search(me, "person", page(1, "")).await.unwrap();
    let token = first.page.unwrap().next_page_token;
    let mut tampered = token.clone();
    tampered.replace_range(3..4, if &token[3..4] == "A" { "B" } else { "A" });

    assert!(world.search(me, " PERSON ", page(1, &token)).await.is_ok());
    for (who, query, token) in [
        (other, "person", token.as_str()),
        (me, "perso", token.as_str()),
        (me, "person", tampered.as_str()),
        (me, "person", "garbage"),
    ] {
        let refused = world.search(who, query, page(1, token)).await.unwrap_err();
        assert_eq!(refused, Reason::CursorInvalid);
    }
}

#[tokio::test]
async fn queries_that_say_too_little_or_too_much_are_refused() {
    let world = World::new().await;
    let me = world.known("me", "Me").await;

    for query in [
        "",
        "a",
        " a ",
        "\u{301}\u{301}\u{301}",
        "a\0b",
        &"x".repeat(65),
        &"x".repeat(10_000),
    ] {
        let refused = world.search(me, query, page(0, "")).await.unwrap_err();
        assert_eq!(refused, Reason::InvalidField, "{query:?}");
    }
}

#[tokio::test]
async fn people_who_were_here_before_the_search_become_findable() {
    let world = World::new().await;
    let me = world.known("me", "Me").await;
    world.known("early", "Early Bird").await;
    sqlx::raw_sql("DELETE FROM friends.findable; UPDATE friends.users SET indexed = false")
        .execute(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(world.found(me, "early").await, [""; 0]);

    world.second_node().await;

    kith_testkit::eventually("the early one is found", async || {
        (world.found(me, "early").await == ["early"]).then_some(())
    })
    .await;
}

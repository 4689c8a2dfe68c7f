//! Finding people: from a name to a friend, and by whom one may know.

use kith_e2e::{Node, Person, befriend, eventually, group};
use kith_sdk::rest::{Paging, PrivacyChange, ProfileChange, Requested, Response};

async fn found(person: &Person, words: &str) -> Vec<String> {
    let page = person.api.search_users(words, &Paging::default()).await;
    let users = page.unwrap().items.into_iter();
    users.map(|user| user.username).collect()
}

async fn suggested(person: &Person) -> Vec<(String, String)> {
    let page = person.api.suggestions(&Paging::default()).await.unwrap();
    let items = page.items.into_iter();
    items.map(|one| (one.user.username, one.reason)).collect()
}

#[tokio::test]
async fn from_a_name_to_a_friend_to_their_friends() {
    let node = Node::start().await;
    let [ann, bob, cem, dua] = Person::sign_up_all(&node, ["ann", "bobby", "cem", "dua"]).await;
    let names = [
        (&bob, "Bóbby Ölmez"),
        (&cem, "Çem Yıldız"),
        (&dua, "دعاء الخطيب"),
    ];
    for (person, name) in names {
        let change = ProfileChange {
            display_name: Some(name.to_owned()),
            ..ProfileChange::default()
        };
        person.api.update_me(&change).await.unwrap();
    }
    befriend(&bob, &cem).await;
    befriend(&bob, &dua).await;

    // Ann finds Bob by a part of his name, in whatever spelling.
    for words in ["olmez", "BOBBY", "boby", "@bobby"] {
        eventually("the new name is found", async || {
            (found(&ann, words).await == ["bobby"]).then_some(())
        })
        .await;
    }
    assert_eq!(found(&ann, "خطيب").await, ["dua"]);

    // They become friends.
    let Requested::Pending(request) = ann.api.request_friend(bob.id(), None).await.unwrap() else {
        panic!("nobody had asked before");
    };
    bob.api.respond(request.id, Response::Accept).await.unwrap();
    let bob_for_ann = ann.api.user(bob.id()).await.unwrap();
    assert_eq!(bob_for_ann.relation, "friends");
    assert_eq!(bob_for_ann.friends_count, 3);
    let cem_for_ann = &ann
        .api
        .search_users("yildiz", &Paging::default())
        .await
        .unwrap()
        .items[0];
    assert_eq!(cem_for_ann.mutual_friends_count, 1);

    // Now his friends are suggested; one of them she does not want, one of them hides.
    let reason = || "1 mutual friend".to_owned();
    let mut both = suggested(&ann).await;
    both.sort();
    assert_eq!(
        both,
        [("cem".to_owned(), reason()), ("dua".to_owned(), reason())]
    );
    ann.api.dismiss_suggestion(cem.id()).await.unwrap();
    assert_eq!(suggested(&ann).await, [("dua".to_owned(), reason())]);
    let hide = PrivacyChange {
        searchable: Some("nobody".to_owned()),
        ..PrivacyChange::default()
    };
    dua.api.update_privacy(&hide).await.unwrap();
    assert_eq!(suggested(&ann).await, []);
    assert_eq!(found(&ann, "خطيب").await, [""; 0]);
}

#[tokio::test]
async fn people_of_the_same_group_are_suggested() {
    let node = Node::start().await;
    let people = Person::sign_up_all(&node, ["owner", "ann", "bob"]).await;
    group("Trail runners", &people).await;

    let mut suggested = suggested(&people[1]).await;

    suggested.sort();
    let reason = || "in a group with you".to_owned();
    assert_eq!(
        suggested,
        [("bob".to_owned(), reason()), ("owner".to_owned(), reason())]
    );
}

#[tokio::test]
async fn a_disabled_account_is_neither_found_nor_suggested() {
    let node = Node::start().await;
    let [ann, bob, cem] = Person::sign_up_all(&node, ["ann", "bobby", "cem"]).await;
    befriend(&ann, &cem).await;
    befriend(&bob, &cem).await;
    assert_eq!(suggested(&ann).await.len(), 1);

    node.operate(&["user", "disable", "bobby"]).await;

    eventually("nobody finds the disabled one", async || {
        (found(&ann, "bobby").await.is_empty() && suggested(&ann).await.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn hostile_queries_are_refused_or_answered_at_once() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let ask = async |query: &str| {
        let path = format!("/api/v1/users/search?{query}");
        let begin = std::time::Instant::now();
        let request = ann.api.request(reqwest::Method::GET, &path);
        let status = request.send().await.unwrap().status().as_u16();
        assert!(
            begin.elapsed().as_secs() < 2,
            "{query} took {:?}",
            begin.elapsed()
        );
        status
    };

    let long = format!("q={}", "a".repeat(10_000));
    for refused in [
        &long,
        "",
        "q=a",
        "q=%20a%20",
        "q=%%%",
        "q=a%00b",
        "q=ab&limit=0",
        "q=ab&cursor=x",
    ] {
        assert_eq!(ask(refused).await, 400, "{refused}");
    }
    let bomb = format!("q={}", "(a%2B)%2B".repeat(8));
    for harmless in [
        &bomb,
        "q=%25%25%25",
        "q=___",
        "q=%5C%5C%5C",
        "q='%20OR%201%3D1--",
        "q=ab&limit=1000000000",
    ] {
        assert_eq!(ask(harmless).await, 200, "{harmless}");
    }
}

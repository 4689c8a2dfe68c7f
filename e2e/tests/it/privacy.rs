//! Who may do what to whom: every relation against every setting, as one reads it in a table. What is not in the table is
//! the same for everybody. Who sees whom is in `seeing.rs`.

mod acts;

use kith_e2e::{Node, Person, befriend, befriend_all, direct_room, eventually, group};
use kith_sdk::{
    model::{RoomId, ServerFrame},
    rest::{Paging, PrivacyChange, ProfileChange},
};

use self::acts::run;
use crate::contacts::Salt;

/// The actor's relation to the other one, in the order of the table's columns.
pub(super) const RELATIONS: [&str; 5] = [
    "stranger",
    "friend_of_friend",
    "friend",
    "i_block_them",
    "they_block_me",
];

/// What an actor does to, or learns of, the other one; the other one's setting; the actor's relation. `privacy` is 403 `not_allowed_by_privacy`: across a block too, so that
/// nobody can tell a block from a setting.
const MATRIX: &str = "
    act           | setting            | stranger | friend of friend | friend          | I block them | they block me
    see profile   | everyone           | none     | none             | friends         | blocked      | none
    see profile   | nobody             | none     | none             | friends         | blocked      | none
    open a room   | everyone           | yes      | yes              | yes             | privacy      | privacy
    open a room   | friends            | privacy  | privacy          | yes             | privacy      | privacy
    open a room   | nobody             | privacy  | privacy          | privacy         | privacy      | privacy
    write         | everyone           | yes      | yes              | yes             | privacy      | privacy
    write         | friends            | privacy  | privacy          | yes             | privacy      | privacy
    write         | nobody             | privacy  | privacy          | privacy         | privacy      | privacy
    write live    | everyone           | yes      | yes              | yes             | privacy      | privacy
    write live    | friends            | privacy  | privacy          | yes             | privacy      | privacy
    write live    | nobody             | privacy  | privacy          | privacy         | privacy      | privacy
    read old      | nobody             | yes      | yes              | yes             | yes          | yes
    make a group  | everyone           | yes      | yes              | yes             | privacy      | privacy
    make a group  | friends            | privacy  | privacy          | yes             | privacy      | privacy
    make a group  | nobody             | privacy  | privacy          | privacy         | privacy      | privacy
    add to group  | everyone           | yes      | yes              | yes             | privacy      | privacy
    add to group  | friends            | privacy  | privacy          | yes             | privacy      | privacy
    add to group  | nobody             | privacy  | privacy          | privacy         | privacy      | privacy
    type          | everyone           | yes      | yes              | yes             | no           | no
    type          | friends            | no       | no               | yes             | no           | no
    type          | nobody             | no       | no               | no              | no           | no
    type in group | everyone           | yes      | yes              | yes             | no           | no
    type in group | nobody             | yes      | yes              | yes             | no           | no
    find          | everyone           | yes      | yes              | yes             | no           | no
    find          | friends_of_friends | no       | yes              | yes             | no           | no
    find          | nobody             | no       | no               | no              | no           | no
    be suggested  | everyone           | yes      | yes              | no              | no           | no
    be suggested  | friends_of_friends | no       | yes              | no              | no           | no
    be suggested  | nobody             | no       | no               | no              | no           | no
    match contact | everyone           | yes      | yes              | yes             | no           | no
    match contact | friends_of_friends | no       | yes              | yes             | no           | no
    match contact | nobody             | no       | no               | no              | no           | no
    ask           | everyone           | yes      | yes              | already_friends | forbidden    | yes
    ask           | friends_of_friends | privacy  | yes              | already_friends | forbidden    | privacy
    ask           | nobody             | privacy  | privacy          | already_friends | forbidden    | privacy
";

/// Whether the viewer, in a group with both, is told that somebody read a message. Reciprocal: who hides theirs is told of
/// nobody else's.
const RECEIPTS: &str = "
    viewer         | of one who shows it | of one who hides it
    plain          | yes                 | no
    hiding         | no                  | no
    i_block_them   | no                  | no
    they_block_me  | no                  | no
";

/// Everybody with one setting for everything that has it: one whom the actors do not know yet, and one with whom each has
/// a room since before there were settings and blocks.
struct Other {
    setting: &'static str,
    new: Person,
    old: Person,
    rooms: Vec<RoomId>,
    /// Of the old one, with nobody else.
    alone: RoomId,
}

struct Actor {
    person: Person,
    /// A group of their own.
    group: RoomId,
    /// A group with every actor and every old one.
    shared: RoomId,
}

#[tokio::test]
async fn relations_and_settings_decide_together() {
    let node = Node::start().await;
    let (actors, others) = cast(&node).await;

    let mut wrong = Vec::new();
    for cells in rows(MATRIX) {
        let (act, setting) = (cells[0], cells[1]);
        let other = others.iter().find(|one| one.setting == setting).unwrap();
        for (column, expected) in cells[2..].iter().enumerate() {
            let found = run(act, &actors[column], other, other.rooms[column]).await;
            if found != *expected {
                let relation = RELATIONS[column];
                wrong.push(format!(
                    "{act}, {setting}, {relation}: {found}, not {expected}"
                ));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let [as_stranger, as_blocked] = [0, 4].map(|place: usize| {
        let (api, id) = (actors[place].person.api.clone(), others[0].old.id());
        async move { api.user(id).await.unwrap() }
    });
    let (as_stranger, as_blocked) = (as_stranger.await, as_blocked.await);
    assert_eq!(
        (
            as_blocked.friends_count,
            as_blocked.bio,
            as_blocked.display_name
        ),
        (
            as_stranger.friends_count,
            as_stranger.bio,
            as_stranger.display_name
        ),
        "a blocked one sees what a stranger sees"
    );
    for other in &others {
        let asked = other
            .new
            .api
            .friend_requests(None, &Paging::default())
            .await
            .unwrap();
        let hidden = actors[4].person.id();
        assert!(
            asked.items.iter().all(|request| request.user.id != hidden),
            "what a blocked one asks goes nowhere"
        );
    }
}

#[tokio::test]
async fn receipts_are_reciprocal_and_stop_at_a_block() {
    let node = Node::start().await;
    let names = [
        "author",
        "shows",
        "hides",
        "plain",
        "hiding",
        "i_block_them",
        "they_block_me",
    ];
    let people = Person::sign_up_all(&node, names).await;
    let room = group("Shared", &people).await.id();
    let by_name = |name: &str| {
        let place = names.iter().position(|known| *known == name);
        &people[place.unwrap()]
    };
    let hide = PrivacyChange {
        read_receipts: Some(false),
        ..PrivacyChange::default()
    };
    for name in ["hides", "hiding"] {
        by_name(name).api.update_privacy(&hide).await.unwrap();
    }
    let readers = [by_name("shows"), by_name("hides")];
    for reader in readers {
        by_name("i_block_them")
            .api
            .block(reader.id())
            .await
            .unwrap();
        reader
            .api
            .block(by_name("they_block_me").id())
            .await
            .unwrap();
    }
    let mut viewers = Vec::new();
    for cells in rows(RECEIPTS) {
        let viewer = by_name(cells[0]);
        viewers.push((viewer, viewer.device().await, [cells[1], cells[2]]));
    }
    let message = kith_e2e::post(by_name("author"), room, "read me").await;

    for reader in readers {
        reader
            .device()
            .await
            .link
            .read(room, message.seq)
            .await
            .unwrap();
    }
    // Whatever was told live is told before this.
    let last = kith_e2e::post(by_name("author"), room, "the end").await;

    for (viewer, device, expected) in viewers {
        device.wait_event(room, last.seq).await;
        let receipts = viewer.api.receipts(message.id).await.unwrap().items;
        let room_view = viewer.api.room(room).await.unwrap();
        for (reader, expected) in readers.iter().zip(expected) {
            let told = expected == "yes";
            let what = format!("{} of {}", viewer.username, reader.username);
            let receipt = receipts.iter().find(|one| one.user_id == reader.id());
            assert_eq!(receipt.unwrap().read_at.is_some(), told, "asking: {what}");
            let shown = room_view
                .participants
                .iter()
                .find(|one| one.user.id == reader.id());
            assert_eq!(
                shown.unwrap().last_read_seq > 0,
                told,
                "in the room: {what}"
            );
            let live = device.frames().iter().any(
                |frame| matches!(frame, ServerFrame::Receipt(one) if one.user_id == reader.id()),
            );
            assert_eq!(live, told, "live: {what}");
        }
    }
}

/// The rows of a table, without its head.
pub(super) fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = table.lines().skip(2).filter(|line| line.contains('|'));
    lines.map(|line| line.split('|').map(str::trim).collect())
}

/// The actors by relation, and the others by setting. Everybody has an interest in common, so that strangers could be
/// suggested too.
async fn cast(node: &Node) -> (Vec<Actor>, Vec<Other>) {
    let people = Person::sign_up_all(node, RELATIONS).await;
    let friend = Person::sign_up(node, "shared_friend").await;
    befriend(&people[1], &friend).await;
    let salt = Salt::read(&friend).await;
    let mut others = Vec::new();
    for setting in ["everyone", "friends_of_friends", "friends", "nobody"] {
        let names = [format!("new_{setting}"), format!("old_{setting}")];
        let [new, old] = Person::sign_up_all(node, names.each_ref().map(String::as_str)).await;
        old.open_up().await;
        let mut rooms = Vec::new();
        for actor in &people {
            let room = direct_room(actor, &old).await.id;
            kith_e2e::post(actor, room, "from before").await;
            rooms.push(room);
        }
        let alone = group("Alone", std::slice::from_ref(&old)).await.id();
        salt.register(&new, &format!("tel:{setting}")).await;
        others.push(Other {
            setting,
            new,
            old,
            rooms,
            alone,
        });
    }
    let olds = others.iter().map(|other| other.old.clone());
    let everybody: Vec<Person> = people.iter().cloned().chain(olds).collect();
    let shared = group("Everybody", &everybody).await.id();
    for person in people.iter().chain(others.iter().map(|other| &other.new)) {
        take_up_climbing(person, &friend).await;
    }
    for other in &others {
        for person in [&other.new, &other.old] {
            befriend_all(person, &[friend.clone(), people[2].clone()]).await;
            let settings = all_at(other.setting);
            person.api.update_privacy(&settings).await.unwrap();
            people[3].api.block(person.id()).await.unwrap();
            person.api.block(people[4].id()).await.unwrap();
        }
    }
    let mut actors = Vec::new();
    for person in people {
        let group = group("Own", std::slice::from_ref(&person)).await.id();
        actors.push(Actor {
            person,
            group,
            shared,
        });
    }
    (actors, others)
}

/// Gives somebody an interest, and waits until the services that look for people know it.
async fn take_up_climbing(person: &Person, friend: &Person) {
    let interests = vec!["climbing".to_owned()];
    let change = ProfileChange {
        interests: Some(interests.clone()),
        ..ProfileChange::default()
    };
    person.api.update_me(&change).await.unwrap();
    eventually("the interest is known", async || {
        let seen = friend.api.user(person.id()).await.unwrap();
        (seen.interests == interests).then_some(())
    })
    .await;
}

/// The setting for everything that has it.
fn all_at(setting: &str) -> PrivacyChange {
    let circle = |has_it: bool| has_it.then(|| setting.to_owned());
    let (of_friends, friends) = (setting != "friends", setting != "friends_of_friends");
    PrivacyChange {
        searchable: circle(of_friends),
        friend_requests: circle(of_friends),
        direct_messages: circle(friends),
        group_adds: circle(friends),
        presence: circle(friends),
        last_seen: circle(friends),
        read_receipts: None,
    }
}

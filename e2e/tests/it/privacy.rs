//! Who may do what to whom: every relation against every setting, as one reads it in a table. What is not in the table is
//! the same for everybody.

use kith_e2e::{Node, Person, befriend, befriend_all, direct_room, group};
use kith_sdk::{
    model::{RoomId, ServerFrame},
    outbox::fresh_client_id,
    rest::{ApiError, MessagePost, NewGroup, Paging, PrivacyChange, Requested},
};

/// The actor's relation to the other one, in the order of the table's columns.
const RELATIONS: [&str; 5] = [
    "stranger",
    "friend_of_friend",
    "friend",
    "i_block_them",
    "they_block_me",
];

/// The other one's setting; the actor's relation. `privacy` is 403 `not_allowed_by_privacy`: across a block too, so that
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
}

struct Actor {
    person: Person,
    /// A group of their own.
    group: RoomId,
}

#[tokio::test]
async fn relations_and_settings_decide_together() {
    let node = Node::start().await;
    let (actors, others) = cast(&node).await;

    let mut wrong = Vec::new();
    for line in MATRIX.lines().skip(2).filter(|line| line.contains('|')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
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
    for line in RECEIPTS.lines().skip(2).filter(|line| line.contains('|')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
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

/// The actors by relation, and the others by setting.
async fn cast(node: &Node) -> (Vec<Actor>, Vec<Other>) {
    let people = Person::sign_up_all(node, RELATIONS).await;
    let shared = Person::sign_up(node, "shared_friend").await;
    befriend(&people[1], &shared).await;
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
        for other in [&new, &old] {
            befriend_all(other, &[shared.clone(), people[2].clone()]).await;
            other.api.update_privacy(&all_at(setting)).await.unwrap();
            people[3].api.block(other.id()).await.unwrap();
            other.api.block(people[4].id()).await.unwrap();
        }
        others.push(Other {
            setting,
            new,
            old,
            rooms,
        });
    }
    let mut actors = Vec::new();
    for person in people {
        let group = group("Own", std::slice::from_ref(&person)).await.id();
        actors.push(Actor { person, group });
    }
    (actors, others)
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

/// Does it, and says in a word how it went.
async fn run(act: &str, actor: &Actor, other: &Other, room: RoomId) -> String {
    let api = &actor.person.api;
    let text = || MessagePost {
        client_id: fresh_client_id(),
        text: "hello".to_owned(),
        reply_to: None,
    };
    match act {
        "see profile" => api.user(other.new.id()).await.unwrap().relation,
        "open a room" => word(api.direct_room(other.new.id()).await),
        "write" => word(api.post_message(room, &text()).await),
        "write live" => {
            let device = actor.person.device().await;
            match device.send(room, "hello").await {
                Ok(_) => "yes".to_owned(),
                Err(error) => short(error.code()),
            }
        }
        "read old" => word(
            api.messages(room, kith_sdk::rest::Window::Newest, None)
                .await,
        ),
        "make a group" => {
            let group = NewGroup {
                name: "With them".to_owned(),
                participant_ids: vec![other.new.id()],
                client_id: None,
            };
            word(api.create_group(&group).await)
        }
        "add to group" => word(api.add_participants(actor.group, &[other.new.id()]).await),
        "ask" => word(
            api.request_friend(other.new.id(), None)
                .await
                .map(|asked| assert!(matches!(asked, Requested::Pending(_)))),
        ),
        unknown => panic!("the table has an unknown act: {unknown}"),
    }
}

fn word<T>(answer: Result<T, ApiError>) -> String {
    answer.map_or_else(|error| short(error.code()), |_| "yes".to_owned())
}

fn short(code: Option<&str>) -> String {
    match code {
        Some("not_allowed_by_privacy") => "privacy".to_owned(),
        code => code.unwrap_or("nothing").to_owned(),
    }
}

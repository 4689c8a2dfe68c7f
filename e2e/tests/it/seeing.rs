//! Who sees whether somebody is here, and when they were: every relation against both settings, on the socket and in the lists.

use chrono::Timelike as _;
use kith_e2e::{Device, Node, Person, Settings, befriend, befriend_all, eventually};
use kith_sdk::{
    model::{Presence, ServerFrame, Time, UserId},
    rest::{Paging, PrivacyChange},
};
use serde_json::{Value, json};

use crate::privacy::{RELATIONS, rows};

/// How somebody looks who is here, or gone, and has these two settings. `nothing` is what an unknown id looks like; `hour` is when they
/// were here, to the full hour, which tells nobody whether they still are.
const SIGHTS: &str = "
    they are | presence | last seen | stranger | friend of friend | friend  | I block them | they block me
    here     | everyone | everyone  | online   | online           | online  | nothing      | nothing
    here     | everyone | nobody    | online   | online           | online  | nothing      | nothing
    here     | friends  | everyone  | hour     | hour             | online  | nothing      | nothing
    here     | friends  | friends   | nothing  | nothing          | online  | nothing      | nothing
    here     | nobody   | everyone  | hour     | hour             | hour    | nothing      | nothing
    here     | nobody   | friends   | nothing  | nothing          | hour    | nothing      | nothing
    here     | nobody   | nobody    | nothing  | nothing          | nothing | nothing      | nothing
    gone     | everyone | everyone  | exact    | exact            | exact   | nothing      | nothing
    gone     | everyone | nobody    | nothing  | nothing          | nothing | nothing      | nothing
    gone     | friends  | everyone  | hour     | hour             | exact   | nothing      | nothing
    gone     | friends  | friends   | nothing  | nothing          | exact   | nothing      | nothing
    gone     | nobody   | everyone  | hour     | hour             | hour    | nothing      | nothing
    gone     | nobody   | friends   | nothing  | nothing          | hour    | nothing      | nothing
    gone     | nobody   | nobody    | nothing  | nothing          | nothing | nothing      | nothing
";

const UNKNOWN: &str = "01900000-0000-7000-8000-000000000001";

/// Somebody with these settings.
struct Other {
    presence: &'static str,
    last_seen: &'static str,
    person: Person,
}

struct Viewer {
    person: Person,
    device: Device,
}

#[tokio::test]
async fn relations_and_settings_decide_who_sees_whom() {
    let settings = Settings::default().with("KITH__PRESENCE__COALESCE", "300ms");
    let node = Node::start_with(settings).await;
    let (viewers, others, marker) = cast(&node).await;
    let mut watched: Vec<UserId> = others.iter().map(|other| other.person.id()).collect();
    watched.push(marker.id());
    for viewer in &viewers {
        viewer.device.link.watch(&watched).await.unwrap();
    }

    let mut devices = Vec::new();
    for other in &others {
        let device = other.person.device().await;
        let status = json!({"t": "status", "status": "online", "custom": "busy"});
        device.link.ask(status).await.unwrap();
        devices.push(device);
    }
    check("here", &viewers, &others).await;
    for device in devices {
        device.disconnect().await;
    }
    check("gone", &viewers, &others).await;
    // Whatever was told of the others is told before this.
    let _marking = marker.device().await;

    for (column, viewer) in viewers.iter().enumerate() {
        wait_online(viewer, marker.id()).await;
        let frames = viewer.device.frames();
        for other in &others {
            let told = statuses(&frames, other.person.id());
            let what = format!(
                "{} of presence {}, last seen {}: {told:?}",
                RELATIONS[column], other.presence, other.last_seen
            );
            if expected("here", other)[column] == "online" {
                assert!(told.first() == Some(&"online"), "{what}");
                assert!(told.last() == Some(&"offline"), "{what}");
            } else {
                // What changed in who may see whom just before the watch is told again when it is settled; it says no more than this.
                assert!(told.iter().all(|status| *status == "offline"), "{what}");
            }
        }
    }
}

/// The viewers in the order of the columns, the others in that of the rows, and somebody whom all may see.
async fn cast(node: &Node) -> (Vec<Viewer>, Vec<Other>, Person) {
    let people = Person::sign_up_all(node, RELATIONS).await;
    let [shared, marker] = Person::sign_up_all(node, ["shared_friend", "marker"]).await;
    befriend_all(&shared, &people[1..2]).await;
    set(&marker, "everyone", "everyone").await;
    let mut others = Vec::new();
    for (number, row) in rows(SIGHTS).filter(|row| row[0] == "here").enumerate() {
        let person = Person::sign_up(node, &format!("other{number}")).await;
        befriend(&person, &people[2]).await;
        befriend(&person, &shared).await;
        set(&person, row[1], row[2]).await;
        people[3].api.block(person.id()).await.unwrap();
        person.api.block(people[4].id()).await.unwrap();
        others.push(Other {
            presence: row[1],
            last_seen: row[2],
            person,
        });
    }
    let mut viewers = Vec::new();
    for person in people {
        let device = person.device().await;
        viewers.push(Viewer { person, device });
    }
    (viewers, others, marker)
}

async fn set(person: &Person, presence: &str, last_seen: &str) {
    let change = PrivacyChange {
        presence: Some(presence.to_owned()),
        last_seen: Some(last_seen.to_owned()),
        ..PrivacyChange::default()
    };
    person.api.update_privacy(&change).await.unwrap();
}

/// How the others look to each viewer, by the table.
fn expected(state: &str, other: &Other) -> Vec<&'static str> {
    let mut rows = rows(SIGHTS);
    let row = rows.find(|row| row[..3] == [state, other.presence, other.last_seen]);
    row.unwrap()[3..].to_vec()
}

/// Compares everything that shows somebody with the table: what is to be seen first, because it may take a moment, and then what is not.
async fn check(state: &str, viewers: &[Viewer], others: &[Other]) {
    for something in [true, false] {
        for other in others {
            for (viewer, expected) in viewers.iter().zip(expected(state, other)) {
                if (expected != "nothing") == something {
                    assert_look(state, viewer, other, expected).await;
                }
            }
        }
    }
}

async fn assert_look(state: &str, viewer: &Viewer, other: &Other, expected: &str) {
    let (who, whom) = (&viewer.person.username, &other.person.username);
    let what = format!("{who} sees {expected} of {whom}, who is {state}");
    if expected == "nothing" {
        assert_eq!(
            watched(viewer, other.person.id()).await,
            "nothing",
            "{what}"
        );
    } else {
        eventually(&what, async || {
            (watched(viewer, other.person.id()).await == expected).then_some(())
        })
        .await;
    }
    let listed = listed(viewer, other).await;
    assert!(listed.is_none_or(|listed| listed == expected), "{what}");
    assert_profile_is_silent(viewer, other).await;
}

/// What a `watch` answers, in a word. It goes through a device of its own: the other one's list stays as it is. Who is left out
/// of an answer is not known for sure at that moment.
async fn watched(viewer: &Viewer, user: UserId) -> &'static str {
    let device = viewer.person.device().await;
    let unknown: UserId = UNKNOWN.parse().unwrap();
    let word = eventually("the answer names both", async || {
        let presences = device.link.watch(&[user, unknown]).await.unwrap();
        let of = |id| presences.iter().find(|it| it.user_id == Some(id));
        let (seen, nobody) = (of(user)?, of(unknown)?);
        let look = |it: &Presence| (it.status.clone(), it.last_seen_at, it.custom.clone());
        if look(seen) == look(nobody) {
            return Some("nothing");
        }
        assert_eq!(seen.custom == "busy", seen.status == "online", "{seen:?}");
        Some(word(seen))
    })
    .await;
    device.disconnect().await;
    word
}

/// The same in the list of friends; none when they are not in it.
async fn listed(viewer: &Viewer, other: &Other) -> Option<&'static str> {
    let friends = viewer
        .person
        .api
        .friends(None, &Paging::default())
        .await
        .unwrap()
        .items;
    let friend = friends
        .into_iter()
        .find(|friend| friend.user.id == other.person.id())?;
    Some(word(&friend.presence.unwrap()))
}

/// `GET /users/{id}` tells nothing of it to anybody.
async fn assert_profile_is_silent(viewer: &Viewer, other: &Other) {
    let path = format!("/api/v1/users/{}", other.person.id());
    let request = viewer.person.api.request(reqwest::Method::GET, &path);
    let profile: Value = request.send().await.unwrap().json().await.unwrap();
    for field in ["presence", "status", "last_seen_at", "custom"] {
        assert!(profile.get(field).is_none(), "{profile}");
    }
}

fn word(presence: &Presence) -> &'static str {
    let is_full_hour = |at: Time| (at.minute(), at.second(), at.nanosecond()) == (0, 0, 0);
    match (presence.status.as_str(), presence.last_seen_at) {
        ("online", None) => "online",
        ("offline", None) => "nothing",
        ("offline", Some(at)) if is_full_hour(at) => "hour",
        ("offline", Some(_)) => "exact",
        _ => panic!("{presence:?}"),
    }
}

fn statuses(frames: &[ServerFrame], user: UserId) -> Vec<&str> {
    let mut statuses = Vec::new();
    for frame in frames {
        if let ServerFrame::Presence(presence) = frame
            && presence.user_id == Some(user)
        {
            statuses.push(presence.status.as_str());
        }
    }
    statuses
}

async fn wait_online(viewer: &Viewer, user: UserId) {
    let found = |frames: &[ServerFrame]| statuses(frames, user).contains(&"online").then_some(());
    viewer.device.wait("the marker is here", found).await;
}

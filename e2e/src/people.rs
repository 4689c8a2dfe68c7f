//! People, and what they have to do before they can talk.

use futures::{StreamExt as _, future::join_all, stream};
use kith_sdk::{
    model::{FriendRequest, Message, Room, RoomId, Session, UserId},
    outbox::fresh_client_id,
    rest::{
        Api, Credentials, MessagePost, NewGroup, PrivacyChange, Registration, Requested, Response,
    },
};

use crate::{Device, Node, eventually};

/// Everybody's password.
const PASSWORD: &str = "correct horse battery";

/// Passwords are hashed at sign-up; a server sheds more of that than it has processors for.
const AT_ONCE: usize = 4;

/// Somebody who has signed up.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their calls, with their token.
    pub api: Api,
    /// Their first session.
    pub session: Session,
    /// Their user name.
    pub username: String,
    /// Their password.
    pub password: String,
}

impl Person {
    /// Signs somebody up.
    pub async fn sign_up(node: &Node, username: &str) -> Self {
        let registration = Registration {
            username: username.to_owned(),
            password: PASSWORD.to_owned(),
            ..Registration::default()
        };
        let session = node
            .api()
            .register(&registration)
            .await
            .expect("signing up");
        Self {
            api: node.api().with_token(&session.access_token),
            session,
            username: username.to_owned(),
            password: PASSWORD.to_owned(),
        }
    }

    /// Somebody who has signed up before, on another device.
    pub async fn returning(node: &Node, username: &str) -> Self {
        let credentials = Credentials {
            username: username.to_owned(),
            password: PASSWORD.to_owned(),
            device_name: None,
        };
        let session = node.api().login(&credentials).await.expect("logging in");
        Self {
            api: node.api().with_token(&session.access_token),
            session,
            username: username.to_owned(),
            password: PASSWORD.to_owned(),
        }
    }

    /// Signs several people up at once.
    pub async fn sign_up_all<const N: usize>(node: &Node, names: [&str; N]) -> [Self; N] {
        let people = join_all(names.map(|name| Self::sign_up(node, name))).await;
        people.try_into().ok().unwrap()
    }

    /// Signs up `count` people called `prefix1`, `prefix2`, …
    pub async fn sign_up_crowd(node: &Node, prefix: &str, count: usize) -> Vec<Self> {
        let names = (1..=count).map(|n| format!("{prefix}{n}"));
        stream::iter(names)
            .map(|name| async move { Self::sign_up(node, &name).await })
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// Their id.
    pub fn id(&self) -> UserId {
        self.session.user.user.id
    }

    /// Their access token.
    pub fn token(&self) -> &str {
        &self.session.access_token
    }

    /// The same person on another device, at any node.
    pub async fn log_in(&self, node: &Node) -> Self {
        let credentials = Credentials {
            username: self.username.clone(),
            password: self.password.clone(),
            device_name: Some("another device".to_owned()),
        };
        let session = node.api().login(&credentials).await.expect("logging in");
        Self {
            api: node.api().with_token(&session.access_token),
            session,
            ..self.clone()
        }
    }

    /// The same session, asking another node.
    pub fn at(&self, node: &Node) -> Self {
        Self {
            api: node.api().with_token(self.token()),
            ..self.clone()
        }
    }

    /// Lets anybody write to them and add them to groups.
    pub async fn open_up(&self) {
        let change = PrivacyChange {
            direct_messages: Some("everyone".to_owned()),
            group_adds: Some("everyone".to_owned()),
            ..PrivacyChange::default()
        };
        eventually("the privacy is changed", async || {
            let request = self
                .api
                .request(reqwest::Method::PATCH, "/api/v1/users/me/privacy")
                .json(&change);
            let status = request.send().await.unwrap().status();
            // A busy machine says 503: again, as any client would.
            assert!(status == 200 || status == 503, "changing privacy: {status}");
            (status == 200).then_some(())
        })
        .await;
    }

    /// Connects a device.
    pub async fn device(&self) -> Device {
        Device::connect(&self.api, self.token()).await
    }
}

/// Makes two people friends, and gives the accepted request.
pub async fn befriend(one: &Person, other: &Person) -> FriendRequest {
    match one
        .api
        .request_friend(other.id(), None)
        .await
        .expect("asking to be friends")
    {
        Requested::Accepted(request) => request,
        Requested::Pending(request) => {
            let answer = other.api.respond(request.id, Response::Accept).await;
            answer.expect("accepting a friend request")
        }
    }
}

/// Makes somebody the friend of each of the others.
pub async fn befriend_all(one: &Person, others: &[Person]) {
    join_all(others.iter().map(|other| befriend(one, other))).await;
}

/// The direct room of two friends.
pub async fn direct_room(one: &Person, other: &Person) -> Room {
    one.api
        .direct_room(other.id())
        .await
        .expect("opening a direct room")
}

/// A group and the people in it, the owner first.
pub struct Group {
    /// As its owner saw it first.
    pub room: Room,
    /// Everybody in it.
    pub people: Vec<Person>,
}

impl Group {
    /// Its id.
    pub fn id(&self) -> RoomId {
        self.room.id
    }

    /// Who made it.
    pub fn owner(&self) -> &Person {
        &self.people[0]
    }
}

/// A group of people who need not be friends.
pub async fn group(name: &str, people: &[Person]) -> Group {
    join_all(people[1..].iter().map(Person::open_up)).await;
    let body = NewGroup {
        name: name.to_owned(),
        participant_ids: people[1..].iter().map(Person::id).collect(),
        client_id: None,
    };
    Group {
        room: people[0]
            .api
            .create_group(&body)
            .await
            .expect("making a group"),
        people: people.to_vec(),
    }
}

/// Says something over REST, under a fresh `client_id`.
pub async fn post(person: &Person, room: RoomId, text: &str) -> Message {
    let post = MessagePost {
        client_id: fresh_client_id(),
        text: text.to_owned(),
        reply_to: None,
    };
    person
        .api
        .post_message(room, &post)
        .await
        .expect("saying something")
        .message
}

//! Makes the community, step by step. Each step can be repeated: what is there already is found, not made again.

use std::collections::HashMap;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kith_api::accounts::v1::{
    LoginRequest, RegisterRequest, UpdateProfileRequest, update_profile_request::Interests,
};
use kith_api::chat::v1::{
    CreateDirectChatRoomRequest, CreateGroupChatRoomRequest, GetUserChatRoomsRequest,
    MarkMessageAsReadRequest, SendMessageRequest,
};
use kith_api::friends::v1::{
    RequestAction, RespondToFriendRequestRequest, SendFriendRequestRequest,
};
use kith_error::{Failure, Reason};
use tonic::Status;

use super::people::{GROUPS, PENDING, PEOPLE, Person, friends};
use super::talk::Talk;
use super::{MONTHS, PASSWORD};
use crate::command::speaker::{Speaker, patiently};

/// Rooms that talk at the same time; messages of one room keep their order.
const ROOMS_AT_ONCE: usize = 24;
/// The room that is made last, and tells that all the others are there.
const LAST_ROOM: &str = "Welcome to Kith";

/// The people as the instance knows them.
pub(super) struct Community {
    speaker: Speaker,
    now: DateTime<Utc>,
    /// Ids, by place in [`PEOPLE`].
    ids: Vec<String>,
}

/// A room and who talks in it.
pub(super) struct Room {
    id: String,
    /// Tells its messages from those of other rooms.
    seed: u64,
    members: Vec<usize>,
    exchanges: usize,
}

impl Community {
    pub(super) const fn new(speaker: Speaker, now: DateTime<Utc>) -> Self {
        Self {
            speaker,
            now,
            ids: Vec::new(),
        }
    }

    /// Whether an earlier run came to its end.
    pub(super) async fn is_complete(&self, password: &str) -> anyhow::Result<bool> {
        let Some(ada) = self.login(PEOPLE[0].username, password).await? else {
            return Ok(false);
        };
        let request = GetUserChatRoomsRequest {
            query: LAST_ROOM.to_owned(),
            ..Default::default()
        };
        let rooms = patiently(async || {
            self.speaker
                .chat_as(&ada)
                .get_user_chat_rooms(request.clone())
                .await
        })
        .await?
        .into_inner()
        .rooms;
        Ok(!rooms.is_empty())
    }

    pub(super) async fn make_people(&mut self, password: &str) -> anyhow::Result<()> {
        for person in &PEOPLE {
            let id = self
                .make_person(person, password)
                .await
                .with_context(|| person.username)?;
            self.ids.push(id);
        }
        Ok(())
    }

    async fn make_person(&self, person: &Person, password: &str) -> anyhow::Result<String> {
        let request = RegisterRequest {
            username: person.username.to_owned(),
            password: password.to_owned(),
            display_name: Some(person.display_name.to_owned()),
            device_name: Some("kith demo".to_owned()),
        };
        let id = match patiently(async || self.speaker.accounts().register(request.clone()).await).await {
            Ok(answer) => user_id(answer.into_inner().session)?,
            Err(status) if reason(&status) == Reason::UsernameTaken => self
                .login(person.username, password)
                .await?
                .context("somebody else has this user name already; the demo needs an instance without them")?,
            Err(status) => return Err(status.into()),
        };
        let profile = UpdateProfileRequest {
            bio: Some(person.bio.to_owned()),
            interests: Some(Interests {
                values: person
                    .interests
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect(),
            }),
            ..Default::default()
        };
        patiently(async || {
            self.speaker
                .accounts_as(&id)
                .update_profile(profile.clone())
                .await
        })
        .await?;
        Ok(id)
    }

    async fn login(&self, username: &str, password: &str) -> anyhow::Result<Option<String>> {
        let request = LoginRequest {
            username: username.to_owned(),
            password: password.to_owned(),
            device_name: Some("kith demo".to_owned()),
        };
        let answer = patiently(async || self.speaker.login(request.clone()).await).await?;
        answer.map(|answer| user_id(answer.session)).transpose()
    }

    /// Gives how many friendships there are.
    pub(super) async fn make_friends(&self) -> anyhow::Result<usize> {
        let pairs = friends();
        for (one, other) in &pairs {
            self.befriend(*one, *other).await.with_context(|| {
                format!("{} and {}", PEOPLE[*one].username, PEOPLE[*other].username)
            })?;
        }
        for (from, to, note) in PENDING {
            self.request(from, to, note).await?;
        }
        Ok(pairs.len())
    }

    async fn befriend(&self, one: usize, other: usize) -> anyhow::Result<()> {
        let Some(request_id) = self.request(one, other, "").await? else {
            return Ok(());
        };
        let accept = RespondToFriendRequestRequest {
            request_id,
            action: RequestAction::Accept.into(),
        };
        patiently(async || {
            self.speaker
                .friends_as(&self.ids[other])
                .respond_to_friend_request(accept.clone())
                .await
        })
        .await?;
        Ok(())
    }

    /// None when the two have asked or befriended each other before.
    async fn request(&self, from: usize, to: usize, note: &str) -> anyhow::Result<Option<String>> {
        let request = SendFriendRequestRequest {
            user_id: self.ids[to].clone(),
            note: (!note.is_empty()).then(|| note.to_owned()),
        };
        match patiently(async || {
            self.speaker
                .friends_as(&self.ids[from])
                .send_friend_request(request.clone())
                .await
        })
        .await
        {
            Ok(answer) => Ok(answer
                .into_inner()
                .request
                .map(|request| request.request_id)),
            Err(status)
                if matches!(
                    reason(&status),
                    Reason::AlreadyFriends | Reason::AlreadyRequested
                ) =>
            {
                Ok(None)
            }
            Err(status) => Err(status.into()),
        }
    }

    pub(super) async fn open_rooms(&self) -> anyhow::Result<Vec<Room>> {
        let mut rooms = Vec::new();
        for (index, (one, other)) in friends().into_iter().enumerate() {
            // Not all friends write to each other; some only meet in groups.
            if index % 2 == 1 {
                continue;
            }
            let request = CreateDirectChatRoomRequest {
                user_id: self.ids[other].clone(),
            };
            let answer = patiently(async || {
                self.speaker
                    .chat_as(&self.ids[one])
                    .create_direct_chat_room(request.clone())
                    .await
            })
            .await?
            .into_inner();
            let id = answer.room.context("a room without a room")?.room_id;
            let seed = 1000 + index as u64;
            rooms.push(Room {
                id,
                seed,
                members: vec![one, other],
                exchanges: 6 + index % 13,
            });
        }
        for (index, group) in GROUPS.iter().enumerate() {
            let id = self
                .open_group(group.name, group.members)
                .await
                .with_context(|| group.name)?;
            let seed = index as u64;
            rooms.push(Room {
                id,
                seed,
                members: group.members.to_vec(),
                exchanges: group.exchanges,
            });
        }
        Ok(rooms)
    }

    async fn open_group(&self, name: &str, members: &[usize]) -> anyhow::Result<String> {
        let request = CreateGroupChatRoomRequest {
            name: name.to_owned(),
            participant_ids: members[1..]
                .iter()
                .map(|member| self.ids[*member].clone())
                .collect(),
            client_id: Some(format!(
                "kith-demo:{}",
                name.escape_default().to_string().replace(' ', "-")
            )),
        };
        let owner = &self.ids[members[0]];
        let answer = patiently(async || {
            self.speaker
                .chat_as(owner)
                .create_group_chat_room(request.clone())
                .await
        })
        .await?
        .into_inner();
        Ok(answer.room.context("a room without a room")?.room_id)
    }

    /// Gives how many messages were written.
    pub(super) async fn talk(&self, rooms: Vec<Room>) -> anyhow::Result<usize> {
        stream::iter(rooms)
            .map(|room| async move { self.talk_in(&room).await })
            .buffer_unordered(ROOMS_AT_ONCE)
            .try_fold(0, |sum, count| std::future::ready(Ok(sum + count)))
            .await
    }

    async fn talk_in(&self, room: &Room) -> anyhow::Result<usize> {
        let mut talk = Talk::new(room.seed);
        let span = TimeDelta::days(MONTHS * 30);
        let pause = span / i32::try_from(room.exchanges + 1)?;
        let mut written = 0;
        let mut newest: HashMap<usize, String> = HashMap::new();
        for exchange in 0..room.exchanges {
            // Everybody takes the first word in turn; the pauses between exchanges are uneven.
            let first = talk.below(room.members.len());
            let wobble = pause * i32::try_from(talk.below(80))? / 100;
            let mut at = self.now - span + pause * i32::try_from(exchange)? + wobble;
            for line in talk.exchange() {
                at += TimeDelta::seconds(20 + i64::try_from(talk.below(300))?);
                let sender = room.members[(first + line.speaker) % room.members.len()];
                let id = self
                    .write(room, sender, (written, line.text, at.min(self.now)))
                    .await?;
                newest.insert(sender, id);
                written += 1;
            }
        }
        // Each has read up to their own last word; what came after is unread.
        for (member, message_id) in newest {
            let request = MarkMessageAsReadRequest { message_id };
            patiently(async || {
                self.speaker
                    .chat_as(&self.ids[member])
                    .mark_message_as_read(request.clone())
                    .await
            })
            .await?;
        }
        Ok(written)
    }

    async fn write(
        &self,
        room: &Room,
        sender: usize,
        (number, text, at): (usize, String, DateTime<Utc>),
    ) -> anyhow::Result<String> {
        let request = SendMessageRequest {
            room_id: room.id.clone(),
            client_id: format!("kith-demo:{}:{number}", room.seed),
            text,
            reply_to_id: None,
            create_time: Some(timestamp(at)),
        };
        let answer = patiently(async || {
            self.speaker
                .chat_as(&self.ids[sender])
                .send_message(request.clone())
                .await
        })
        .await?
        .into_inner();
        Ok(answer
            .message
            .context("a message without a message")?
            .message_id)
    }

    /// Makes the room that tells that everything is there.
    pub(super) async fn complete(&self) -> anyhow::Result<()> {
        let id = self.open_group(LAST_ROOM, &[0, 1, 2, 3]).await?;
        let room = Room {
            id,
            seed: 999,
            members: vec![0],
            exchanges: 0,
        };
        let text = format!("Everybody here logs in with `{PASSWORD}`. Have a look around 👋");
        self.write(&room, 0, (0, text, self.now)).await?;
        Ok(())
    }
}

fn user_id(session: Option<kith_api::accounts::v1::IssuedSession>) -> anyhow::Result<String> {
    let user = session
        .and_then(|session| session.user)
        .context("a session without a user")?;
    Ok(user.user_id)
}

fn reason(status: &Status) -> Reason {
    Failure::from(status).reason
}

fn timestamp(at: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0),
    }
}

//! One chat service with a database of its own and its two siblings, and short words for what tests do with it.

use kith_api::{
    accounts::v1::{User, accounts_service_server::AccountsServiceServer},
    chat::v1::{
        self as wire, chat_service_client::ChatServiceClient,
        delivery_service_client::DeliveryServiceClient, ingest_service_client::IngestServiceClient,
    },
    friends::v1::{Pair, friends_service_server::FriendsServiceServer},
};
use kith_auth::{Caller, CallerInterceptor};
use kith_bus::Bus;
use kith_chat::{Config, Deps};
use kith_client::{Intercepted, Upstream};
use kith_clock::Clock;
use kith_error::{Failure, Reason};
use kith_ids::{RoomId, UserId};
use kith_runtime::{Shutdown, Tasks};
use kith_testkit::{CLUSTER_KEY, TestDatabase, serve, signer};
use tonic::{
    Response, Status,
    service::{Routes, interceptor::InterceptedService},
};

use crate::siblings::Siblings;

pub(crate) type Client = ChatServiceClient<Intercepted>;
pub(crate) type Ingest = IngestServiceClient<Intercepted>;
pub(crate) type Delivery = DeliveryServiceClient<Intercepted>;

/// Everything a test needs; ends its tasks when dropped.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) siblings: Siblings,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    chat: Upstream,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Config::for_test()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let database = TestDatabase::new("chat", &kith_chat::MIGRATOR).await;
        let clock = Clock::system();
        let tasks = Tasks::new(Shutdown::new());
        let siblings = Siblings::default();
        let chat = start(&database, &siblings, &tasks, config).await;
        Self {
            database,
            siblings,
            clock,
            tasks,
            chat,
        }
    }

    /// Somebody with an account.
    pub(crate) fn user(&self, name: &str) -> UserId {
        let id = self.clock.new_id().into();
        self.siblings.add_user(id, name);
        id
    }

    /// Several people with accounts.
    pub(crate) fn users<const N: usize>(&self) -> [UserId; N] {
        std::array::from_fn(|place| self.user(&format!("person{place}")))
    }

    /// Chat, for a person.
    pub(crate) fn chat(&self, user: UserId) -> Client {
        let session_id = self.clock.new_id().into();
        self.chat.chat(&Caller::User {
            user_id: user,
            session_id,
        })
    }

    /// What siblings tell chat.
    pub(crate) fn ingest(&self) -> Ingest {
        self.chat.chat_ingest(&Caller::node("friends"))
    }

    /// The delivery calls with a deadline, for a gateway node.
    pub(crate) fn delivery(&self) -> Delivery {
        self.chat.delivery(&Caller::node("gateway"))
    }

    /// The channel itself.
    pub(crate) const fn upstream(&self) -> &Upstream {
        &self.chat
    }

    /// Opens the direct room of two people.
    pub(crate) async fn direct(&self, from: UserId, to: UserId) -> wire::Room {
        let request = wire::CreateDirectChatRoomRequest {
            user_id: to.to_string(),
        };
        let answer = self.chat(from).create_direct_chat_room(request).await;
        answer.unwrap().into_inner().room.unwrap()
    }

    /// Makes a group.
    pub(crate) async fn group(&self, owner: UserId, others: &[UserId]) -> wire::Room {
        let request = wire::CreateGroupChatRoomRequest {
            name: "Group".to_owned(),
            participant_ids: texts(others),
            client_id: None,
        };
        let answer = self.chat(owner).create_group_chat_room(request).await;
        answer.unwrap().into_inner().room.unwrap()
    }

    /// Sends a message.
    pub(crate) async fn send(&self, from: UserId, room: &str, text: &str) -> wire::Message {
        self.try_send(from, room, text).await.unwrap()
    }

    /// Tries to send a message.
    pub(crate) async fn try_send(
        &self,
        from: UserId,
        room: &str,
        text: &str,
    ) -> Result<wire::Message, Status> {
        let request = wire::SendMessageRequest {
            room_id: room.to_owned(),
            client_id: self.clock.new_id().to_string(),
            text: text.to_owned(),
            ..wire::SendMessageRequest::default()
        };
        let answer = self.chat(from).send_message(request).await?;
        Ok(answer.into_inner().message.unwrap())
    }

    /// Sends several messages, one after the other.
    pub(crate) async fn send_many(
        &self,
        from: UserId,
        room: &str,
        count: usize,
    ) -> Vec<wire::Message> {
        let mut sent = Vec::new();
        for nth in 0..count {
            sent.push(self.send(from, room, &format!("message {nth}")).await);
        }
        sent
    }

    /// Marks everything up to a message as read.
    pub(crate) async fn read(
        &self,
        user: UserId,
        message: &wire::Message,
    ) -> Result<wire::MarkMessageAsReadResponse, Status> {
        let request = wire::MarkMessageAsReadRequest {
            message_id: message.message_id.clone(),
        };
        let answer = self.chat(user).mark_message_as_read(request).await?;
        Ok(answer.into_inner())
    }

    /// The room as somebody sees it.
    pub(crate) async fn room(&self, viewer: UserId, room: &str) -> Result<wire::Room, Status> {
        let request = wire::GetChatRoomRequest {
            room_id: room.to_owned(),
        };
        let answer = self.chat(viewer).get_chat_room(request).await?;
        Ok(answer.into_inner().room.unwrap())
    }

    /// Adds people to a group.
    pub(crate) async fn add(
        &self,
        actor: UserId,
        room: &str,
        users: &[UserId],
    ) -> Result<Vec<wire::Participant>, Status> {
        let request = wire::AddParticipantsRequest {
            room_id: room.to_owned(),
            user_ids: texts(users),
        };
        let answer = self.chat(actor).add_participants(request).await?;
        Ok(answer.into_inner().participants)
    }

    /// Removes somebody from a group.
    pub(crate) async fn remove(
        &self,
        actor: UserId,
        room: &str,
        target: UserId,
    ) -> Result<(), Status> {
        let request = wire::RemoveParticipantRequest {
            room_id: room.to_owned(),
            user_id: target.to_string(),
        };
        self.chat(actor).remove_participant(request).await?;
        Ok(())
    }

    /// Sets a role.
    pub(crate) async fn set_role(
        &self,
        actor: UserId,
        room: &str,
        target: UserId,
        role: wire::Role,
    ) -> Result<wire::Participant, Status> {
        let request = wire::UpdateParticipantRoleRequest {
            room_id: room.to_owned(),
            user_id: target.to_string(),
            role: role.into(),
        };
        let answer = self.chat(actor).update_participant_role(request).await?;
        Ok(answer.into_inner().participant.unwrap())
    }

    /// Everything in a room's log.
    pub(crate) async fn room_log(&self, room: &str) -> Vec<wire::RoomEvent> {
        let request = wire::GetRoomLogRequest {
            room_id: room.to_owned(),
            after_seq: 0,
            limit: 1000,
        };
        let answer = self.delivery().get_room_log(request).await;
        answer.unwrap().into_inner().events
    }

    /// Everything in a person's log.
    pub(crate) async fn user_log(&self, user: UserId) -> Vec<wire::UserEvent> {
        let request = wire::GetUserLogRequest {
            user_id: user.to_string(),
            after_useq: 0,
            limit: 1000,
        };
        let answer = self.delivery().get_user_log(request).await;
        answer.unwrap().into_inner().events
    }

    /// Friends tells of pairs.
    pub(crate) async fn apply_pairs(&self, pairs: Vec<Pair>) {
        let request = wire::ApplyPairsRequest { pairs };
        self.ingest().apply_pairs(request).await.unwrap();
    }

    /// Accounts tells of users.
    pub(crate) async fn apply_users(&self, users: Vec<User>) {
        let request = wire::ApplyUsersRequest { users };
        self.ingest().apply_users(request).await.unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.shutdown().signal();
    }
}

/// Starts a chat node on a database.
pub(crate) async fn start(
    database: &TestDatabase,
    siblings: &Siblings,
    tasks: &Tasks,
    config: Config,
) -> Upstream {
    start_on(database, siblings, tasks, (config, Bus::memory())).await
}

/// Starts a chat node on a database and a bus.
pub(crate) async fn start_on(
    database: &TestDatabase,
    siblings: &Siblings,
    tasks: &Tasks,
    (config, bus): (Config, Bus),
) -> Upstream {
    let clock = Clock::system();
    let check = CallerInterceptor::new(signer(clock.clone()));
    let accounts = Routes::new(InterceptedService::new(
        AccountsServiceServer::new(siblings.clone()),
        check.clone(),
    ));
    let friends = Routes::new(InterceptedService::new(
        FriendsServiceServer::new(siblings.clone()),
        check,
    ));
    let deps = Deps {
        pool: database.pool.clone(),
        reserved: database.pool.clone(),
        clock: clock.clone(),
        cluster_key: CLUSTER_KEY,
        tasks: tasks.clone(),
        bus,
        accounts: serve(accounts, tasks, &clock),
        friends: serve(friends, tasks, &clock),
    };
    let running = kith_chat::start(config, deps).await.unwrap();
    serve(running.routes(), tasks, &clock)
}

/// Ids as calls take them.
pub(crate) fn texts(users: &[UserId]) -> Vec<String> {
    users.iter().map(UserId::to_string).collect()
}

/// Why a call was refused; panics when it was not.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> Reason {
    failure(answer).reason
}

/// Everything that a refusal says.
pub(crate) fn failure<T: std::fmt::Debug>(answer: Result<T, Status>) -> Failure {
    Failure::from(&answer.expect_err("the call is refused"))
}

/// The names of the bad fields of a refusal.
pub(crate) fn fields(failure: &Failure) -> Vec<&str> {
    failure
        .violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect()
}

/// The room's id as a type.
pub(crate) fn room_id(room: &wire::Room) -> RoomId {
    room.room_id.parse().unwrap()
}

/// What an answer holds.
pub(crate) fn inner<T>(answer: Result<Response<T>, Status>) -> T {
    answer.unwrap().into_inner()
}

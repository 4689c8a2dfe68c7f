//! One friends service with a database of its own and its two siblings, and short words for what tests do with it.

mod accounts;
mod chat;
mod presence;

use std::sync::atomic::{AtomicBool, Ordering};

use kith_api::{
    chat::v1::user_event_body::Body,
    common::v1::{ImportOutcome, PageRequest},
    friends::v1::{self as wire, friends_service_client::FriendsServiceClient},
};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_error::{Failure, Reason};
use kith_friends::{Config, Deps, Running};
use kith_ids::UserId;
use kith_runtime::{Shutdown, Tasks};
use kith_testkit::{CLUSTER_KEY, TestDatabase, eventually};
use tonic::Status;

pub(crate) use accounts::Accounts;
pub(crate) use chat::Chat;
pub(crate) use presence::Presence;

pub(crate) type Client = FriendsServiceClient<kith_client::Intercepted>;

/// Everything a test needs; ends its tasks when dropped.
pub(crate) struct World {
    pub accounts: Accounts,
    pub chat: Chat,
    pub presence: Presence,
    pub database: TestDatabase,
    friends: Upstream,
    clock: Clock,
    tasks: Tasks,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Config::for_test()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let database = TestDatabase::new("friends", &kith_friends::MIGRATOR).await;
        let clock = Clock::system();
        let tasks = Tasks::new(Shutdown::new());
        let (accounts, chat) = (Accounts::default(), Chat::default());
        let presence = Presence::default();
        let siblings = (&accounts, &chat, &presence);
        let running = start(&database, siblings, &tasks, config).await;
        let friends = kith_testkit::serve(running.routes(), &tasks, &clock);
        Self {
            accounts,
            chat,
            presence,
            database,
            friends,
            clock,
            tasks,
        }
    }

    /// Another node of the same service on the same database.
    pub(crate) async fn second_node(&self) {
        start(
            &self.database,
            (&self.accounts, &self.chat, &self.presence),
            &self.tasks,
            Config::for_test(),
        )
        .await;
    }

    /// A new account with that user name.
    pub(crate) fn user(&self, name: &str) -> UserId {
        self.accounts.add(self.clock.new_id().into(), name)
    }

    pub(crate) fn users<const N: usize>(&self, names: [&str; N]) -> [UserId; N] {
        names.map(|name| self.user(name))
    }

    /// An id that belongs to nobody.
    pub(crate) fn nobody(&self) -> UserId {
        self.clock.new_id().into()
    }

    pub(crate) fn client(&self, user: UserId) -> Client {
        self.friends.friends(&Caller::User {
            user_id: user,
            session_id: self.clock.new_id().into(),
        })
    }

    /// Imports friendships; gives the outcomes.
    pub(crate) async fn import_friendships(
        &self,
        pairs: &[(UserId, UserId)],
    ) -> Vec<ImportOutcome> {
        let rows = pairs.iter().map(|(one, other)| wire::NewFriendship {
            user_id: one.to_string(),
            friend_id: other.to_string(),
            since_time: None,
        });
        let request = wire::ImportFriendshipsRequest {
            friendships: rows.collect(),
        };
        let mut client = self.friends.graph_import(&Caller::node("import"));
        let answer = client.import_friendships(request).await.unwrap();
        let results = answer.into_inner().results.into_iter();
        results.map(|result| result.outcome()).collect()
    }

    /// Imports requests of the first of each two to the second.
    pub(crate) async fn import_requests(&self, pairs: &[(UserId, UserId)]) -> Vec<ImportOutcome> {
        let rows = pairs.iter().map(|(one, other)| wire::NewFriendRequest {
            user_id: one.to_string(),
            friend_id: other.to_string(),
            note: String::new(),
        });
        let request = wire::ImportFriendRequestsRequest {
            requests: rows.collect(),
        };
        let mut client = self.friends.graph_import(&Caller::node("import"));
        let answer = client.import_friend_requests(request).await.unwrap();
        let results = answer.into_inner().results.into_iter();
        results.map(|result| result.outcome()).collect()
    }

    pub(crate) fn node_client(&self) -> Client {
        self.friends.friends(&Caller::node("chat"))
    }

    pub(crate) async fn send(
        &self,
        from: UserId,
        to: UserId,
    ) -> Result<wire::FriendRequest, Reason> {
        let request = wire::SendFriendRequestRequest {
            user_id: to.to_string(),
            note: Some("hello".to_owned()),
        };
        let answer = self.client(from).send_friend_request(request).await;
        answer
            .map(|answer| answer.into_inner().request.unwrap())
            .map_err(reason)
    }

    pub(crate) async fn respond(
        &self,
        user: UserId,
        id: &str,
        action: wire::RequestAction,
    ) -> Result<wire::FriendRequest, Reason> {
        let request = wire::RespondToFriendRequestRequest {
            request_id: id.to_owned(),
            action: action.into(),
        };
        let answer = self.client(user).respond_to_friend_request(request).await;
        answer
            .map(|answer| answer.into_inner().request.unwrap())
            .map_err(reason)
    }

    pub(crate) async fn befriend(&self, one: UserId, other: UserId) {
        let request = self.send(one, other).await.unwrap();
        self.respond(other, &request.request_id, wire::RequestAction::Accept)
            .await
            .unwrap();
    }

    pub(crate) async fn remove(&self, user: UserId, friend: UserId) -> Result<(), Reason> {
        let request = wire::RemoveFriendRequest {
            user_id: friend.to_string(),
        };
        let answer = self.client(user).remove_friend(request).await;
        answer.map(drop).map_err(reason)
    }

    pub(crate) async fn block(&self, user: UserId, target: UserId) -> Result<(), Reason> {
        let request = wire::BlockUserRequest {
            user_id: target.to_string(),
        };
        let answer = self.client(user).block_user(request).await;
        answer.map(drop).map_err(reason)
    }

    pub(crate) async fn unblock(&self, user: UserId, target: UserId) -> Result<(), Reason> {
        let request = wire::UnblockUserRequest {
            user_id: target.to_string(),
        };
        let answer = self.client(user).unblock_user(request).await;
        answer.map(drop).map_err(reason)
    }

    /// Ids of pending requests as (request, other person), newest first.
    pub(crate) async fn requests(
        &self,
        user: UserId,
        direction: wire::RequestDirection,
    ) -> Vec<wire::FriendRequest> {
        let request = wire::GetFriendRequestsRequest {
            direction: direction.into(),
            page: None,
        };
        let answer = self.client(user).get_friend_requests(request).await;
        answer.unwrap().into_inner().requests
    }

    pub(crate) async fn friends_page(
        &self,
        user: UserId,
        query: &str,
        page: PageRequest,
    ) -> Result<wire::GetUserFriendsResponse, Reason> {
        let request = wire::GetUserFriendsRequest {
            query: query.to_owned(),
            page: Some(page),
        };
        let answer = self.client(user).get_user_friends(request).await;
        answer.map(tonic::Response::into_inner).map_err(reason)
    }

    /// The user names of somebody's friends, in the order of the list.
    pub(crate) async fn friend_names(&self, user: UserId) -> Vec<String> {
        let page = PageRequest {
            page_size: 100,
            page_token: String::new(),
        };
        let answer = self.friends_page(user, "", page).await.unwrap();
        answer
            .friends
            .into_iter()
            .map(|friend| friend.user.unwrap().username)
            .collect()
    }

    pub(crate) async fn see(&self, viewer: UserId, id: UserId) -> Result<wire::User, Reason> {
        let request = wire::GetUserRequest {
            user_id: id.to_string(),
        };
        let answer = self.client(viewer).get_user(request).await;
        answer
            .map(|answer| answer.into_inner().user.unwrap())
            .map_err(reason)
    }

    pub(crate) async fn relation(&self, viewer: UserId, id: UserId) -> wire::Relation {
        self.see(viewer, id).await.unwrap().relation()
    }

    pub(crate) async fn set_privacy(
        &self,
        user: UserId,
        change: wire::UpdatePrivacySettingsRequest,
    ) -> Result<wire::PrivacySettings, Reason> {
        let answer = self.client(user).update_privacy_settings(change).await;
        answer
            .map(|answer| answer.into_inner().settings.unwrap())
            .map_err(reason)
    }

    pub(crate) async fn pair(&self, one: UserId, other: UserId) -> Result<wire::Pair, Reason> {
        let request = wire::GetPairRequest {
            user_id: one.to_string(),
            other_id: other.to_string(),
        };
        let answer = self.node_client().get_pair(request).await;
        answer
            .map(|answer| answer.into_inner().pair.unwrap())
            .map_err(reason)
    }

    pub(crate) async fn allowed(
        &self,
        actor: UserId,
        targets: &[UserId],
        permission: wire::Permission,
    ) -> Vec<UserId> {
        let request = wire::CheckPermissionRequest {
            actor_id: actor.to_string(),
            target_ids: targets.iter().map(ToString::to_string).collect(),
            permission: permission.into(),
        };
        let answer = self.node_client().check_permission(request).await;
        let mut allowed: Vec<UserId> = answer
            .unwrap()
            .into_inner()
            .allowed_ids
            .iter()
            .map(|id| id.parse().unwrap())
            .collect();
        allowed.sort_unstable();
        allowed
    }

    /// Delivers what accounts knows of a user, as its outbox would.
    pub(crate) async fn apply(&self, user: UserId) {
        let request = wire::ApplyUsersRequest {
            users: vec![self.accounts.get(user)],
        };
        self.node_client().apply_users(request).await.unwrap();
    }

    /// Waits until `count` statements of this test's database wait for a lock, or `done` says that nobody will.
    pub(crate) async fn stalled(&self, count: i64, done: &AtomicBool) {
        eventually("the others wait for a lock", async || {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_one(&self.database.pool)
            .await
            .unwrap();
            (waiting >= count || done.load(Ordering::SeqCst)).then_some(())
        })
        .await;
    }

    /// Waits until the outbox is empty and gives the words of somebody's events, oldest first.
    pub(crate) async fn events(&self, user: UserId) -> Vec<&'static str> {
        self.delivered().await;
        self.chat
            .events(user)
            .iter()
            .map(|(_, body)| word(body))
            .collect()
    }

    /// Waits until everything but the use cases' own spare rows has left the outbox.
    pub(crate) async fn delivered(&self) {
        eventually("the outbox has no user events left", async || {
            let left: i64 =
                sqlx::query_scalar("SELECT count(*) FROM friends.outbox WHERE kind = 'user_event'")
                    .fetch_one(&self.database.pool)
                    .await
                    .unwrap();
            (left == 0).then_some(())
        })
        .await;
    }

    /// The same for everything.
    pub(crate) async fn all_delivered(&self) {
        eventually("the outbox is empty", async || {
            let left: i64 = sqlx::query_scalar("SELECT count(*) FROM friends.outbox")
                .fetch_one(&self.database.pool)
                .await
                .unwrap();
            (left == 0).then_some(())
        })
        .await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.shutdown().signal();
    }
}

async fn start(
    database: &TestDatabase,
    (accounts, chat, presence): (&Accounts, &Chat, &Presence),
    tasks: &Tasks,
    config: Config,
) -> Running {
    let clock = Clock::system();
    let deps = Deps {
        pool: database.pool.clone(),
        clock: clock.clone(),
        cluster_key: CLUSTER_KEY,
        tasks: tasks.clone(),
        accounts: kith_testkit::serve(accounts.routes(), tasks, &clock),
        chat: kith_testkit::serve(chat.routes(), tasks, &clock),
        presence: kith_testkit::serve(presence.routes(), tasks, &clock),
    };
    kith_friends::start(config, deps).await.unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn reason(status: Status) -> Reason {
    Failure::from(&status).reason
}

/// The contract's word for an event.
pub(crate) fn word(body: &Body) -> &'static str {
    match body {
        Body::FriendRequested(_) => "friend.requested",
        Body::FriendAccepted(_) => "friend.accepted",
        Body::FriendDeclined(_) => "friend.declined",
        Body::FriendCancelled(_) => "friend.cancelled",
        Body::FriendRemoved(_) => "friend.removed",
        Body::BlockAdded(_) => "block.added",
        Body::BlockRemoved(_) => "block.removed",
        Body::ProfileUpdated(_) => "profile.updated",
        Body::PrivacyUpdated(_) => "privacy.updated",
        Body::ContactJoined(_) => "contact.joined",
        _ => "not friends'",
    }
}

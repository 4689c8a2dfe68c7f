//! Stand-ins for friends and chat: they speak the real protos, remember what they were told, and can be down.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kith_api::{
    accounts::v1::User,
    chat::v1::{
        self as chat,
        ingest_service_server::{IngestService, IngestServiceServer},
    },
    friends::v1::{
        self as friends,
        friends_service_server::{FriendsService, FriendsServiceServer},
    },
};
use kith_auth::{CallerInterceptor, RequestExt as _};
use kith_client::{Upstream, pipe};
use kith_clock::Clock;
use kith_runtime::{Shutdown, Tasks, serve_grpc};
use kith_testkit::signer;
use tokio::sync::Semaphore;
use tonic::{
    Request, Response, Status,
    service::{Routes, interceptor::InterceptedService},
};

/// Both, and how to reach them.
pub(crate) struct Siblings {
    pub(crate) friends: Upstream,
    pub(crate) chat: Upstream,
    pub(crate) told: Told,
    tasks: Tasks,
}

/// What they heard. Cheap to clone; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Told {
    down: Arc<AtomicBool>,
    refuses: Arc<Mutex<Option<String>>>,
    held: Arc<Mutex<Option<Gate>>>,
    friends_users: Arc<Mutex<Vec<User>>>,
    chat_users: Arc<Mutex<Vec<User>>>,
    chat_events: Arc<Mutex<Vec<chat::SourcedUserEvent>>>,
}

/// Holds back what is said of a user.
struct Gate {
    user_id: String,
    permits: Arc<Semaphore>,
}

impl Siblings {
    pub(crate) fn start(clock: &Clock) -> Self {
        let told = Told::default();
        let tasks = Tasks::new(Shutdown::new());
        let check = CallerInterceptor::new(signer(clock.clone()));
        let friends = Routes::new(InterceptedService::new(
            FriendsServiceServer::new(told.clone()),
            check.clone(),
        ));
        let chat = Routes::new(InterceptedService::new(
            IngestServiceServer::new(told.clone()),
            check,
        ));
        Self {
            friends: serve(friends, clock, &tasks),
            chat: serve(chat, clock, &tasks),
            told,
            tasks,
        }
    }
}

impl Drop for Siblings {
    fn drop(&mut self) {
        self.tasks.shutdown().signal();
    }
}

fn serve(routes: Routes, clock: &Clock, tasks: &Tasks) -> Upstream {
    let (channel, incoming) = pipe();
    let serving = serve_grpc(routes, incoming, tasks.shutdown().clone());
    tasks.spawn("sibling", async move { serving.await.unwrap() });
    Upstream::new(channel, signer(clock.clone()), Duration::from_secs(5))
}

impl Told {
    /// Makes both unreachable, or reachable again.
    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Makes both refuse for good whatever concerns this user.
    pub(crate) fn refuse(&self, user_id: &str) {
        *lock(&self.refuses) = Some(user_id.to_owned());
    }

    /// Lets the next word to friends of this user arrive only when the answer gets a permit.
    pub(crate) fn hold(&self, user_id: &str) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *lock(&self.held) = Some(Gate {
            user_id: user_id.to_owned(),
            permits: Arc::clone(&gate),
        });
        gate
    }

    /// Whether the word that is held has been spoken.
    pub(crate) fn is_holding(&self) -> bool {
        lock(&self.held).is_none()
    }

    async fn pass(&self, user_ids: &[&str]) {
        let gate = lock(&self.held).take_if(|gate| user_ids.contains(&gate.user_id.as_str()));
        if let Some(gate) = gate {
            gate.permits.acquire().await.unwrap().forget();
        }
    }

    /// What friends heard of a user, in order.
    pub(crate) fn by_friends(&self, user_id: &str) -> Vec<User> {
        of(&self.friends_users, user_id)
    }

    /// What chat heard of a user, in order.
    pub(crate) fn by_chat(&self, user_id: &str) -> Vec<User> {
        of(&self.chat_users, user_id)
    }

    /// The sessions of a user that chat heard to have ended.
    pub(crate) fn ended_sessions(&self, user_id: &str) -> Vec<String> {
        lock(&self.chat_events)
            .iter()
            .filter(|event| event.user_id == user_id)
            .map(
                |event| match event.body.clone().and_then(|body| body.body) {
                    Some(chat::user_event_body::Body::SessionRevoked(revoked)) => {
                        revoked.session_id
                    }
                    other => panic!("accounts tells of sessions only, not {other:?}"),
                },
            )
            .collect()
    }

    /// What makes their events unique.
    pub(crate) fn event_ids(&self) -> Vec<String> {
        lock(&self.chat_events)
            .iter()
            .map(|event| event.source_event_id.clone())
            .collect()
    }

    fn admit<T>(&self, request: &Request<T>, user_ids: &[&str]) -> Result<(), Status> {
        request.caller()?.require_node()?;
        if self.down.load(Ordering::SeqCst) {
            return Err(Status::unavailable("down"));
        }
        let refused = lock(&self.refuses)
            .as_deref()
            .is_some_and(|refused| user_ids.contains(&refused));
        if refused {
            return Err(Status::invalid_argument("refused"));
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn of(users: &Mutex<Vec<User>>, user_id: &str) -> Vec<User> {
    lock(users)
        .iter()
        .filter(|user| user.user_id == user_id)
        .cloned()
        .collect()
}

fn ids(users: &[User]) -> Vec<&str> {
    users.iter().map(|user| user.user_id.as_str()).collect()
}

#[tonic::async_trait]
impl IngestService for Told {
    async fn append_user_events(
        &self,
        request: Request<chat::AppendUserEventsRequest>,
    ) -> Result<Response<chat::AppendUserEventsResponse>, Status> {
        let users: Vec<&str> = request
            .get_ref()
            .events
            .iter()
            .map(|event| event.user_id.as_str())
            .collect();
        self.admit(&request, &users)?;
        assert_eq!(request.get_ref().source, "accounts");
        lock(&self.chat_events).extend(request.into_inner().events);
        Ok(Response::new(chat::AppendUserEventsResponse {}))
    }

    async fn apply_users(
        &self,
        request: Request<chat::ApplyUsersRequest>,
    ) -> Result<Response<chat::ApplyUsersResponse>, Status> {
        self.admit(&request, &ids(&request.get_ref().users))?;
        lock(&self.chat_users).extend(request.into_inner().users);
        Ok(Response::new(chat::ApplyUsersResponse {}))
    }

    async fn apply_pairs(
        &self,
        _: Request<chat::ApplyPairsRequest>,
    ) -> Result<Response<chat::ApplyPairsResponse>, Status> {
        Err(Status::unimplemented("accounts does not call this"))
    }

    async fn apply_read_receipts(
        &self,
        _: Request<chat::ApplyReadReceiptsRequest>,
    ) -> Result<Response<chat::ApplyReadReceiptsResponse>, Status> {
        Err(Status::unimplemented("accounts does not call this"))
    }

    async fn get_companions(
        &self,
        _: Request<chat::GetCompanionsRequest>,
    ) -> Result<Response<chat::GetCompanionsResponse>, Status> {
        Err(Status::unimplemented("accounts does not call this"))
    }
}

/// The calls of friends that accounts does not make.
macro_rules! friends_service {
    ($($call:ident($request:ident) -> $response:ident;)+) => {
        #[tonic::async_trait]
        impl FriendsService for Told {
            async fn apply_users(
                &self,
                request: Request<friends::ApplyUsersRequest>,
            ) -> Result<Response<friends::ApplyUsersResponse>, Status> {
                self.admit(&request, &ids(&request.get_ref().users))?;
                self.pass(&ids(&request.get_ref().users)).await;
                lock(&self.friends_users).extend(request.into_inner().users);
                Ok(Response::new(friends::ApplyUsersResponse {}))
            }

            $(async fn $call(
                &self,
                _: Request<friends::$request>,
            ) -> Result<Response<friends::$response>, Status> {
                Err(Status::unimplemented("accounts does not call this"))
            })+
        }
    };
}

friends_service! {
    send_friend_request(SendFriendRequestRequest) -> SendFriendRequestResponse;
    respond_to_friend_request(RespondToFriendRequestRequest) -> RespondToFriendRequestResponse;
    get_friend_requests(GetFriendRequestsRequest) -> GetFriendRequestsResponse;
    get_user_friends(GetUserFriendsRequest) -> GetUserFriendsResponse;
    remove_friend(RemoveFriendRequest) -> RemoveFriendResponse;
    block_user(BlockUserRequest) -> BlockUserResponse;
    unblock_user(UnblockUserRequest) -> UnblockUserResponse;
    get_blocked_users(GetBlockedUsersRequest) -> GetBlockedUsersResponse;
    get_user(GetUserRequest) -> GetUserResponse;
    search_users(SearchUsersRequest) -> SearchUsersResponse;
    get_friend_suggestions(GetFriendSuggestionsRequest) -> GetFriendSuggestionsResponse;
    dismiss_friend_suggestion(DismissFriendSuggestionRequest) -> DismissFriendSuggestionResponse;
    get_privacy_settings(GetPrivacySettingsRequest) -> GetPrivacySettingsResponse;
    update_privacy_settings(UpdatePrivacySettingsRequest) -> UpdatePrivacySettingsResponse;
    check_permission(CheckPermissionRequest) -> CheckPermissionResponse;
    get_pair(GetPairRequest) -> GetPairResponse;
    filter_visible(FilterVisibleRequest) -> FilterVisibleResponse;
}

//! Stand-ins for accounts and friends: they speak the real protos, know the people of a test, and can change their minds.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use kith_api::{
    accounts::v1::{self as accounts, accounts_service_server::AccountsService},
    friends::v1::{self as friends, friends_service_server::FriendsService},
};
use kith_auth::RequestExt as _;
use kith_ids::UserId;
use tonic::{Request, Response, Status};

/// Both siblings. Cheap to clone; clones share what they know.
#[derive(Clone, Default)]
pub(crate) struct Siblings(Arc<State>);

#[derive(Default)]
struct State {
    people: Mutex<HashMap<UserId, accounts::User>>,
    pairs: Mutex<HashMap<(UserId, UserId), friends::Pair>>,
    /// (actor, target): the actor may not add the target to a group.
    unaddable: Mutex<HashSet<(UserId, UserId)>>,
    pair_asked: AtomicUsize,
    /// Answers of `GetPair` that are given before the truth, oldest first.
    stale_pairs: Mutex<Vec<friends::Pair>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn parse(id: &str) -> UserId {
    id.parse().unwrap()
}

impl Siblings {
    /// Somebody with an account.
    pub(crate) fn add_user(&self, id: UserId, name: &str) {
        let user = accounts::User {
            user_id: id.to_string(),
            username: name.to_owned(),
            display_name: name.to_uppercase(),
            version: 1,
            ..accounts::User::default()
        };
        lock(&self.0.people).insert(id, user);
    }

    /// The account goes; gives what accounts then tells of it.
    pub(crate) fn delete_user(&self, id: UserId) -> accounts::User {
        lock(&self.0.people).remove(&id);
        accounts::User {
            user_id: id.to_string(),
            deleted: true,
            version: 2,
            ..accounts::User::default()
        }
    }

    /// The pair of two people as it is; everybody may write to everybody until it is changed.
    pub(crate) fn pair(&self, a: UserId, b: UserId) -> friends::Pair {
        let key = (a.min(b), a.max(b));
        lock(&self.0.pairs)
            .entry(key)
            .or_insert_with(|| friends::Pair {
                user_lo_id: key.0.to_string(),
                user_hi_id: key.1.to_string(),
                version: 1,
                lo_may_message_hi: true,
                hi_may_message_lo: true,
                blocked: false,
            })
            .clone()
    }

    /// A block between two people comes or goes; gives the pair's next version.
    pub(crate) fn set_blocked(&self, a: UserId, b: UserId, blocked: bool) -> friends::Pair {
        let mut pair = self.pair(a, b);
        pair.version += 1;
        pair.blocked = blocked;
        pair.lo_may_message_hi = !blocked;
        pair.hi_may_message_lo = !blocked;
        lock(&self.0.pairs).insert((a.min(b), a.max(b)), pair.clone());
        pair
    }

    /// The next question about a pair gets this answer.
    pub(crate) fn answer_stale(&self, pair: friends::Pair) {
        lock(&self.0.stale_pairs).push(pair);
    }

    /// From now on the actor may not add the target to groups.
    pub(crate) fn refuse_adding(&self, actor: UserId, target: UserId) {
        lock(&self.0.unaddable).insert((actor, target));
    }

    /// How often a pair was asked for.
    pub(crate) fn pair_asked(&self) -> usize {
        self.0.pair_asked.load(Ordering::SeqCst)
    }

    fn get_users(&self, request: &accounts::GetUsersRequest) -> accounts::GetUsersResponse {
        assert!(request.user_ids.len() <= 1000, "accounts takes 1,000 ids");
        let people = lock(&self.0.people);
        let known = request
            .user_ids
            .iter()
            .filter_map(|id| people.get(&parse(id)));
        accounts::GetUsersResponse {
            users: known.cloned().collect(),
        }
    }

    fn get_pair(&self, request: &friends::GetPairRequest) -> friends::GetPairResponse {
        self.0.pair_asked.fetch_add(1, Ordering::SeqCst);
        let mut stale = lock(&self.0.stale_pairs);
        let pair = if stale.is_empty() {
            self.pair(parse(&request.user_id), parse(&request.other_id))
        } else {
            stale.remove(0)
        };
        friends::GetPairResponse { pair: Some(pair) }
    }

    fn check_permission(
        &self,
        request: &friends::CheckPermissionRequest,
    ) -> friends::CheckPermissionResponse {
        assert!(request.target_ids.len() <= 1000, "friends takes 1,000 ids");
        assert_eq!(request.permission(), friends::Permission::AddToGroup);
        let actor = parse(&request.actor_id);
        let refused = lock(&self.0.unaddable);
        let allowed = request
            .target_ids
            .iter()
            .filter(|target| !refused.contains(&(actor, parse(target))));
        friends::CheckPermissionResponse {
            allowed_ids: allowed.cloned().collect(),
        }
    }
}

/// A service of which chat uses some calls; the others say so.
macro_rules! serve {
    (
        $service:ident, $package:ident, { $($associated:item)* },
        used: { $($used:ident: $used_request:ident => $used_response:ident,)* },
        unused: { $($name:ident: $request:ident => $response:ty,)* }
    ) => {
        #[tonic::async_trait]
        impl $service for Siblings {
            $($associated)*
            $(async fn $used(
                &self,
                request: Request<$package::$used_request>,
            ) -> Result<Response<$package::$used_response>, Status> {
                request.caller()?.require_node()?;
                Ok(Response::new(Siblings::$used(self, request.get_ref())))
            })*
            $(async fn $name(
                &self,
                _: Request<$package::$request>,
            ) -> Result<Response<$response>, Status> {
                Err(Status::unimplemented("chat does not call this"))
            })*
        }
    };
}

serve! {
    AccountsService, accounts,
    {
        type WatchRevocationsStream = tokio_stream::Empty<Result<accounts::WatchRevocationsResponse, Status>>;
        type WatchServiceKeysStream = tokio_stream::Empty<Result<accounts::WatchServiceKeysResponse, Status>>;
    },
    used: { get_users: GetUsersRequest => GetUsersResponse, },
    unused: {
        register: RegisterRequest => accounts::RegisterResponse,
        login: LoginRequest => accounts::LoginResponse,
        refresh_session: RefreshSessionRequest => accounts::RefreshSessionResponse,
        logout: LogoutRequest => accounts::LogoutResponse,
        change_password: ChangePasswordRequest => accounts::ChangePasswordResponse,
        list_signed_in_users: ListSignedInUsersRequest => accounts::ListSignedInUsersResponse,
        list_sessions: ListSessionsRequest => accounts::ListSessionsResponse,
        revoke_session: RevokeSessionRequest => accounts::RevokeSessionResponse,
        update_profile: UpdateProfileRequest => accounts::UpdateProfileResponse,
        delete_account: DeleteAccountRequest => accounts::DeleteAccountResponse,
        get_public_keys: GetPublicKeysRequest => accounts::GetPublicKeysResponse,
        watch_revocations: WatchRevocationsRequest => Self::WatchRevocationsStream,
        verify_service_key: VerifyServiceKeyRequest => accounts::VerifyServiceKeyResponse,
        watch_service_keys: WatchServiceKeysRequest => Self::WatchServiceKeysStream,
    }
}

serve! {
    FriendsService, friends, {},
    used: {
        get_pair: GetPairRequest => GetPairResponse,
        check_permission: CheckPermissionRequest => CheckPermissionResponse,
    },
    unused: {
        send_friend_request: SendFriendRequestRequest => friends::SendFriendRequestResponse,
        respond_to_friend_request: RespondToFriendRequestRequest => friends::RespondToFriendRequestResponse,
        get_friend_requests: GetFriendRequestsRequest => friends::GetFriendRequestsResponse,
        get_user_friends: GetUserFriendsRequest => friends::GetUserFriendsResponse,
        remove_friend: RemoveFriendRequest => friends::RemoveFriendResponse,
        block_user: BlockUserRequest => friends::BlockUserResponse,
        unblock_user: UnblockUserRequest => friends::UnblockUserResponse,
        get_blocked_users: GetBlockedUsersRequest => friends::GetBlockedUsersResponse,
        get_user: GetUserRequest => friends::GetUserResponse,
        search_users: SearchUsersRequest => friends::SearchUsersResponse,
        get_friend_suggestions: GetFriendSuggestionsRequest => friends::GetFriendSuggestionsResponse,
        dismiss_friend_suggestion: DismissFriendSuggestionRequest => friends::DismissFriendSuggestionResponse,
        get_privacy_settings: GetPrivacySettingsRequest => friends::GetPrivacySettingsResponse,
        update_privacy_settings: UpdatePrivacySettingsRequest => friends::UpdatePrivacySettingsResponse,
        filter_visible: FilterVisibleRequest => friends::FilterVisibleResponse,
        apply_users: ApplyUsersRequest => friends::ApplyUsersResponse,
    }
}

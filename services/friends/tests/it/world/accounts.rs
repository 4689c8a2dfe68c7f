//! Accounts as friends sees it: a table of users.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use kith_api::accounts::v1::{
    self as wire, User,
    accounts_service_server::{AccountsService, AccountsServiceServer},
};
use kith_ids::UserId;
use tonic::{Request, Response, Status, service::Routes};

/// Cheap to clone; clones share the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    users: Arc<Mutex<BTreeMap<String, User>>>,
    signed_in: Arc<Mutex<BTreeSet<String>>>,
    down: Arc<AtomicBool>,
}

impl Accounts {
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(AccountsServiceServer::new(self.clone()))
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Somebody has a session from now on.
    pub(crate) fn sign_in(&self, id: UserId) {
        self.signed_in.lock().unwrap().insert(id.to_string());
    }

    pub(crate) fn add(&self, id: UserId, name: &str) -> UserId {
        let user = User {
            user_id: id.to_string(),
            username: name.to_lowercase(),
            display_name: name.to_owned(),
            locale: "de".to_owned(),
            create_time: Some(prost_types::Timestamp {
                seconds: 1_700_000_000,
                nanos: 0,
            }),
            version: 1,
            ..User::default()
        };
        self.users.lock().unwrap().insert(id.to_string(), user);
        id
    }

    pub(crate) fn get(&self, id: UserId) -> User {
        self.users.lock().unwrap()[&id.to_string()].clone()
    }

    /// Changes a user and counts up their version.
    pub(crate) fn change(&self, id: UserId, change: impl FnOnce(&mut User)) {
        let mut users = self.users.lock().unwrap();
        let user = users.get_mut(&id.to_string()).unwrap();
        change(user);
        user.version += 1;
    }

    /// Deletes the account, as accounts would report it.
    pub(crate) fn delete(&self, id: UserId) {
        self.change(id, |user| {
            *user = User {
                user_id: user.user_id.clone(),
                deleted: true,
                version: user.version,
                ..User::default()
            };
        });
    }
}

macro_rules! unused {
    ($($name:ident $request:ident $response:ident;)+) => {
        #[tonic::async_trait]
        impl AccountsService for Accounts {
            type WatchRevocationsStream = tokio_stream::Empty<Result<wire::WatchRevocationsResponse, Status>>;

            async fn watch_revocations(
                &self,
                _: Request<wire::WatchRevocationsRequest>,
            ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
                Err(Status::unimplemented("friends does not call this"))
            }

            type WatchServiceKeysStream = tokio_stream::Empty<Result<wire::WatchServiceKeysResponse, Status>>;

            async fn watch_service_keys(
                &self,
                _: Request<wire::WatchServiceKeysRequest>,
            ) -> Result<Response<Self::WatchServiceKeysStream>, Status> {
                Err(Status::unimplemented("friends does not call this"))
            }

            async fn get_users(
                &self,
                request: Request<wire::GetUsersRequest>,
            ) -> Result<Response<wire::GetUsersResponse>, Status> {
                if self.down.load(Ordering::SeqCst) {
                    return Err(Status::unavailable("down"));
                }
                let users = self.users.lock().unwrap();
                let found = request
                    .into_inner()
                    .user_ids
                    .iter()
                    .filter_map(|id| users.get(id))
                    .filter(|user| !user.deleted)
                    .cloned()
                    .collect();
                Ok(Response::new(wire::GetUsersResponse { users: found }))
            }

            async fn list_signed_in_users(
                &self,
                request: Request<wire::ListSignedInUsersRequest>,
            ) -> Result<Response<wire::ListSignedInUsersResponse>, Status> {
                if self.down.load(Ordering::SeqCst) {
                    return Err(Status::unavailable("down"));
                }
                let signed_in = self.signed_in.lock().unwrap();
                let mut user_ids = request.into_inner().user_ids;
                user_ids.retain(|id| signed_in.contains(id));
                Ok(Response::new(wire::ListSignedInUsersResponse { user_ids }))
            }

            $(async fn $name(&self, _: Request<wire::$request>) -> Result<Response<wire::$response>, Status> {
                Err(Status::unimplemented("friends does not call this"))
            })+
        }
    };
}

unused! {
    register RegisterRequest RegisterResponse;
    login LoginRequest LoginResponse;
    refresh_session RefreshSessionRequest RefreshSessionResponse;
    logout LogoutRequest LogoutResponse;
    change_password ChangePasswordRequest ChangePasswordResponse;
    list_sessions ListSessionsRequest ListSessionsResponse;
    revoke_session RevokeSessionRequest RevokeSessionResponse;
    update_profile UpdateProfileRequest UpdateProfileResponse;
    delete_account DeleteAccountRequest DeleteAccountResponse;
    get_public_keys GetPublicKeysRequest GetPublicKeysResponse;
    verify_service_key VerifyServiceKeyRequest VerifyServiceKeyResponse;
}

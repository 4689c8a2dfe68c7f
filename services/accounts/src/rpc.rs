//! `kith.accounts.v1.AccountsService`: decodes, calls the use case, encodes. With the calls
//! out in `siblings`, the only place that knows proto types.

mod convert;
pub(crate) mod import;
pub(crate) mod siblings;

use std::{pin::Pin, sync::Arc};

use futures::{Stream, StreamExt as _};
use kith_api::{
    accounts::v1::{self as proto, accounts_service_server::AccountsService},
    common::v1::PageResponse,
};
use kith_auth::RequestExt as _;
use kith_error::into_status;
use tonic::{Request, Response, Status};

use crate::{
    app::{
        App, change_password::change_password, delete_account::delete_account,
        get_users::get_users, list_sessions::list_sessions,
        list_signed_in_users::list_signed_in_users, login::login, logout::logout,
        refresh_session::refresh_session, register::register, revoke_session::revoke_session,
        update_profile::update_profile, verify_service_key::verify_service_key,
        watch_revocations::watch_revocations, watch_service_keys::watch_service_keys,
    },
    error::Error,
};

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    app: Arc<App>,
}

type Answer<T> = Result<Response<T>, Status>;

impl Rpc {
    /// Serves these use cases.
    pub(crate) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

fn answer<T>(result: Result<T, Error>) -> Answer<T> {
    result
        .map(Response::new)
        .map_err(|error| into_status(&error))
}

#[tonic::async_trait]
impl AccountsService for Rpc {
    async fn register(
        &self,
        request: Request<proto::RegisterRequest>,
    ) -> Answer<proto::RegisterResponse> {
        let caller = request.caller()?.clone();
        let registration = convert::registration(request.into_inner());
        let issued = register(&self.app, &caller, registration).await;
        answer(issued.map(|issued| proto::RegisterResponse {
            session: Some(convert::issued(issued)),
        }))
    }

    async fn login(&self, request: Request<proto::LoginRequest>) -> Answer<proto::LoginResponse> {
        let caller = request.caller()?.clone();
        let issued = login(&self.app, &caller, convert::login(request.into_inner())).await;
        answer(issued.map(|issued| proto::LoginResponse {
            session: Some(convert::issued(issued)),
        }))
    }

    async fn refresh_session(
        &self,
        request: Request<proto::RefreshSessionRequest>,
    ) -> Answer<proto::RefreshSessionResponse> {
        let caller = request.caller()?.clone();
        let proto::RefreshSessionRequest {
            refresh_token,
            attempt_id,
        } = request.into_inner();
        let token = refresh_token.into();
        let refreshed = refresh_session(&self.app, &caller, &token, attempt_id).await;
        answer(convert::refreshed(refreshed))
    }

    async fn logout(
        &self,
        request: Request<proto::LogoutRequest>,
    ) -> Answer<proto::LogoutResponse> {
        let done = logout(&self.app, request.caller()?).await;
        answer(done.map(|()| proto::LogoutResponse {}))
    }

    async fn change_password(
        &self,
        request: Request<proto::ChangePasswordRequest>,
    ) -> Answer<proto::ChangePasswordResponse> {
        let caller = request.caller()?.clone();
        let proto::ChangePasswordRequest {
            current_password,
            new_password,
        } = request.into_inner();
        let (current, new) = (current_password.into(), new_password.into());
        let ended = change_password(&self.app, &caller, &current, &new).await;
        answer(ended.map(|ended| proto::ChangePasswordResponse {
            ended_session_ids: convert::texts(ended),
        }))
    }

    async fn list_sessions(
        &self,
        request: Request<proto::ListSessionsRequest>,
    ) -> Answer<proto::ListSessionsResponse> {
        let caller = request.caller()?.clone();
        let page = request.into_inner().page.unwrap_or_default();
        let wanted = (page.page_size, page.page_token.as_str());
        let page = list_sessions(&self.app, &caller, wanted).await;
        answer(page.map(|page| proto::ListSessionsResponse {
            sessions: convert::sessions(page.sessions, caller.session()),
            page: Some(PageResponse {
                next_page_token: page.next.unwrap_or_default(),
            }),
        }))
    }

    async fn revoke_session(
        &self,
        request: Request<proto::RevokeSessionRequest>,
    ) -> Answer<proto::RevokeSessionResponse> {
        let caller = request.caller()?;
        let done = match convert::session_id(&request.get_ref().session_id) {
            Ok(session_id) => revoke_session(&self.app, caller, session_id).await,
            Err(error) => Err(error),
        };
        answer(done.map(|()| proto::RevokeSessionResponse {}))
    }

    async fn update_profile(
        &self,
        request: Request<proto::UpdateProfileRequest>,
    ) -> Answer<proto::UpdateProfileResponse> {
        let caller = request.caller()?.clone();
        let change = convert::profile_change(request.into_inner());
        let user = update_profile(&self.app, &caller, &change).await;
        answer(user.map(|user| proto::UpdateProfileResponse {
            user: Some(convert::user(user)),
        }))
    }

    async fn delete_account(
        &self,
        request: Request<proto::DeleteAccountRequest>,
    ) -> Answer<proto::DeleteAccountResponse> {
        let caller = request.caller()?.clone();
        let password = request.into_inner().password.into();
        let ended = delete_account(&self.app, &caller, &password).await;
        answer(ended.map(|ended| proto::DeleteAccountResponse {
            ended_session_ids: convert::texts(ended),
        }))
    }

    async fn get_users(
        &self,
        request: Request<proto::GetUsersRequest>,
    ) -> Answer<proto::GetUsersResponse> {
        let caller = request.caller()?;
        let users = match convert::user_ids(&request.get_ref().user_ids) {
            Ok(ids) => get_users(&self.app, caller, &ids).await,
            Err(error) => Err(error),
        };
        answer(users.map(|users| proto::GetUsersResponse {
            users: users.into_iter().map(convert::user).collect(),
        }))
    }

    async fn list_signed_in_users(
        &self,
        request: Request<proto::ListSignedInUsersRequest>,
    ) -> Answer<proto::ListSignedInUsersResponse> {
        let caller = request.caller()?;
        let users = match convert::user_ids(&request.get_ref().user_ids) {
            Ok(ids) => list_signed_in_users(&self.app, caller, &ids).await,
            Err(error) => Err(error),
        };
        answer(users.map(|ids| proto::ListSignedInUsersResponse {
            user_ids: ids.into_iter().map(String::from).collect(),
        }))
    }

    async fn get_public_keys(
        &self,
        request: Request<proto::GetPublicKeysRequest>,
    ) -> Answer<proto::GetPublicKeysResponse> {
        request.caller()?.require_node()?;
        let keys = self.app.keys.public_keys(self.app.now());
        Ok(Response::new(proto::GetPublicKeysResponse {
            keys: keys.into_iter().map(convert::public_key).collect(),
        }))
    }

    type WatchRevocationsStream =
        Pin<Box<dyn Stream<Item = Result<proto::WatchRevocationsResponse, Status>> + Send>>;

    async fn watch_revocations(
        &self,
        request: Request<proto::WatchRevocationsRequest>,
    ) -> Answer<Self::WatchRevocationsStream> {
        let caller = request.caller()?;
        let after = request.get_ref().after_position;
        let batches = watch_revocations(Arc::clone(&self.app), caller, after)
            .await
            .map_err(|error| into_status(&error))?;
        let answers = batches.map(|batch| match batch {
            Ok(batch) => Ok(proto::WatchRevocationsResponse {
                revocations: batch.iter().map(convert::revocation).collect(),
            }),
            Err(error) => Err(into_status(&error)),
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn verify_service_key(
        &self,
        request: Request<proto::VerifyServiceKeyRequest>,
    ) -> Answer<proto::VerifyServiceKeyResponse> {
        let caller = request.caller()?.clone();
        let key = request.into_inner().key.into();
        let holder = verify_service_key(&self.app, &caller, &key).await;
        answer(holder.map(|holder| proto::VerifyServiceKeyResponse {
            service_name: holder.name,
            scopes: holder.scopes,
        }))
    }

    type WatchServiceKeysStream =
        Pin<Box<dyn Stream<Item = Result<proto::WatchServiceKeysResponse, Status>> + Send>>;

    async fn watch_service_keys(
        &self,
        request: Request<proto::WatchServiceKeysRequest>,
    ) -> Answer<Self::WatchServiceKeysStream> {
        let numbers = watch_service_keys(&self.app, request.caller()?)
            .await
            .map_err(|error| into_status(&error))?;
        let answers = numbers.map(|number| {
            Ok(proto::WatchServiceKeysResponse {
                revocations: u64::try_from(number).unwrap_or(0),
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

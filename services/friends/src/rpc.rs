//! The gRPC service: one delegating line per call. The modules below read the wire's messages, ask the use case and write the answer.

mod blocks;
pub(crate) mod contacts;
pub(crate) mod convert;
mod decode;
mod friends;
pub(crate) mod import;
mod privacy;
mod requests;
mod search;
mod siblings;
mod users;

use kith_api::friends::v1::{self as wire, friends_service_server::FriendsService};
use kith_auth::{Caller, RequestExt as _};
use kith_ids::UserId;
use tonic::{Request, Response, Status};

use crate::app::App;

type Answer<T> = Result<Response<T>, Status>;

/// Friends over gRPC.
#[derive(Debug, Clone)]
pub(crate) struct Friends {
    app: App,
}

impl Friends {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }
}

/// Joins the caller's trace and gives the caller and the message.
fn open<T>(request: Request<T>) -> Result<(Caller, T), Status> {
    kith_telemetry::set_parent_from_metadata(&tracing::Span::current(), request.metadata());
    let caller = request.caller()?.clone();
    Ok((caller, request.into_inner()))
}

/// The same for calls that act for a user.
fn open_for_user<T>(request: Request<T>) -> Result<(UserId, T), Status> {
    let (caller, message) = open(request)?;
    Ok((caller.acting_user()?, message))
}

/// The same for calls that only Kith's own services make.
fn open_for_node<T>(request: Request<T>) -> Result<T, Status> {
    let (caller, message) = open(request)?;
    caller.require_node()?;
    Ok(message)
}

#[tonic::async_trait]
impl FriendsService for Friends {
    async fn send_friend_request(
        &self,
        request: Request<wire::SendFriendRequestRequest>,
    ) -> Answer<wire::SendFriendRequestResponse> {
        self.send_request(request).await
    }

    async fn respond_to_friend_request(
        &self,
        request: Request<wire::RespondToFriendRequestRequest>,
    ) -> Answer<wire::RespondToFriendRequestResponse> {
        self.respond(request).await
    }

    async fn get_friend_requests(
        &self,
        request: Request<wire::GetFriendRequestsRequest>,
    ) -> Answer<wire::GetFriendRequestsResponse> {
        self.list_requests(request).await
    }

    async fn get_user_friends(
        &self,
        request: Request<wire::GetUserFriendsRequest>,
    ) -> Answer<wire::GetUserFriendsResponse> {
        self.list_friends(request).await
    }

    async fn remove_friend(
        &self,
        request: Request<wire::RemoveFriendRequest>,
    ) -> Answer<wire::RemoveFriendResponse> {
        self.remove(request).await
    }

    async fn block_user(
        &self,
        request: Request<wire::BlockUserRequest>,
    ) -> Answer<wire::BlockUserResponse> {
        self.block(request).await
    }

    async fn unblock_user(
        &self,
        request: Request<wire::UnblockUserRequest>,
    ) -> Answer<wire::UnblockUserResponse> {
        self.unblock(request).await
    }

    async fn get_blocked_users(
        &self,
        request: Request<wire::GetBlockedUsersRequest>,
    ) -> Answer<wire::GetBlockedUsersResponse> {
        self.list_blocked(request).await
    }

    async fn get_user(
        &self,
        request: Request<wire::GetUserRequest>,
    ) -> Answer<wire::GetUserResponse> {
        self.show_user(request).await
    }

    async fn search_users(
        &self,
        request: Request<wire::SearchUsersRequest>,
    ) -> Answer<wire::SearchUsersResponse> {
        self.search(request).await
    }

    async fn get_friend_suggestions(
        &self,
        request: Request<wire::GetFriendSuggestionsRequest>,
    ) -> Answer<wire::GetFriendSuggestionsResponse> {
        self.suggest(request).await
    }

    async fn dismiss_friend_suggestion(
        &self,
        request: Request<wire::DismissFriendSuggestionRequest>,
    ) -> Answer<wire::DismissFriendSuggestionResponse> {
        self.dismiss(request).await
    }

    async fn get_privacy_settings(
        &self,
        request: Request<wire::GetPrivacySettingsRequest>,
    ) -> Answer<wire::GetPrivacySettingsResponse> {
        self.show_privacy(request).await
    }

    async fn update_privacy_settings(
        &self,
        request: Request<wire::UpdatePrivacySettingsRequest>,
    ) -> Answer<wire::UpdatePrivacySettingsResponse> {
        self.change_privacy(request).await
    }

    async fn check_permission(
        &self,
        request: Request<wire::CheckPermissionRequest>,
    ) -> Answer<wire::CheckPermissionResponse> {
        self.permitted(request).await
    }

    async fn filter_visible(
        &self,
        request: Request<wire::FilterVisibleRequest>,
    ) -> Answer<wire::FilterVisibleResponse> {
        self.visible(request).await
    }

    async fn get_pair(
        &self,
        request: Request<wire::GetPairRequest>,
    ) -> Answer<wire::GetPairResponse> {
        self.show_pair(request).await
    }

    async fn apply_users(
        &self,
        request: Request<wire::ApplyUsersRequest>,
    ) -> Answer<wire::ApplyUsersResponse> {
        self.take_users(request).await
    }
}

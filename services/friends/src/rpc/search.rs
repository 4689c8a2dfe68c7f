//! Search and suggestions over gRPC.

use kith_api::friends::v1 as wire;
use tonic::{Request, Response};

use super::{Answer, Friends, convert, decode::Fields, open_for_user};

impl Friends {
    pub(super) async fn search(
        &self,
        request: Request<wire::SearchUsersRequest>,
    ) -> Answer<wire::SearchUsersResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let query = fields.search_query(message.query);
        let query = fields.all(query)?;
        let wanted = convert::page_wanted(message.page);

        let page = self.app.search_users(caller, &query, &wanted).await?;

        Ok(Response::new(wire::SearchUsersResponse {
            users: page.items.into_iter().map(convert::person).collect(),
            page: Some(convert::page_response(page.next_token)),
        }))
    }

    pub(super) async fn suggest(
        &self,
        request: Request<wire::GetFriendSuggestionsRequest>,
    ) -> Answer<wire::GetFriendSuggestionsResponse> {
        let (caller, message) = open_for_user(request)?;
        let wanted = convert::page_wanted(message.page);

        let page = self.app.get_friend_suggestions(caller, &wanted).await?;

        Ok(Response::new(wire::GetFriendSuggestionsResponse {
            suggestions: page.items.into_iter().map(convert::suggestion).collect(),
            page: Some(convert::page_response(page.next_token)),
        }))
    }

    pub(super) async fn dismiss(
        &self,
        request: Request<wire::DismissFriendSuggestionRequest>,
    ) -> Answer<wire::DismissFriendSuggestionResponse> {
        let (caller, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let user = fields.id("user_id", &message.user_id);
        let user = fields.all(user)?;

        self.app.dismiss_friend_suggestion(caller, user).await?;

        Ok(Response::new(wire::DismissFriendSuggestionResponse {}))
    }
}

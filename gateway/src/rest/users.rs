//! People: oneself, one's privacy, somebody else, and finding somebody.

use axum::{Json as Answer, extract::State};
use http::StatusCode;
use kith_api::{
    accounts::v1::{DeleteAccountRequest, UpdateProfileRequest, update_profile_request::Interests},
    common::v1::PageRequest,
    friends::v1::{
        Audience, GetPrivacySettingsRequest, GetUserRequest, SearchUsersRequest,
        UpdatePrivacySettingsRequest,
    },
};
use kith_ids::UserId;
use utoipa::ToSchema;

use super::{accounts::end_here, filled};
use crate::{
    error::Problem,
    extract::{Caller, Id, Json, Nothing, Query},
    read::{Fields, Read},
    state::{AppState, Gateway},
    upstream::{once, repeatable},
    wire::{List, Me, Privacy, User, account},
};

/// Changes the caller's profile; what is left out stays.
#[derive(ToSchema)]
#[schema(as = ProfileUpdate)]
pub(crate) struct UpdateProfile {
    #[schema(min_length = 1, max_length = 64)]
    display_name: Option<String>,
    /// Empty clears.
    #[schema(max_length = 500)]
    bio: Option<String>,
    /// Replaces all; words of 1..32 characters.
    #[schema(max_items = 20)]
    interests: Option<Vec<String>>,
    /// BCP 47; empty clears.
    #[schema(max_length = 35)]
    locale: Option<String>,
}

/// Proves that it is the person who deletes the account.
#[derive(ToSchema)]
#[schema(as = AccountDeletion)]
pub(crate) struct DeleteAccount {
    #[schema(format = Password)]
    password: String,
}

/// Changes the caller's privacy settings; what is left out stays.
#[derive(ToSchema)]
#[schema(as = PrivacyUpdate)]
pub(crate) struct UpdatePrivacy {
    /// `everyone`, `friends_of_friends` or `nobody`, as is the next one.
    #[schema(value_type = Option<account::Audience>)]
    searchable: Option<Audience>,
    #[schema(value_type = Option<account::Audience>)]
    friend_requests: Option<Audience>,
    /// `everyone`, `friends` or `nobody`, as are the next three.
    #[schema(value_type = Option<account::Audience>)]
    direct_messages: Option<Audience>,
    #[schema(value_type = Option<account::Audience>)]
    group_adds: Option<Audience>,
    #[schema(value_type = Option<account::Audience>)]
    presence: Option<Audience>,
    #[schema(value_type = Option<account::Audience>)]
    last_seen: Option<Audience>,
    read_receipts: Option<bool>,
}

/// Who is looked for.
pub(crate) struct SearchQuery {
    q: String,
    page: PageRequest,
}

/// The circles of `searchable` and `friend_requests`.
const REACH_CIRCLES: &[(&str, Audience)] = &[
    ("everyone", Audience::Everyone),
    ("friends_of_friends", Audience::FriendsOfFriends),
    ("nobody", Audience::Nobody),
];
/// The circles of everything else.
const CIRCLES: &[(&str, Audience)] = &[
    ("everyone", Audience::Everyone),
    ("friends", Audience::Friends),
    ("nobody", Audience::Nobody),
];

impl Read for UpdateProfile {
    fn read(fields: &mut Fields) -> Self {
        fields.no_media("avatar_media_id");
        Self {
            display_name: fields.optional_ruled("display_name", kith_text::display_name),
            bio: fields.optional_ruled("bio", kith_text::bio),
            interests: fields.optional_all_ruled("interests", 20, kith_text::interest),
            locale: fields.optional_ruled("locale", kith_text::locale),
        }
    }
}

impl Read for DeleteAccount {
    fn read(fields: &mut Fields) -> Self {
        Self {
            password: fields.ruled("password", kith_text::given_password),
        }
    }
}

impl Read for SearchQuery {
    fn read(fields: &mut Fields) -> Self {
        Self {
            q: fields.text("q", 2..=64),
            page: fields.page(),
        }
    }
}

impl Read for UpdatePrivacy {
    fn read(fields: &mut Fields) -> Self {
        Self {
            searchable: fields.optional_word("searchable", REACH_CIRCLES),
            friend_requests: fields.optional_word("friend_requests", REACH_CIRCLES),
            direct_messages: fields.optional_word("direct_messages", CIRCLES),
            group_adds: fields.optional_word("group_adds", CIRCLES),
            presence: fields.optional_word("presence", CIRCLES),
            last_seen: fields.optional_word("last_seen", CIRCLES),
            read_receipts: fields.optional_bool("read_receipts"),
        }
    }
}

/// The caller's own account.
#[utoipa::path(
    get, path = "/api/v1/users/me", tag = "users",
    responses((status = 200, body = Me)),
)]
pub(crate) async fn get_me(
    State(state): State<AppState>,
    caller: Caller,
    _: Nothing,
) -> Result<Answer<Me>, Problem> {
    me(&state, &caller).await
}

/// Changes the caller's profile.
#[utoipa::path(
    patch, path = "/api/v1/users/me", tag = "users", request_body = UpdateProfile,
    responses((status = 200, body = Me)),
)]
pub(crate) async fn update_me(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<UpdateProfile>,
) -> Result<Answer<Me>, Problem> {
    let call = UpdateProfileRequest {
        display_name: body.display_name,
        bio: body.bio,
        interests: body.interests.map(|values| Interests { values }),
        locale: body.locale,
    };
    let context = &caller.context;
    repeatable(&state.accounts, || async {
        let mut accounts = state.accounts.accounts(context);
        accounts.update_profile(call.clone()).await
    })
    .await?;
    me(&state, &caller).await
}

/// Deletes the caller's account and personal data. Not reversible.
#[utoipa::path(
    delete, path = "/api/v1/users/me", tag = "users", request_body = DeleteAccount,
    responses((status = 204, description = "The account is gone.")),
)]
pub(crate) async fn delete_me(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<DeleteAccount>,
) -> Result<StatusCode, Problem> {
    let call = DeleteAccountRequest {
        password: body.password,
    };
    let answer = once(
        state
            .accounts
            .accounts(&caller.context)
            .delete_account(call),
    )
    .await?;
    end_here(&state, &caller, &answer.ended_session_ids);
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's privacy settings.
#[utoipa::path(
    get, path = "/api/v1/users/me/privacy", tag = "users",
    responses((status = 200, body = Privacy)),
)]
pub(crate) async fn get_privacy(
    State(state): State<AppState>,
    caller: Caller,
    _: Nothing,
) -> Result<Answer<Privacy>, Problem> {
    let context = &caller.context;
    let call = || async {
        let mut friends = state.friends.friends(context);
        friends
            .get_privacy_settings(GetPrivacySettingsRequest {})
            .await
    };
    let answer = repeatable(&state.friends, call).await?;
    Ok(Answer(filled(answer.settings)?.into()))
}

/// Changes the caller's privacy settings; they hold when this answers.
#[utoipa::path(
    patch, path = "/api/v1/users/me/privacy", tag = "users", request_body = UpdatePrivacy,
    responses((status = 200, body = Privacy)),
)]
pub(crate) async fn update_privacy(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<UpdatePrivacy>,
) -> Result<Answer<Privacy>, Problem> {
    let call = UpdatePrivacySettingsRequest {
        searchable: body.searchable.map(Into::into),
        friend_requests: body.friend_requests.map(Into::into),
        direct_messages: body.direct_messages.map(Into::into),
        group_adds: body.group_adds.map(Into::into),
        presence: body.presence.map(Into::into),
        last_seen: body.last_seen.map(Into::into),
        read_receipts: body.read_receipts,
    };
    let context = &caller.context;
    let answer = repeatable(&state.friends, || async {
        let mut friends = state.friends.friends(context);
        friends.update_privacy_settings(call).await
    })
    .await?;
    Ok(Answer(filled(answer.settings)?.into()))
}

/// People by a part of a name, best first. What somebody may look up in a minute is bounded.
#[utoipa::path(
    get, path = "/api/v1/users/search", tag = "users",
    params(
        ("q" = String, Query, description = "Part of a name; case, accents and a misspelling do not matter.", min_length = 2, max_length = 64),
        ("limit" = Option<u32>, Query, minimum = 1), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = List<User>)),
)]
pub(crate) async fn search_users(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Answer<List<User>>, Problem> {
    // Another backend answers for its own people.
    if !caller.is_service() {
        state.limits.lookup(caller.user_id)?;
    }
    let call = SearchUsersRequest {
        query: query.q,
        page: Some(query.page),
    };
    let answer = repeatable(&state.friends, || async {
        let mut friends = state.friends.friends(&caller.context);
        friends.search_users(call.clone()).await
    })
    .await?;
    Ok(Answer(List::page(answer.users, answer.page)))
}

/// Somebody, as the caller may see them.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "users",
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, body = User)),
)]
pub(crate) async fn get_user(
    State(state): State<AppState>,
    caller: Caller,
    Id(user): Id<UserId>,
    _: Nothing,
) -> Result<Answer<User>, Problem> {
    Ok(Answer(find(&state, &caller, user).await?.into()))
}

async fn me(state: &Gateway, caller: &Caller) -> Result<Answer<Me>, Problem> {
    Ok(Answer(find(state, caller, caller.user_id).await?.into()))
}

async fn find(
    state: &Gateway,
    caller: &Caller,
    user: UserId,
) -> Result<kith_api::friends::v1::User, Problem> {
    let call = || async {
        let user_id = user.to_string();
        let mut friends = state.friends.friends(&caller.context);
        friends.get_user(GetUserRequest { user_id }).await
    };
    filled(repeatable(&state.friends, call).await?.user)
}

//! Every route in one table: method, path, who may call, handler. `public` routes take anybody; every other handler takes a
//! [`crate::extract::Caller`], and a test asks each of them without a token.

use axum::Router;

use crate::{
    rest::{
        accounts, contacts, friend_requests, friends, health, messages, meta, participants, rooms,
        sessions, suggestions, sync, users,
    },
    state::AppState,
    web,
};

/// A row of the table, as tests and the API's description see it.
#[cfg(test)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) is_public: bool,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:ident $handler:path;)+) => {
        /// The table.
        #[cfg(test)]
        pub(crate) const ROUTES: &[Route] = &[
            $(Route {
                method: stringify!($method),
                path: $path,
                is_public: routes!(@is_public $access),
            }),+
        ];

        fn table() -> Router<AppState> {
            Router::new()$(.route(registered($path), axum::routing::$method($handler)))+
        }
    };
    (@is_public public) => { true };
    (@is_public caller) => { false };
}

routes! {
    post   "/api/v1/auth/register"                               public  accounts::register;
    post   "/api/v1/auth/login"                                  public  accounts::login;
    post   "/api/v1/auth/refresh"                                public  accounts::refresh;
    post   "/api/v1/auth/logout"                                 caller  accounts::logout;
    post   "/api/v1/auth/password"                               caller  accounts::change_password;
    get    "/api/v1/auth/sessions"                               caller  sessions::list_sessions;
    delete "/api/v1/auth/sessions/{id}"                          caller  sessions::revoke_session;

    get    "/api/v1/users/me"                                    caller  users::get_me;
    patch  "/api/v1/users/me"                                    caller  users::update_me;
    delete "/api/v1/users/me"                                    caller  users::delete_me;
    get    "/api/v1/users/me/privacy"                            caller  users::get_privacy;
    patch  "/api/v1/users/me/privacy"                            caller  users::update_privacy;
    get    "/api/v1/users/search"                                caller  users::search_users;
    get    "/api/v1/users/{id}"                                  caller  users::get_user;

    get    "/api/v1/friends/"                                    caller  friends::list_friends;
    get    "/api/v1/friends/requests"                            caller  friend_requests::list_requests;
    post   "/api/v1/friends/requests"                            caller  friend_requests::send_request;
    put    "/api/v1/friends/requests/{id}"                       caller  friend_requests::respond_to_request;
    get    "/api/v1/friends/suggestions"                         caller  suggestions::list_suggestions;
    delete "/api/v1/friends/suggestions/{user_id}"               caller  suggestions::dismiss_suggestion;
    get    "/api/v1/friends/blocked"                             caller  friends::list_blocked;
    get    "/api/v1/friends/contacts"                            caller  contacts::get_salt;
    put    "/api/v1/friends/contacts/me"                         caller  contacts::register;
    delete "/api/v1/friends/contacts/me"                         caller  contacts::remove;
    post   "/api/v1/friends/contacts/match"                      caller  contacts::find;
    delete "/api/v1/friends/contacts/awaited"                    caller  contacts::remove_awaited;
    post   "/api/v1/friends/block/{user_id}"                     caller  friends::block_user;
    delete "/api/v1/friends/block/{user_id}"                     caller  friends::unblock_user;
    delete "/api/v1/friends/{user_id}"                           caller  friends::remove_friend;

    get    "/api/v1/chat/rooms/"                                 caller  rooms::list_rooms;
    post   "/api/v1/chat/rooms/"                                 caller  rooms::create_room;
    get    "/api/v1/chat/rooms/{room_id}"                        caller  rooms::get_room;
    patch  "/api/v1/chat/rooms/{room_id}"                        caller  rooms::update_room;
    patch  "/api/v1/chat/rooms/{room_id}/me"                     caller  rooms::update_settings;
    get    "/api/v1/chat/rooms/{room_id}/events"                 caller  rooms::list_events;
    get    "/api/v1/chat/rooms/{room_id}/participants"           caller  participants::list_participants;
    post   "/api/v1/chat/rooms/{room_id}/participants"           caller  participants::add_participants;
    patch  "/api/v1/chat/rooms/{room_id}/participants/{user_id}" caller  participants::update_participant;
    delete "/api/v1/chat/rooms/{room_id}/participants/{user_id}" caller  participants::remove_participant;
    get    "/api/v1/chat/messages/{id}"                          caller  messages::list_messages;
    post   "/api/v1/chat/messages/{id}"                          caller  messages::send_message;
    post   "/api/v1/chat/messages/{id}/read"                     caller  messages::mark_as_read;
    get    "/api/v1/chat/messages/{id}/receipts"                 caller  messages::list_receipts;
    post   "/api/v1/chat/sync"                                   caller  sync::sync;

    get    "/api/v1/meta"                                        public  meta::meta;
    get    "/api/openapi.json"                                   public  meta::openapi;
    get    "/api/asyncapi.json"                                  public  meta::asyncapi;
    get    "/.well-known/jwks.json"                              public  meta::key_set;
    get    "/healthz"                                            public  health::alive;
    get    "/readyz"                                             public  health::ready;
}

/// All routes; every other path is a file or page of the web client, or a problem.
pub(crate) fn router(state: &AppState) -> Router {
    table()
        .route("/", axum::routing::get(web::home))
        .merge(crate::ws::router(state.clone()))
        .fallback(web::serve)
        .with_state(state.clone())
}

/// A path as requests have it once their trailing slash is gone.
fn registered(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests;

//! The WebSocket at `GET /api/v1/ws`.

use axum::Router;

use crate::state::AppState;

/// The socket's route.
pub(crate) fn router(_state: AppState) -> Router<AppState> {
    Router::new()
}

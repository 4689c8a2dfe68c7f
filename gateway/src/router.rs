//! Every route in one table.

use axum::Router;

use crate::{state::AppState, ws};

/// All routes.
pub(crate) fn router(state: &AppState) -> Router {
    Router::new()
        .merge(ws::router(state.clone()))
        .with_state(state.clone())
}

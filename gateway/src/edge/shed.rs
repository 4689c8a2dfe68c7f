//! Refuses calls at once while the node works on too much, the less important ones first.

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{admission::Priority, error::Problem, state::AppState};

pub(super) async fn shed(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let priority = route.and_then(|route| Priority::of_route(request.method(), route.as_str()));
    let admitted = match priority.map(|priority| state.admission.admit(priority)) {
        Some(Err(failure)) => return Problem::from(failure).into_response(),
        admitted => admitted,
    };
    let response = next.run(request).await;
    drop(admitted);
    response
}

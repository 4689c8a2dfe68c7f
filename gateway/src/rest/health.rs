//! Is the process alive, and can it serve? For orchestrators and load balancers.

use std::time::Duration;

use axum::{Json, extract::State};
use kith_api::{accounts::v1::GetUsersRequest, chat::v1::GetHeadsRequest};
use kith_auth::Caller;
use kith_error::Failure;
use serde::Serialize;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

use crate::{
    error::Problem,
    state::{AppState, Gateway},
};

/// A service that has not answered a trivial question by then cannot serve.
const PATIENCE: Duration = Duration::from_secs(2);
/// One look serves everybody who asks within this time: the question is open to all.
const MEMORY: Duration = Duration::from_millis(500);
/// Names nobody and nothing; asking for it costs one look into an index.
const NOTHING: &str = "00000000-0000-7000-8000-000000000000";

/// How the node is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok` or `ready`.
    status: &'static str,
    /// Parts that are away without which it still serves: `redis`.
    degraded: Vec<&'static str>,
}

/// The last look at the services.
#[derive(Default)]
pub(crate) struct Readiness(tokio::sync::Mutex<Option<(Instant, bool)>>);

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "node", responses((status = 200, body = Health)))]
pub(crate) async fn alive() -> Json<Health> {
    Json(Health {
        status: "ok",
        degraded: Vec::new(),
    })
}

/// The node can serve: its database answers, and it is not leaving.
#[utoipa::path(get, path = "/readyz", tag = "node", responses((status = 200, body = Health)))]
pub(crate) async fn ready(State(state): State<AppState>) -> Result<Json<Health>, Problem> {
    if state.draining.is_signalled() || !state.readiness.holds(&state).await {
        return Err(Failure::unavailable(Duration::from_secs(1)).into());
    }
    Ok(Json(Health {
        status: "ready",
        degraded: state.degraded(),
    }))
}

impl Readiness {
    async fn holds(&self, state: &Gateway) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, holds)) = *last
            && at.elapsed() < MEMORY
        {
            return holds;
        }
        let holds = timeout(PATIENCE, services_answer(state))
            .await
            .unwrap_or(false);
        *last = Some((Instant::now(), holds));
        holds
    }
}

/// Both answers come out of the database.
async fn services_answer(state: &Gateway) -> bool {
    let node = Caller::node("gateway");
    let (mut accounts, mut delivery) = (state.accounts.accounts(&node), state.chat.delivery(&node));
    let users = accounts.get_users(GetUsersRequest {
        user_ids: vec![NOTHING.to_owned()],
    });
    let heads = delivery.get_heads(GetHeadsRequest {
        room_ids: vec![NOTHING.to_owned()],
        user_ids: Vec::new(),
    });
    let (users, heads) = tokio::join!(users, heads);
    users.is_ok() && heads.is_ok()
}

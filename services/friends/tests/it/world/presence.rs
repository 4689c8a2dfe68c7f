//! Presence as friends sees it: it is told who may see whom anew, and remembers that.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
};

use futures::{Stream, stream};
use kith_api::presence::v1::{
    self as wire,
    presence_service_server::{PresenceService, PresenceServiceServer},
};
use kith_ids::UserId;
use tonic::{Request, Response, Status, Streaming, service::Routes};

/// Cheap to clone; clones share what they remember.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presence {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    down: bool,
    told: Vec<wire::ApplyVisibilityRequest>,
}

impl Presence {
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(PresenceServiceServer::new(self.clone()))
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// Whether it was told that something changed between these two.
    pub(crate) fn knows_pair(&self, one: UserId, other: UserId) -> bool {
        let (one, other) = (one.to_string(), other.to_string());
        self.state().told.iter().any(|told| {
            told.pairs.iter().any(|pair| {
                [&pair.user_id, &pair.other_id] == [&one, &other]
                    || [&pair.user_id, &pair.other_id] == [&other, &one]
            })
        })
    }

    /// Whether it was told that somebody is seen by others than before.
    pub(crate) fn knows_user(&self, user: UserId) -> bool {
        let told = &self.state().told;
        told.iter()
            .any(|told| told.user_ids.contains(&user.to_string()))
    }

    /// Whether it was told that somebody is no more.
    pub(crate) fn knows_deleted(&self, user: UserId) -> bool {
        let told = &self.state().told;
        told.iter()
            .any(|told| told.deleted_user_ids.contains(&user.to_string()))
    }

    pub(crate) fn forget(&self) {
        self.state().told.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

#[tonic::async_trait]
impl PresenceService for Presence {
    type AttachStream = Pin<Box<dyn Stream<Item = Result<wire::AttachResponse, Status>> + Send>>;

    async fn attach(
        &self,
        _: Request<Streaming<wire::AttachRequest>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        Ok(Response::new(Box::pin(stream::empty())))
    }

    async fn get_presences(
        &self,
        _: Request<wire::GetPresencesRequest>,
    ) -> Result<Response<wire::GetPresencesResponse>, Status> {
        Err(Status::unimplemented("friends does not ask"))
    }

    async fn apply_visibility(
        &self,
        request: Request<wire::ApplyVisibilityRequest>,
    ) -> Result<Response<wire::ApplyVisibilityResponse>, Status> {
        let mut state = self.state();
        if state.down {
            return Err(Status::unavailable("down"));
        }
        state.told.push(request.into_inner());
        Ok(Response::new(wire::ApplyVisibilityResponse {}))
    }
}

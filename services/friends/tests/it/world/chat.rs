//! Chat as friends sees it: it takes pairs by version and events once each, and remembers both.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use kith_api::{
    chat::v1::{
        self as wire,
        ingest_service_server::{IngestService, IngestServiceServer},
        user_event_body::Body,
    },
    friends::v1::Pair,
};
use kith_error::{Failure, Reason};
use kith_ids::UserId;
use tokio::sync::watch;
use tonic::{Request, Response, Status, service::Routes};

/// Cheap to clone; clones share what they remember.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chat {
    state: Arc<Mutex<State>>,
    /// While true, calls come in and are not answered.
    hanging: Arc<watch::Sender<bool>>,
}

#[derive(Debug, Default)]
struct State {
    down: bool,
    refused_user: Option<String>,
    pairs: BTreeMap<(String, String), Pair>,
    pair_calls: usize,
    seen: HashSet<(String, String)>,
    repeated: usize,
    calls: usize,
    events: HashMap<String, Vec<(String, Body)>>,
    receipts: HashMap<String, (bool, u64)>,
    companions: HashMap<String, Vec<wire::Companion>>,
}

impl Chat {
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(IngestServiceServer::new(self.clone()))
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    pub(crate) fn set_hanging(&self, hanging: bool) {
        self.hanging.send_replace(hanging);
    }

    /// Calls that came in, answered or not.
    pub(crate) fn calls(&self) -> usize {
        self.state().calls
    }

    /// Every event of this user will be refused for good.
    pub(crate) fn refuse(&self, user: UserId) {
        self.state().refused_user = Some(user.to_string());
    }

    /// What chat was told of two people.
    pub(crate) fn pair(&self, one: UserId, other: UserId) -> Option<Pair> {
        let (lo, hi) = (one.min(other), one.max(other));
        let key = (lo.to_string(), hi.to_string());
        self.state().pairs.get(&key).cloned()
    }

    /// How often pairs were told.
    pub(crate) fn pair_calls(&self) -> usize {
        self.state().pair_calls
    }

    /// The events of a user, oldest first, with their source ids.
    pub(crate) fn events(&self, user: UserId) -> Vec<(String, Body)> {
        let state = self.state();
        state
            .events
            .get(&user.to_string())
            .cloned()
            .unwrap_or_default()
    }

    /// How many events came more than once.
    pub(crate) fn repeated_events(&self) -> usize {
        self.state().repeated
    }

    /// Whether a user shows what they read, and the version of that.
    pub(crate) fn receipts(&self, user: UserId) -> Option<(bool, u64)> {
        self.state().receipts.get(&user.to_string()).copied()
    }

    /// The two are in so many small groups together.
    pub(crate) fn share_groups(&self, one: UserId, other: UserId, groups: u32) {
        let mut state = self.state();
        for (user, companion) in [(one, other), (other, one)] {
            let companion = wire::Companion {
                user_id: companion.to_string(),
                groups,
            };
            let companions = state.companions.entry(user.to_string()).or_default();
            companions.push(companion);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn up(&self) -> Result<MutexGuard<'_, State>, Status> {
        self.state().calls += 1;
        let mut hanging = self.hanging.subscribe();
        hanging.wait_for(|hanging| !hanging).await.unwrap();
        let state = self.state();
        if state.down {
            return Err(Status::unavailable("down"));
        }
        Ok(state)
    }
}

#[tonic::async_trait]
impl IngestService for Chat {
    async fn append_user_events(
        &self,
        request: Request<wire::AppendUserEventsRequest>,
    ) -> Result<Response<wire::AppendUserEventsResponse>, Status> {
        let mut state = self.up().await?;
        let request = request.into_inner();
        assert_eq!(request.source, "friends");
        let refused = state.refused_user.clone();
        if request
            .events
            .iter()
            .any(|event| Some(&event.user_id) == refused.as_ref())
        {
            return Err(Failure::new(Reason::InvalidField, "no such thing").into());
        }
        for event in request.events {
            let key = (event.user_id.clone(), event.source_event_id.clone());
            if state.seen.insert(key) {
                let body = event.body.unwrap().body.unwrap();
                let events = state.events.entry(event.user_id).or_default();
                events.push((event.source_event_id, body));
            } else {
                state.repeated += 1;
            }
        }
        Ok(Response::new(wire::AppendUserEventsResponse {}))
    }

    async fn apply_pairs(
        &self,
        request: Request<wire::ApplyPairsRequest>,
    ) -> Result<Response<wire::ApplyPairsResponse>, Status> {
        let mut state = self.up().await?;
        state.pair_calls += 1;
        for pair in request.into_inner().pairs {
            let key = (pair.user_lo_id.clone(), pair.user_hi_id.clone());
            let known = state.pairs.get(&key).map_or(0, |known| known.version);
            if known < pair.version {
                state.pairs.insert(key, pair);
            }
        }
        Ok(Response::new(wire::ApplyPairsResponse {}))
    }

    async fn apply_users(
        &self,
        _: Request<wire::ApplyUsersRequest>,
    ) -> Result<Response<wire::ApplyUsersResponse>, Status> {
        Err(Status::unimplemented("friends does not call this"))
    }

    async fn apply_read_receipts(
        &self,
        request: Request<wire::ApplyReadReceiptsRequest>,
    ) -> Result<Response<wire::ApplyReadReceiptsResponse>, Status> {
        let mut state = self.up().await?;
        let request = request.into_inner();
        let known = state.receipts.entry(request.user_id).or_default();
        if known.1 < request.version {
            *known = (request.shown, request.version);
        }
        Ok(Response::new(wire::ApplyReadReceiptsResponse {}))
    }

    async fn get_companions(
        &self,
        request: Request<wire::GetCompanionsRequest>,
    ) -> Result<Response<wire::GetCompanionsResponse>, Status> {
        let state = self.up().await?;
        let companions = state.companions.get(&request.get_ref().user_id).cloned();
        Ok(Response::new(wire::GetCompanionsResponse {
            companions: companions.unwrap_or_default(),
        }))
    }
}

//! What presence asks of friends, and how many things may wait for each other.

use std::{collections::HashMap, sync::Arc, time::Duration};

use kith_api::friends::v1 as wire;
use kith_auth::Caller;
use kith_client::Upstream;
use kith_error::{Failure, ReasonExt as _};
use kith_ids::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{domain::appearance::View, error::Error};

/// Looks in one question; what friends takes at most.
const MAX_LOOKS: usize = 1_000;

/// The service beside this one.
#[derive(Debug, Clone)]
pub(crate) struct Friends {
    upstream: Upstream,
    turns: Turns,
}

/// A number of things that may happen at once.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    semaphore: Arc<Semaphore>,
    timeout: Duration,
}

impl Turns {
    /// `count` at once; a further one waits at most `timeout`.
    pub(crate) fn new(count: usize, timeout: Duration) -> Self {
        Self {
            semaphore: Arc::new(Semaphore::new(count)),
            timeout,
        }
    }

    /// Waits for a turn; it ends when the permit is dropped.
    pub(crate) async fn take(&self) -> Result<OwnedSemaphorePermit, Error> {
        // Waiting longer than this helps nobody: the caller's own deadline is near.
        match tokio::time::timeout(self.timeout, self.semaphore.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Error::Busy),
        }
    }
}

impl Friends {
    pub(crate) const fn new(upstream: Upstream, turns: Turns) -> Self {
        Self { upstream, turns }
    }

    /// What each of these (viewer, person) looks may show; those that are not in the answer show nothing.
    pub(crate) async fn filter_visible(
        &self,
        looks: &[(UserId, UserId)],
    ) -> Result<HashMap<(UserId, UserId), View>, Error> {
        let mut views = HashMap::with_capacity(looks.len());
        for looks in looks.chunks(MAX_LOOKS) {
            let mut gazes: HashMap<UserId, Vec<String>> = HashMap::new();
            for (viewer, user) in looks {
                gazes.entry(*viewer).or_default().push(user.to_string());
            }
            let request = wire::FilterVisibleRequest {
                gazes: gazes
                    .into_iter()
                    .map(|(viewer, user_ids)| wire::Gaze {
                        viewer_id: viewer.to_string(),
                        user_ids,
                    })
                    .collect(),
            };
            let _turn = self.turns.take().await?;
            let mut client = self.upstream.friends(&Caller::node("presence"));
            let answer = client
                .filter_visible(request)
                .await
                .map_err(|status| judge(&status))?;
            views.extend(answer.into_inner().sights.iter().filter_map(read));
        }
        Ok(views)
    }
}

fn read(sight: &wire::Sight) -> Option<((UserId, UserId), View)> {
    let (viewer, user): (UserId, UserId) =
        (sight.viewer_id.parse().ok()?, sight.user_id.parse().ok()?);
    let view = View {
        own: viewer == user,
        presence: sight.presence,
        last_seen: sight.last_seen,
    };
    Some(((viewer, user), view))
}

fn judge(status: &tonic::Status) -> Error {
    let failure = Failure::from(status);
    if failure.is_retryable() {
        tracing::warn!(reason = failure.reason.word(), "friends did not answer");
        return Error::FriendsUnreachable;
    }
    Error::FriendsRefused(failure)
}

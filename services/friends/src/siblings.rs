//! What friends asks of accounts and tells chat and presence. Each direction has its own small number of calls at once, so that two
//! services that wait for each other never wait with all they have; nothing holds a database connection meanwhile.

mod encode;

use std::{future::Future, sync::Arc, time::Duration};

use kith_api::{accounts, chat, presence};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_error::{Failure, ReasonExt as _};
use kith_ids::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

use crate::{
    config::Config,
    domain::{pair::PairState, person::Profile, visibility::VisibilityChange},
    error::Error,
    rpc::convert,
};
pub(crate) use encode::encode_event;

/// The name under which friends' events are unique in chat, and under which friends calls.
const SOURCE: &str = "friends";
/// Users, pairs or events in one call.
const MAX_BATCH: usize = 500;

/// The services beside this one.
#[derive(Debug, Clone)]
pub(crate) struct Siblings {
    accounts: Upstream,
    chat: Upstream,
    presence: Upstream,
    accounts_turns: Turns,
    chat_turns: Turns,
    presence_turns: Turns,
    companions_timeout: Duration,
}

/// A number of things that may happen at once.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    semaphore: Arc<Semaphore>,
    timeout: Duration,
    name: &'static str,
}

/// An event for a person's log, encoded.
#[derive(Debug, Clone)]
pub(crate) struct SourcedEvent {
    pub user: UserId,
    pub event_id: uuid::Uuid,
    pub body: Vec<u8>,
}

impl Turns {
    /// `count` at once; a further one waits at most `timeout`.
    pub(crate) fn new(name: &'static str, count: usize, timeout: Duration) -> Self {
        Self {
            semaphore: Arc::new(Semaphore::new(count)),
            timeout,
            name,
        }
    }

    /// Waits for a turn; it ends when the permit is dropped.
    pub(crate) async fn take(&self) -> Result<OwnedSemaphorePermit, Error> {
        // Waiting longer than this helps nobody: the caller's own deadline is near.
        match tokio::time::timeout(self.timeout, self.semaphore.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Error::Unreachable(self.name)),
        }
    }
}

impl Siblings {
    pub(crate) fn new(
        accounts: Upstream,
        chat: Upstream,
        presence: Upstream,
        config: &Config,
    ) -> Self {
        Self {
            accounts,
            chat,
            presence,
            accounts_turns: Turns::new("accounts", config.accounts_calls, config.turn_timeout),
            chat_turns: Turns::new("chat", config.chat_calls, config.turn_timeout),
            presence_turns: Turns::new("presence", config.chat_calls, config.turn_timeout),
            companions_timeout: config.companions_timeout,
        }
    }

    /// What accounts says of these users; unknown and deleted ones are left out.
    pub(crate) async fn get_users(&self, ids: &[UserId]) -> Result<Vec<Profile>, Error> {
        let mut profiles = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MAX_BATCH) {
            let request = accounts::v1::GetUsersRequest {
                user_ids: ids.iter().map(ToString::to_string).collect(),
            };
            let mut client = self.accounts.accounts(&Caller::node(SOURCE));
            let answer = self
                .accounts_turns
                .call(async move { client.get_users(request).await })
                .await?;
            for user in answer.users {
                profiles.push(convert::profile(user).map_err(|_| bad_answer("accounts"))?);
            }
        }
        Ok(profiles)
    }

    /// Those of these users who have a session.
    pub(crate) async fn list_signed_in_users(&self, ids: &[UserId]) -> Result<Vec<UserId>, Error> {
        let mut signed_in = Vec::new();
        for ids in ids.chunks(MAX_BATCH) {
            let request = accounts::v1::ListSignedInUsersRequest {
                user_ids: ids.iter().map(ToString::to_string).collect(),
            };
            let mut client = self.accounts.accounts(&Caller::node(SOURCE));
            let answer = self
                .accounts_turns
                .call(async move { client.list_signed_in_users(request).await })
                .await?;
            for id in answer.user_ids {
                signed_in.push(id.parse().map_err(|_| bad_answer("accounts"))?);
            }
        }
        Ok(signed_in)
    }

    /// Tells chat these pairs' flags; holds there when this returns.
    pub(crate) async fn apply_pairs(&self, states: &[PairState]) -> Result<(), Error> {
        for states in states.chunks(MAX_BATCH) {
            let request = chat::v1::ApplyPairsRequest {
                pairs: states.iter().map(convert::pair).collect(),
            };
            let mut client = self.chat.chat_ingest(&Caller::node(SOURCE));
            self.chat_turns
                .call(async move { client.apply_pairs(request).await })
                .await?;
        }
        Ok(())
    }

    /// Tells chat whether a person shows what they read.
    pub(crate) async fn apply_read_receipts(
        &self,
        user: UserId,
        shown: bool,
        version: i64,
    ) -> Result<(), Error> {
        let request = chat::v1::ApplyReadReceiptsRequest {
            user_id: user.into(),
            shown,
            version: convert::version(version),
        };
        let mut client = self.chat.chat_ingest(&Caller::node(SOURCE));
        self.chat_turns
            .call(async move { client.apply_read_receipts(request).await })
            .await?;
        Ok(())
    }

    /// Tells presence who may see whom anew; holds there when this returns.
    pub(crate) async fn apply_visibility(&self, changes: &[VisibilityChange]) -> Result<(), Error> {
        for changes in changes.chunks(MAX_BATCH) {
            let mut request = presence::v1::ApplyVisibilityRequest::default();
            for change in changes {
                match change {
                    VisibilityChange::Between(pair) => {
                        request.pairs.push(presence::v1::Between {
                            user_id: pair.lo().into(),
                            other_id: pair.hi().into(),
                        });
                    }
                    VisibilityChange::Of(user) => request.user_ids.push((*user).into()),
                    VisibilityChange::Gone(user) => request.deleted_user_ids.push((*user).into()),
                }
            }
            let mut client = self.presence.presence(&Caller::node(SOURCE));
            self.presence_turns
                .call(async move { client.apply_visibility(request).await })
                .await?;
        }
        Ok(())
    }

    /// Who is in small groups with a user, and in how many. At best: no answer in time is nobody.
    pub(crate) async fn get_companions(&self, user: UserId) -> Vec<(UserId, u32)> {
        let request = chat::v1::GetCompanionsRequest {
            user_id: user.into(),
        };
        let mut client = self.chat.chat_ingest(&Caller::node(SOURCE));
        let call = self
            .chat_turns
            .call(async move { client.get_companions(request).await });
        // A list of suggestions that comes late is worth less than one without the groups.
        let answer = match tokio::time::timeout(self.companions_timeout, call).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::warn!(%error, "suggestions are made without shared groups");
                return Vec::new();
            }
            Err(_) => {
                tracing::warn!("chat did not name shared groups in time");
                return Vec::new();
            }
        };
        let companions = answer.companions.into_iter();
        companions
            .filter_map(|companion| Some((companion.user_id.parse().ok()?, companion.groups)))
            .collect()
    }

    /// Writes events into people's logs, once each.
    pub(crate) async fn append_user_events(&self, events: &[SourcedEvent]) -> Result<(), Error> {
        let events = events
            .iter()
            .map(encode::sourced)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| bad_answer("outbox"))?;
        for events in events.chunks(MAX_BATCH) {
            let request = chat::v1::AppendUserEventsRequest {
                source: SOURCE.to_owned(),
                events: events.to_vec(),
            };
            let mut client = self.chat.chat_ingest(&Caller::node(SOURCE));
            self.chat_turns
                .call(async move { client.append_user_events(request).await })
                .await?;
        }
        Ok(())
    }
}

impl Turns {
    async fn call<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, Status>>,
    ) -> Result<T, Error> {
        let _turn = self.take().await?;
        match call.await {
            Ok(answer) => Ok(answer.into_inner()),
            Err(status) => Err(self.judge(&status)),
        }
    }

    /// A sibling that cannot answer now is asked again; one that refuses what we say is a fault of one of the two.
    fn judge(&self, status: &Status) -> Error {
        let failure = Failure::from(status);
        if failure.is_retryable() {
            tracing::warn!(
                sibling = self.name,
                reason = failure.reason.word(),
                "a sibling service did not answer"
            );
            return Error::Unreachable(self.name);
        }
        Error::SiblingRefused {
            service: self.name,
            failure,
        }
    }
}

fn bad_answer(service: &'static str) -> Error {
    Error::SiblingRefused {
        service,
        failure: Failure::internal(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_that_does_not_come_in_time_is_unavailable() {
        let turns = Turns::new("chat", 2, Duration::from_millis(20));
        let first = turns.take().await.unwrap();
        let _second = turns.take().await.unwrap();

        let third = turns.take().await;
        drop(first);
        let fourth = turns.take().await;

        assert!(matches!(third, Err(Error::Unreachable("chat"))));
        assert!(fourth.is_ok());
    }
}

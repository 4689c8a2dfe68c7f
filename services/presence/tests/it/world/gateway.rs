//! A gateway's stream, as a test holds it.

use std::{collections::VecDeque, time::Duration};

use kith_api::presence::v1::{
    self as wire, Choice, Status, answer::Result as Answered, news::News, report::Report,
};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_error::Reason;
use kith_ids::UserId;
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::AbortHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Streaming;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A gateway; beats by itself until it is dropped.
pub(crate) struct Gateway {
    reports: UnboundedSender<wire::AttachRequest>,
    news: Streaming<wire::AttachResponse>,
    heard: VecDeque<News>,
    upstream: Upstream,
    clock: Clock,
    beating: AbortHandle,
    next_request: u64,
}

/// How somebody looks.
pub(crate) type Seen = wire::Presence;

impl Gateway {
    pub(super) async fn attach(upstream: &Upstream, clock: &Clock) -> Self {
        let (reports, receiver) = unbounded_channel();
        let news = upstream
            .presence_stream(&Caller::node("gateway"))
            .attach(UnboundedReceiverStream::new(receiver))
            .await
            .unwrap()
            .into_inner();
        let mut gateway = Self {
            beating: beat(reports.clone(), Duration::from_mins(1)),
            reports,
            news,
            heard: VecDeque::new(),
            upstream: upstream.clone(),
            clock: clock.clone(),
            next_request: 1,
        };
        let Some(News::Welcome(welcome)) = gateway.next().await else {
            panic!("the first news is the welcome");
        };
        gateway.beating.abort();
        let interval = Duration::from_millis(welcome.beat_interval_ms);
        gateway.beating = beat(gateway.reports.clone(), interval);
        gateway
    }

    /// Says nothing any more, though the connection stands.
    pub(crate) fn fall_silent(&self) {
        self.beating.abort();
    }

    pub(crate) fn connect(&self, socket: u64, user: UserId) {
        self.connect_all([(socket, user)]);
    }

    /// Many at once, as after a restart.
    pub(crate) fn connect_all(&self, sockets: impl IntoIterator<Item = (u64, UserId)>) {
        let reports = sockets.into_iter().map(|(socket_id, user_id)| {
            let caller = self.upstream.sign(&Caller::User {
                user_id,
                session_id: self.clock.new_id().into(),
            });
            Report::Connect(wire::Connect { socket_id, caller })
        });
        self.report(reports);
    }

    pub(crate) fn disconnect(&self, socket_id: u64) {
        self.report([Report::Disconnect(wire::Disconnect { socket_id })]);
    }

    /// What is answered to a `watch`, by the order of ids asked for.
    pub(crate) async fn watch(&mut self, socket: u64, users: &[UserId]) -> Vec<Seen> {
        self.try_watch(socket, users).await.unwrap()
    }

    pub(crate) async fn try_watch(
        &mut self,
        socket: u64,
        users: &[UserId],
    ) -> Result<Vec<Seen>, Reason> {
        let ids = users.iter().map(ToString::to_string).collect();
        match self.watch_ids(socket, ids).await {
            Answered::Watched(wire::Presences { mut presences }) => {
                presences.sort_by_key(|seen| {
                    users
                        .iter()
                        .position(|user| user.to_string() == seen.user_id)
                });
                Ok(presences)
            }
            Answered::Failure(failure) => Err(kith_error::Failure::from(failure).reason),
            other @ Answered::Done(_) => panic!("{other:?}"),
        }
    }

    pub(crate) async fn watch_ids(&mut self, socket_id: u64, user_ids: Vec<String>) -> Answered {
        let request_id = self.request();
        self.report([Report::Watch(wire::Watch {
            request_id,
            socket_id,
            user_ids,
        })]);
        self.answer(request_id).await
    }

    pub(crate) async fn set_status(&mut self, socket: u64, choice: Choice) {
        self.try_set_status(socket, choice, None).await.unwrap();
    }

    pub(crate) async fn try_set_status(
        &mut self,
        socket_id: u64,
        choice: Choice,
        custom: Option<wire::Custom>,
    ) -> Result<(), Reason> {
        let request_id = self.request();
        self.report([Report::SetStatus(wire::SetStatus {
            request_id,
            socket_id,
            choice: choice.into(),
            custom,
        })]);
        match self.answer(request_id).await {
            Answered::Done(_) => Ok(()),
            Answered::Failure(failure) => Err(kith_error::Failure::from(failure).reason),
            other @ Answered::Watched(_) => panic!("{other:?}"),
        }
    }

    /// The next change, and the sockets to which it is told.
    pub(crate) async fn change(&mut self) -> (Seen, Vec<u64>) {
        match self.next_change(Instant::now() + PATIENCE).await {
            Some(change) => change,
            None => panic!("nothing changes"),
        }
    }

    /// Waits until a change shows this status.
    pub(crate) async fn until(&mut self, status: Status) -> Seen {
        loop {
            let (seen, _) = self.change().await;
            if seen.status() == status {
                return seen;
            }
        }
    }

    /// The changes of the next while.
    pub(crate) async fn changes_within(&mut self, within: Duration) -> Vec<Seen> {
        let end = Instant::now() + within;
        let mut changes = Vec::new();
        while let Some((seen, _)) = self.next_change(end).await {
            changes.push(seen);
        }
        changes
    }

    /// Waits until the service ends the stream.
    pub(crate) async fn until_ended(&mut self) {
        while self.next().await.is_some() {}
    }

    async fn next_change(&mut self, end: Instant) -> Option<(Seen, Vec<u64>)> {
        loop {
            match timeout_at(end, self.next()).await {
                Ok(Some(News::Change(change))) => {
                    return Some((change.presence.unwrap(), change.socket_ids));
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Changes that come before it are kept for later.
    async fn answer(&mut self, request_id: u64) -> Answered {
        let mut others = VecDeque::new();
        loop {
            match self.next().await {
                Some(News::Answer(answer)) if answer.request_id == request_id => {
                    others.append(&mut self.heard);
                    self.heard = others;
                    return answer.result.unwrap();
                }
                Some(other) => others.push_back(other),
                None => panic!("the stream ended"),
            }
        }
    }

    async fn next(&mut self) -> Option<News> {
        while self.heard.is_empty() {
            let response = timeout(PATIENCE, self.news.message()).await.ok()?.ok()??;
            self.heard
                .extend(response.news.into_iter().filter_map(|news| news.news));
        }
        self.heard.pop_front()
    }

    fn report(&self, reports: impl IntoIterator<Item = Report>) {
        let reports = reports
            .into_iter()
            .map(|report| wire::Report {
                report: Some(report),
            })
            .collect();
        let _ = self.reports.send(wire::AttachRequest { reports });
    }

    fn request(&mut self) -> u64 {
        self.next_request += 1;
        self.next_request
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "test support: the task ends with the gateway"
)]
fn beat(reports: UnboundedSender<wire::AttachRequest>, interval: Duration) -> AbortHandle {
    let beating = tokio::spawn(async move {
        loop {
            tokio::time::sleep(interval).await;
            let report = Some(Report::Beat(wire::Beat {}));
            let reports_now = vec![wire::Report { report }];
            if reports
                .send(wire::AttachRequest {
                    reports: reports_now,
                })
                .is_err()
            {
                return;
            }
        }
    });
    beating.abort_handle()
}

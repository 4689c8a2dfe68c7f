//! The scripted presence: remembers who connected and who watches, and shows people as the test says.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
};

use futures::Stream;
use kith_api::presence::v1::{
    self as wire, Choice, Status as Shown,
    answer::Result as Answered,
    news::News as Kind,
    presence_service_server::{PresenceService, PresenceServiceServer},
    report::Report,
};
use kith_auth::{Caller, CallerSigner};
use kith_ids::UserId;
use kith_runtime::Tasks;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, service::Routes};

/// The service. Cheap to clone; clones are the same.
#[derive(Clone)]
pub(in super::super) struct Presence {
    state: Arc<Mutex<Known>>,
    signer: CallerSigner,
    tasks: Tasks,
}

#[derive(Default)]
struct Known {
    people: HashMap<String, wire::Presence>,
    /// Per stream.
    connected: HashMap<u64, BTreeMap<u64, UserId>>,
    watched: BTreeMap<(u64, u64), Vec<String>>,
    streams: HashMap<u64, UnboundedSender<Result<wire::AttachResponse, Status>>>,
    statuses: Vec<wire::SetStatus>,
    stream_count: u64,
    beats: usize,
    ending: CancellationToken,
    /// Watches and statuses are not answered.
    is_silent: bool,
}

impl Presence {
    pub(super) fn new(signer: CallerSigner, tasks: Tasks) -> Self {
        Self {
            state: Arc::default(),
            signer,
            tasks,
        }
    }

    pub(super) fn routes(&self) -> Routes {
        Routes::new(PresenceServiceServer::new(self.clone()))
    }

    /// How somebody looks from now on; those who watch them are told.
    pub(in super::super) fn show(&self, user: UserId, status: Shown, custom: Option<&str>) {
        let presence = wire::Presence {
            user_id: user.into(),
            status: status.into(),
            custom: custom.map(str::to_owned),
            ..wire::Presence::default()
        };
        let mut known = self.known();
        known.people.insert(user.to_string(), presence.clone());
        known.tell_watchers(&presence);
    }

    /// Tells the same again.
    pub(in super::super) fn repeat(&self, user: UserId) {
        let known = self.known();
        if let Some(presence) = known.people.get(&user.to_string()).cloned() {
            known.tell_watchers(&presence);
        }
    }

    /// Those whose sockets are connected.
    pub(in super::super) fn connected(&self) -> BTreeSet<UserId> {
        let known = self.known();
        known
            .connected
            .values()
            .flat_map(BTreeMap::values)
            .copied()
            .collect()
    }

    pub(in super::super) fn statuses(&self) -> Vec<wire::SetStatus> {
        self.known().statuses.clone()
    }

    pub(in super::super) fn beats(&self) -> usize {
        self.known().beats
    }

    pub(in super::super) fn set_silent(&self, is_silent: bool) {
        self.known().is_silent = is_silent;
    }

    /// Breaks the streams. What is shown meanwhile is told to nobody.
    pub(in super::super) fn break_streams(&self) {
        let mut known = self.known();
        known.streams.clear();
        known.connected.clear();
        known.watched.clear();
        std::mem::take(&mut known.ending).cancel();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap()
    }

    fn take(&self, stream: u64, report: Report) {
        let mut known = self.known();
        match report {
            Report::Connect(connect) => {
                let Ok(Caller::User { user_id, .. }) = self.signer.verify(&connect.caller) else {
                    panic!("a socket connects with its signed caller");
                };
                let sockets = known.connected.entry(stream).or_default();
                sockets.insert(connect.socket_id, user_id);
            }
            Report::Disconnect(it) => {
                known.watched.remove(&(stream, it.socket_id));
                known
                    .connected
                    .entry(stream)
                    .or_default()
                    .remove(&it.socket_id);
            }
            Report::Watch(watch) if !known.is_silent => {
                let presences = watch.user_ids.iter().map(|id| known.look(id)).collect();
                known
                    .watched
                    .insert((stream, watch.socket_id), watch.user_ids);
                let watched = Answered::Watched(wire::Presences { presences });
                known.answer(stream, watch.request_id, watched);
            }
            Report::SetStatus(status) if !known.is_silent => {
                known.answer(stream, status.request_id, Answered::Done(wire::Done {}));
                known.statuses.push(status);
            }
            Report::Watch(_) | Report::SetStatus(_) => {}
            Report::Beat(_) => known.beats += 1,
        }
    }
}

impl Known {
    fn look(&self, user_id: &str) -> wire::Presence {
        self.people
            .get(user_id)
            .cloned()
            .unwrap_or_else(|| wire::Presence {
                user_id: user_id.to_owned(),
                status: Shown::Offline.into(),
                ..wire::Presence::default()
            })
    }

    fn answer(&self, stream: u64, request_id: u64, result: Answered) {
        let answer = wire::Answer {
            request_id,
            result: Some(result),
        };
        self.tell(stream, Kind::Answer(answer));
    }

    fn tell_watchers(&self, presence: &wire::Presence) {
        for stream in self.streams.keys() {
            let socket_ids: Vec<u64> = self
                .watched
                .iter()
                .filter(|((of, _), ids)| of == stream && ids.contains(&presence.user_id))
                .map(|((_, socket), _)| *socket)
                .collect();
            let change = wire::Change {
                presence: Some(presence.clone()),
                socket_ids,
            };
            self.tell(*stream, Kind::Change(change));
        }
    }

    fn tell(&self, stream: u64, news: Kind) {
        if let Some(sender) = self.streams.get(&stream) {
            let news = vec![wire::News { news: Some(news) }];
            let _ = sender.send(Ok(wire::AttachResponse { news }));
        }
    }
}

#[tonic::async_trait]
impl PresenceService for Presence {
    type AttachStream = Pin<Box<dyn Stream<Item = Result<wire::AttachResponse, Status>> + Send>>;

    async fn attach(
        &self,
        request: Request<Streaming<wire::AttachRequest>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let mut requests = request.into_inner();
        let (sender, receiver) = unbounded_channel();
        let (stream, ending) = {
            let mut known = self.known();
            known.stream_count += 1;
            let stream = known.stream_count;
            known.streams.insert(stream, sender);
            let beat_interval_ms = 50;
            known.tell(stream, Kind::Welcome(wire::Welcome { beat_interval_ms }));
            (stream, known.ending.clone())
        };
        let presence = self.clone();
        self.tasks.spawn("presence.attach", async move {
            let read = async {
                while let Ok(Some(message)) = requests.message().await {
                    for report in message.reports {
                        presence.take(stream, report.report.unwrap());
                    }
                }
            };
            tokio::select! {
                () = read => {}
                () = ending.cancelled() => {}
            }
        });
        Ok(Response::new(Box::pin(UnboundedReceiverStream::new(
            receiver,
        ))))
    }

    async fn get_presences(
        &self,
        _: Request<wire::GetPresencesRequest>,
    ) -> Result<Response<wire::GetPresencesResponse>, Status> {
        Err(Status::unimplemented("sockets watch"))
    }

    async fn apply_visibility(
        &self,
        _: Request<wire::ApplyVisibilityRequest>,
    ) -> Result<Response<wire::ApplyVisibilityResponse>, Status> {
        Err(Status::unimplemented("only friends says that"))
    }
}

/// The choice of a `SetStatus`, for assertions.
pub(in super::super) fn choice(status: &wire::SetStatus) -> Choice {
    status.choice()
}

//! The scripted chat: real logs in memory, real streams, and faults on request.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{Router, body::Bytes, extract::State as Extracted, http::HeaderMap, response::Response};
use kith_api::chat::v1::{
    self, Command, GetHeadsRequest, GetHeadsResponse, GetRoomEventsRequest, GetRoomEventsResponse,
    GetRoomLogRequest, GetRoomLogResponse, GetUserLogRequest, GetUserLogResponse, Membership,
    Message, Participant, Person, Reply, Room, RoomEvent, RoomHead, SendMessageRequest,
    SendMessageResponse, SendRequest, SendResponse, SubscribeRequest, SubscribeResponse,
    SyncRequest, SyncResponse, UserEvent, UserEventBody, UserHead, command,
    delivery::Delivery,
    delivery_service_server::{DeliveryService, DeliveryServiceServer},
    reply, room_event, user_event_body,
};
use kith_auth::{CALLER_METADATA, CallerSigner};
use kith_clock::Clock;
use kith_error::{Failure, Reason};
use kith_ids::UserId;
use kith_runtime::Tasks;
use prost::Message as _;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response as Answer, Status, Streaming, service::Routes};

use crate::testing::grpc;

/// How the stream of writes behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Mode {
    Answers,
    /// Commits, and says nothing.
    Silent,
}

/// The service.
pub(in super::super) struct Chat {
    state: Mutex<Logs>,
    signer: CallerSigner,
    tasks: Tasks,
    clock: Clock,
}

struct Logs {
    epoch: u64,
    rooms: BTreeMap<String, RoomLog>,
    users: HashMap<String, Vec<UserEvent>>,
    subscribers: Vec<UnboundedSender<Result<SubscribeResponse, Status>>>,
    streams: CancellationToken,
    attached: HashMap<(u64, u64), String>,
    stream_count: u64,
    mode: Mode,
    /// Events are committed and not delivered.
    is_mute: bool,
    /// Everything that came over the stream of writes.
    commands: Vec<command::Command>,
    /// So many questions of devices are not answered.
    stumbles: u32,
}

#[derive(Default)]
struct RoomLog {
    events: Vec<RoomEvent>,
    /// Each with the first seq that they may see.
    members: BTreeMap<String, u64>,
}

#[derive(Clone)]
struct Rpc(Arc<Chat>);

impl Chat {
    pub(super) fn new(signer: CallerSigner, tasks: Tasks) -> Self {
        Self {
            state: Mutex::new(Logs {
                epoch: 1,
                rooms: BTreeMap::new(),
                users: HashMap::new(),
                subscribers: Vec::new(),
                streams: CancellationToken::new(),
                attached: HashMap::new(),
                stream_count: 0,
                mode: Mode::Answers,
                is_mute: false,
                commands: Vec::new(),
                stumbles: 0,
            }),
            signer,
            tasks,
            clock: Clock::system(),
        }
    }

    pub(super) fn router(self: Arc<Self>) -> Router {
        let unary = Router::new()
            .route("/kith.chat.v1.ChatService/Sync", axum::routing::post(sync))
            .route(
                "/kith.chat.v1.ChatService/GetRoomEvents",
                axum::routing::post(get_room_events),
            )
            .with_state(self.clone());
        Routes::new(DeliveryServiceServer::new(Rpc(self)))
            .into_axum_router()
            .merge(unary)
    }

    /// A room of these people, with its first event.
    pub(in super::super) fn room(&self, members: &[UserId]) -> String {
        let room_id = self.clock.new_id().to_string();
        let members = members.iter().map(|id| (id.to_string(), 1)).collect();
        let log = RoomLog {
            events: Vec::new(),
            members,
        };
        self.logs().rooms.insert(room_id.clone(), log);
        let created = v1::RoomCreated::default();
        self.commit(&room_id, room_event::Body::RoomCreated(created));
        room_id
    }

    /// The database was restored, and nobody has been told yet.
    pub(in super::super) fn bump_epoch(&self) {
        self.logs().epoch += 1;
    }

    /// A message that somebody wrote elsewhere; gives its seq.
    pub(in super::super) fn message(&self, room_id: &str, sender: UserId, text: &str) -> u64 {
        let message = SendMessageRequest {
            room_id: room_id.to_owned(),
            client_id: self.clock.new_id().to_string(),
            text: text.to_owned(),
            ..SendMessageRequest::default()
        };
        self.append(&sender.to_string(), &message)
            .message
            .unwrap()
            .seq
    }

    /// Somebody joins: the room's log and their own say so.
    pub(in super::super) fn join(&self, room_id: &str, user: UserId) -> u64 {
        let joined = room_event::Body::ParticipantJoined(participant(user));
        let joined_seq = self.commit(room_id, joined);
        let mut logs = self.logs();
        let log = logs.rooms.get_mut(room_id).unwrap();
        log.members.insert(user.to_string(), joined_seq);
        drop(logs);
        let room = Room {
            room_id: room_id.to_owned(),
            joined_seq,
            ..Room::default()
        };
        self.tell(user, user_event_body::Body::RoomAdded(room));
        joined_seq
    }

    /// Somebody is removed.
    pub(in super::super) fn kick(&self, room_id: &str, user: UserId) -> u64 {
        let left = room_event::Body::ParticipantLeft(participant(user));
        let leave_seq = self.commit(room_id, left);
        let mut logs = self.logs();
        let log = logs.rooms.get_mut(room_id).unwrap();
        log.members.remove(&user.to_string());
        drop(logs);
        let removed = v1::RoomRemoved {
            room_id: room_id.to_owned(),
            leave_seq,
        };
        self.tell(user, user_event_body::Body::RoomRemoved(removed));
        leave_seq
    }

    /// An event of a person's own log.
    pub(in super::super) fn tell(&self, user: UserId, body: user_event_body::Body) {
        let mut logs = self.logs();
        let log = logs.users.entry(user.to_string()).or_default();
        let event = UserEvent {
            user_id: user.to_string(),
            useq: log.len() as u64 + 1,
            time: None,
            body: Some(UserEventBody { body: Some(body) }),
        };
        log.push(event.clone());
        logs.publish(Delivery::UserEvent(event));
    }

    /// Delivers something that is in no log.
    pub(in super::super) fn publish(&self, delivery: Delivery) {
        self.logs().publish(delivery);
    }

    /// Delivers what nobody can read.
    pub(in super::super) fn publish_damaged(&self) {
        let deliveries = vec![bytes::Bytes::from_static(b"\xff")];
        let response = SubscribeResponse { deliveries };
        for subscriber in &self.logs().subscribers {
            let _ = subscriber.send(Ok(response.clone()));
        }
    }

    /// Whether events are committed without being delivered.
    pub(in super::super) fn mute(&self, is_mute: bool) {
        self.logs().is_mute = is_mute;
    }

    pub(in super::super) fn set_mode(&self, mode: Mode) {
        self.logs().mode = mode;
    }

    /// The next question of a device finds nobody.
    pub(in super::super) fn stumble(&self) {
        self.logs().stumbles += 1;
    }

    /// All streams break.
    pub(in super::super) fn break_streams(&self) {
        let mut logs = self.logs();
        logs.streams.cancel();
        logs.streams = CancellationToken::new();
        logs.subscribers.clear();
    }

    /// How many commands satisfy this.
    pub(in super::super) fn count(&self, is_it: impl Fn(&command::Command) -> bool) -> usize {
        let logs = self.logs();
        logs.commands.iter().filter(|it| is_it(it)).count()
    }

    fn append(&self, sender: &str, request: &SendMessageRequest) -> SendMessageResponse {
        let known =
            self.logs().rooms[&request.room_id]
                .events
                .iter()
                .find_map(|event| match &event.body {
                    Some(room_event::Body::MessageCreated(message))
                        if message.sender_id == sender
                            && message.client_id.as_ref() == Some(&request.client_id) =>
                    {
                        Some(message.clone())
                    }
                    _ => None,
                });
        if let Some(message) = known {
            return SendMessageResponse {
                message: Some(message),
                duplicate: true,
            };
        }
        let mut message = Message {
            message_id: self.clock.new_id().to_string(),
            room_id: request.room_id.clone(),
            sender_id: sender.to_owned(),
            client_id: Some(request.client_id.clone()),
            text: request.text.clone(),
            ..Message::default()
        };
        let created = |seq| {
            message.seq = seq;
            room_event::Body::MessageCreated(message.clone())
        };
        self.commit_with(&request.room_id, created);
        SendMessageResponse {
            message: Some(message),
            duplicate: false,
        }
    }

    fn commit(&self, room_id: &str, body: room_event::Body) -> u64 {
        self.commit_with(room_id, |_| body)
    }

    fn commit_with(&self, room_id: &str, body: impl FnOnce(u64) -> room_event::Body) -> u64 {
        let mut logs = self.logs();
        let epoch = logs.epoch;
        let log = logs.rooms.get_mut(room_id).unwrap();
        let seq = log.events.len() as u64 + 1;
        let event = RoomEvent {
            room_id: room_id.to_owned(),
            seq,
            epoch,
            time: None,
            body: Some(body(seq)),
        };
        log.events.push(event.clone());
        logs.publish(Delivery::RoomEvent(event));
        seq
    }

    fn obey(&self, stream: u64, command: Command) -> Option<Reply> {
        let handle = (stream, command.handle);
        let body = command.command?;
        let mut logs = self.logs();
        logs.commands.push(body.clone());
        if let command::Command::Attach(attach) = &body {
            let caller = self.signer.verify(&attach.caller).unwrap();
            let user = caller.acting_user().unwrap().to_string();
            logs.attached.insert(handle, user);
            return None;
        }
        let user = logs.attached.get(&handle).cloned().unwrap();
        let mode = logs.mode;
        drop(logs);
        let result = match body {
            command::Command::SendMessage(request) if request.text == "refused" => {
                let refused = Failure::new(Reason::NotAllowedByPrivacy, "not allowed");
                reply::Result::Failure(refused.into())
            }
            command::Command::SendMessage(request) => {
                reply::Result::Message(self.append(&user, &request))
            }
            command::Command::MarkRoomAsRead(read) => reply::Result::Read(v1::ReadPosition {
                last_read_seq: read.seq,
                unread_count: 3,
            }),
            _ => return None,
        };
        (mode == Mode::Answers && command.request_id != 0).then_some(Reply {
            request_id: command.request_id,
            result: Some(result),
        })
    }

    fn sync(&self, user: &str, request: SyncRequest) -> SyncResponse {
        let logs = self.logs();
        let rooms = logs.rooms.iter();
        let memberships: Vec<Membership> = rooms
            .filter_map(|(room_id, log)| {
                Some(Membership {
                    room_id: room_id.clone(),
                    last_seq: log.events.len() as u64,
                    joined_seq: *log.members.get(user)?,
                    participant_count: 2,
                })
            })
            .collect();
        let user_log = logs.users.get(user).cloned().unwrap_or_default();
        let mut response = SyncResponse {
            epoch: logs.epoch,
            useq: user_log.len() as u64,
            memberships,
            ..SyncResponse::default()
        };
        let Some(cursors) = request.cursors else {
            return response;
        };
        if cursors.epoch != logs.epoch {
            response.cursor_invalid = true;
            return response;
        }
        for (room_id, cursor) in &cursors.room_seqs {
            let events = &logs.rooms[room_id].events;
            let leave = events.iter().position(|event| {
                matches!(&event.body, Some(room_event::Body::ParticipantLeft(who))
                    if who.user.as_ref().unwrap().user_id == user)
            });
            let visible = leave.map_or(events.len(), |index| index + 1);
            let missed = events.iter().take(visible);
            response
                .events
                .extend(missed.filter(|event| event.seq > *cursor).cloned());
        }
        let missed = user_log.into_iter().filter(|it| it.useq > cursors.useq);
        response.user_events = missed.collect();
        response
    }

    fn room_events(
        &self,
        user: &str,
        request: &GetRoomEventsRequest,
    ) -> Result<GetRoomEventsResponse, Status> {
        let logs = self.logs();
        let log = &logs.rooms[&request.room_id];
        let Some(joined_seq) = log.members.get(user) else {
            return Err(Failure::new(Reason::NotFound, "no such room").into());
        };
        let after = request.after_seq.max(joined_seq - 1);
        Ok(GetRoomEventsResponse {
            events: page(&log.events, after, request.limit),
            from_seq: after + 1,
            last_seq: log.events.len() as u64,
            epoch: logs.epoch,
        })
    }

    fn logs(&self) -> MutexGuard<'_, Logs> {
        self.state.lock().unwrap()
    }
}

impl Logs {
    /// Whether the service is to be unavailable for this question.
    fn stumbles(&mut self) -> bool {
        let left = self.stumbles.checked_sub(1);
        self.stumbles = left.unwrap_or_default();
        left.is_some()
    }

    fn publish(&mut self, delivery: Delivery) {
        if self.is_mute {
            return;
        }
        let response = response(delivery);
        self.subscribers
            .retain(|subscriber| subscriber.send(Ok(response.clone())).is_ok());
    }
}

fn response(delivery: Delivery) -> SubscribeResponse {
    let delivery = v1::Delivery {
        delivery: Some(delivery),
    };
    SubscribeResponse {
        deliveries: vec![delivery.encode_to_vec().into()],
    }
}

#[tonic::async_trait]
impl DeliveryService for Rpc {
    type SendStream = UnboundedReceiverStream<Result<SendResponse, Status>>;
    type SubscribeStream = UnboundedReceiverStream<Result<SubscribeResponse, Status>>;

    async fn send(
        &self,
        request: Request<Streaming<SendRequest>>,
    ) -> Result<Answer<Self::SendStream>, Status> {
        let (replies, receiver) = unbounded_channel();
        let chat = self.0.clone();
        let mut requests = request.into_inner();
        let (stream, broken) = {
            let mut logs = chat.logs();
            logs.stream_count += 1;
            (logs.stream_count, logs.streams.clone())
        };
        self.0.tasks.spawn("chat.send", async move {
            loop {
                let request = tokio::select! {
                    request = requests.message() => request,
                    () = broken.cancelled() => {
                        let _ = replies.send(Err(Status::unavailable("broken")));
                        return;
                    }
                };
                let Ok(Some(request)) = request else { return };
                let commands = request.commands.into_iter();
                let obeyed = commands.filter_map(|command| chat.obey(stream, command));
                let response = SendResponse {
                    replies: obeyed.collect(),
                };
                let _ = replies.send(Ok(response));
            }
        });
        Ok(Answer::new(UnboundedReceiverStream::new(receiver)))
    }

    async fn subscribe(
        &self,
        request: Request<Streaming<SubscribeRequest>>,
    ) -> Result<Answer<Self::SubscribeStream>, Status> {
        let (deliveries, receiver) = unbounded_channel();
        let chat = self.0.clone();
        let mut requests = request.into_inner();
        chat.logs().subscribers.push(deliveries.clone());
        let broken = chat.logs().streams.clone();
        self.0.tasks.spawn("chat.subscribe", async move {
            loop {
                let request = tokio::select! {
                    request = requests.message() => request,
                    () = broken.cancelled() => {
                        let _ = deliveries.send(Err(Status::unavailable("broken")));
                        return;
                    }
                };
                let Ok(Some(request)) = request else { return };
                let confirmed = Delivery::Confirmed(v1::Confirmed {
                    request_id: request.request_id,
                });
                let _ = deliveries.send(Ok(response(confirmed)));
            }
        });
        Ok(Answer::new(UnboundedReceiverStream::new(receiver)))
    }

    async fn get_heads(
        &self,
        request: Request<GetHeadsRequest>,
    ) -> Result<Answer<GetHeadsResponse>, Status> {
        let request = request.into_inner();
        let logs = self.0.logs();
        let room = |room_id: String| {
            let last_seq = logs.rooms.get(&room_id)?.events.len() as u64;
            Some(RoomHead { room_id, last_seq })
        };
        let user = |user_id: String| {
            let useq = logs.users.get(&user_id)?.len() as u64;
            Some(UserHead { user_id, useq })
        };
        Ok(Answer::new(GetHeadsResponse {
            epoch: logs.epoch,
            rooms: request.room_ids.into_iter().filter_map(room).collect(),
            users: request.user_ids.into_iter().filter_map(user).collect(),
        }))
    }

    async fn get_room_log(
        &self,
        request: Request<GetRoomLogRequest>,
    ) -> Result<Answer<GetRoomLogResponse>, Status> {
        let request = request.into_inner();
        let logs = self.0.logs();
        let events = &logs.rooms[&request.room_id].events;
        Ok(Answer::new(GetRoomLogResponse {
            events: page(events, request.after_seq, request.limit),
            last_seq: events.len() as u64,
            epoch: logs.epoch,
        }))
    }

    async fn get_user_log(
        &self,
        request: Request<GetUserLogRequest>,
    ) -> Result<Answer<GetUserLogResponse>, Status> {
        let request = request.into_inner();
        let logs = self.0.logs();
        let events = logs
            .users
            .get(&request.user_id)
            .cloned()
            .unwrap_or_default();
        Ok(Answer::new(GetUserLogResponse {
            useq: events.len() as u64,
            events: page(&events, request.after_useq, request.limit),
        }))
    }
}

async fn sync(Extracted(chat): Extracted<Arc<Chat>>, headers: HeaderMap, body: Bytes) -> Response {
    if chat.logs().stumbles() {
        return Status::unavailable("stumbles").into_http();
    }
    let request = SyncRequest::decode(&body[5..]).unwrap();
    grpc(&chat.sync(&caller(&chat, &headers), request).encode_to_vec())
}

async fn get_room_events(
    Extracted(chat): Extracted<Arc<Chat>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if chat.logs().stumbles() {
        return Status::unavailable("stumbles").into_http();
    }
    let request = GetRoomEventsRequest::decode(&body[5..]).unwrap();
    match chat.room_events(&caller(&chat, &headers), &request) {
        Ok(response) => grpc(&response.encode_to_vec()),
        Err(status) => status.into_http(),
    }
}

fn caller(chat: &Chat, headers: &HeaderMap) -> String {
    let context = headers[CALLER_METADATA].to_str().unwrap();
    let caller = chat.signer.verify(context).unwrap();
    caller.acting_user().unwrap().to_string()
}

fn page<T: Clone>(events: &[T], after: u64, limit: u32) -> Vec<T> {
    let after = usize::try_from(after).unwrap();
    let limit = usize::try_from(limit).unwrap();
    events.iter().skip(after).take(limit).cloned().collect()
}

fn participant(user: UserId) -> Participant {
    Participant {
        user: Some(Person {
            user_id: user.to_string(),
            ..Person::default()
        }),
        ..Participant::default()
    }
}

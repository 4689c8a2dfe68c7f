//! The five gRPC services: one delegating line per call. The modules below know bytes, not rules: decode, call the use
//! case, encode.

pub(crate) mod convert;
mod delivery;
mod feed;
mod ingest;
mod log;
mod messages;
mod participants;
mod positions;
mod rooms;
mod watch;

use std::{sync::Arc, time::Duration};

use kith_api::chat::v1::{
    AckRequest, AckResponse, AddParticipantsRequest, AddParticipantsResponse,
    AppendUserEventsRequest, AppendUserEventsResponse, ApplyPairsRequest, ApplyPairsResponse,
    ApplyReadReceiptsRequest, ApplyReadReceiptsResponse, ApplyUsersRequest, ApplyUsersResponse,
    ConsumeRequest, CreateDirectChatRoomRequest, CreateDirectChatRoomResponse,
    CreateGroupChatRoomRequest, CreateGroupChatRoomResponse, DeleteFeedConsumerRequest,
    DeleteFeedConsumerResponse, GetChatRoomRequest, GetChatRoomResponse, GetCompanionsRequest,
    GetCompanionsResponse, GetFeedConsumersRequest, GetFeedConsumersResponse, GetHeadsRequest,
    GetHeadsResponse, GetMessageReceiptsRequest, GetMessageReceiptsResponse,
    GetParticipantsRequest, GetParticipantsResponse, GetRoomEventsRequest, GetRoomEventsResponse,
    GetRoomLogRequest, GetRoomLogResponse, GetRoomMessagesRequest, GetRoomMessagesResponse,
    GetUserChatRoomsRequest, GetUserChatRoomsResponse, GetUserLogRequest, GetUserLogResponse,
    MarkMessageAsReadRequest, MarkMessageAsReadResponse, RemoveParticipantRequest,
    RemoveParticipantResponse, SendMessageRequest, SendMessageResponse, SendRequest,
    SubscribeRequest, SyncRequest, SyncResponse, UpdateChatRoomRequest, UpdateChatRoomResponse,
    UpdateParticipantRoleRequest, UpdateParticipantRoleResponse, UpdateRoomSettingsRequest,
    UpdateRoomSettingsResponse, WatchRoomsRequest, chat_service_server::ChatService,
    delivery_service_server::DeliveryService, feed_service_server::FeedService,
    ingest_service_server::IngestService, room_service_server::RoomService,
};
use kith_error::into_status;
use tokio::sync::oneshot;
use tonic::{Request, Response, Status, Streaming};
use tracing::{Instrument as _, Span};

use crate::{Error, app::App};

/// Serves all of them.
#[derive(Clone)]
pub(crate) struct Rpc {
    app: Arc<App>,
}

type Answer<T> = Result<Response<T>, Status>;

/// What no write takes: each of its statements has 2 s, and its callers wait for 10 s.
const LONGEST_WRITE: Duration = Duration::from_secs(15);

impl Rpc {
    pub(crate) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// Does a call that writes to its end, even if its caller goes away meanwhile: stopped between its commit and what it
    /// publishes, it would be heard of only seconds later.
    async fn to_end<T, F>(&self, call: impl FnOnce(Arc<App>) -> F) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (done, outcome) = oneshot::channel();
        let call = call(Arc::clone(&self.app)).instrument(Span::current());
        self.app.tasks.spawn("chat.write", async move {
            // Given up only when its connection must be dead: it would hold that one, and itself, for ever. Nobody may be there
            // to hear of it.
            let _ = done.send(kith_postgres::within(LONGEST_WRITE, call).await);
        });
        answer(match outcome.await {
            Ok(result) => result,
            Err(_) => Err(Error::Unavailable("the call broke off")),
        })
    }
}

/// Every answer leaves here, and so does every error: an internal one is logged once.
fn answer<T>(result: Result<T, Error>) -> Answer<T> {
    result
        .map(Response::new)
        .map_err(|error| into_status(&error))
}

#[tonic::async_trait]
#[rustfmt::skip]
impl ChatService for Rpc {
    async fn create_direct_chat_room(&self, request: Request<CreateDirectChatRoomRequest>) -> Answer<CreateDirectChatRoomResponse> {
        self.to_end(|app| async move { rooms::create_direct_chat_room(&app, request).await }).await
    }
    async fn create_group_chat_room(&self, request: Request<CreateGroupChatRoomRequest>) -> Answer<CreateGroupChatRoomResponse> {
        self.to_end(|app| async move { rooms::create_group_chat_room(&app, request).await }).await
    }
    async fn get_user_chat_rooms(&self, request: Request<GetUserChatRoomsRequest>) -> Answer<GetUserChatRoomsResponse> {
        answer(rooms::get_user_chat_rooms(&self.app, request).await)
    }
    async fn get_chat_room(&self, request: Request<GetChatRoomRequest>) -> Answer<GetChatRoomResponse> {
        answer(rooms::get_chat_room(&self.app, request).await)
    }
    async fn update_chat_room(&self, request: Request<UpdateChatRoomRequest>) -> Answer<UpdateChatRoomResponse> {
        self.to_end(|app| async move { rooms::update_chat_room(&app, request).await }).await
    }
    async fn update_room_settings(&self, request: Request<UpdateRoomSettingsRequest>) -> Answer<UpdateRoomSettingsResponse> {
        self.to_end(|app| async move { rooms::update_room_settings(&app, request).await }).await
    }
    async fn get_participants(&self, request: Request<GetParticipantsRequest>) -> Answer<GetParticipantsResponse> {
        answer(participants::get_participants(&self.app, request).await)
    }
    async fn add_participants(&self, request: Request<AddParticipantsRequest>) -> Answer<AddParticipantsResponse> {
        self.to_end(|app| async move { participants::add_participants(&app, request).await }).await
    }
    async fn update_participant_role(&self, request: Request<UpdateParticipantRoleRequest>) -> Answer<UpdateParticipantRoleResponse> {
        self.to_end(|app| async move { participants::update_participant_role(&app, request).await }).await
    }
    async fn remove_participant(&self, request: Request<RemoveParticipantRequest>) -> Answer<RemoveParticipantResponse> {
        self.to_end(|app| async move { participants::remove_participant(&app, request).await }).await
    }
    async fn send_message(&self, request: Request<SendMessageRequest>) -> Answer<SendMessageResponse> {
        answer(messages::send_message(&self.app, request).await)
    }
    async fn get_room_messages(&self, request: Request<GetRoomMessagesRequest>) -> Answer<GetRoomMessagesResponse> {
        answer(messages::get_room_messages(&self.app, request).await)
    }
    async fn mark_message_as_read(&self, request: Request<MarkMessageAsReadRequest>) -> Answer<MarkMessageAsReadResponse> {
        answer(positions::mark_message_as_read(&self.app, request).await)
    }
    async fn get_message_receipts(&self, request: Request<GetMessageReceiptsRequest>) -> Answer<GetMessageReceiptsResponse> {
        answer(positions::get_message_receipts(&self.app, request).await)
    }
    async fn get_room_events(&self, request: Request<GetRoomEventsRequest>) -> Answer<GetRoomEventsResponse> {
        answer(log::get_room_events(&self.app, request).await)
    }
    async fn sync(&self, request: Request<SyncRequest>) -> Answer<SyncResponse> {
        answer(log::sync(&self.app, request).await)
    }
}

#[tonic::async_trait]
#[rustfmt::skip]
impl DeliveryService for Rpc {
    type SendStream = delivery::SendStream;
    type SubscribeStream = delivery::SubscribeStream;

    async fn send(&self, request: Request<Streaming<SendRequest>>) -> Answer<Self::SendStream> {
        answer(delivery::send(&self.app, request))
    }
    async fn subscribe(&self, request: Request<Streaming<SubscribeRequest>>) -> Answer<Self::SubscribeStream> {
        answer(delivery::subscribe(&self.app, request))
    }
    async fn get_heads(&self, request: Request<GetHeadsRequest>) -> Answer<GetHeadsResponse> {
        answer(log::get_heads(&self.app, request).await)
    }
    async fn get_room_log(&self, request: Request<GetRoomLogRequest>) -> Answer<GetRoomLogResponse> {
        answer(log::get_room_log(&self.app, request).await)
    }
    async fn get_user_log(&self, request: Request<GetUserLogRequest>) -> Answer<GetUserLogResponse> {
        answer(log::get_user_log(&self.app, request).await)
    }
}

#[tonic::async_trait]
#[rustfmt::skip]
impl IngestService for Rpc {
    async fn append_user_events(&self, request: Request<AppendUserEventsRequest>) -> Answer<AppendUserEventsResponse> {
        self.to_end(|app| async move { ingest::append_user_events(&app, request).await }).await
    }
    async fn apply_pairs(&self, request: Request<ApplyPairsRequest>) -> Answer<ApplyPairsResponse> {
        self.to_end(|app| async move { ingest::apply_pairs(&app, request).await }).await
    }
    async fn apply_users(&self, request: Request<ApplyUsersRequest>) -> Answer<ApplyUsersResponse> {
        self.to_end(|app| async move { ingest::apply_users(&app, request).await }).await
    }
    async fn apply_read_receipts(&self, request: Request<ApplyReadReceiptsRequest>) -> Answer<ApplyReadReceiptsResponse> {
        self.to_end(|app| async move { ingest::apply_read_receipts(&app, request).await }).await
    }
    async fn get_companions(&self, request: Request<GetCompanionsRequest>) -> Answer<GetCompanionsResponse> {
        answer(ingest::get_companions(&self.app, request).await)
    }
}

#[tonic::async_trait]
#[rustfmt::skip]
impl FeedService for Rpc {
    type ConsumeStream = feed::ConsumeStream;

    async fn consume(&self, request: Request<ConsumeRequest>) -> Answer<Self::ConsumeStream> {
        answer(feed::consume(&self.app, request).await)
    }
    async fn ack(&self, request: Request<AckRequest>) -> Answer<AckResponse> {
        answer(feed::ack(&self.app, request).await)
    }
    async fn get_feed_consumers(&self, request: Request<GetFeedConsumersRequest>) -> Answer<GetFeedConsumersResponse> {
        answer(feed::get_feed_consumers(&self.app, request).await)
    }
    async fn delete_feed_consumer(&self, request: Request<DeleteFeedConsumerRequest>) -> Answer<DeleteFeedConsumerResponse> {
        answer(feed::delete_feed_consumer(&self.app, request).await)
    }
}

#[tonic::async_trait]
#[rustfmt::skip]
impl RoomService for Rpc {
    type WatchRoomsStream = watch::WatchRoomsStream;

    async fn watch_rooms(&self, request: Request<WatchRoomsRequest>) -> Answer<Self::WatchRoomsStream> {
        answer(watch::watch_rooms(&self.app, request).await)
    }
}

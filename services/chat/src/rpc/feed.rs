//! The feed's calls.

use std::{pin::Pin, sync::Arc};

use futures::{Stream, StreamExt as _};
use kith_api::chat::v1::{
    AckRequest, AckResponse, ConsumeRequest, ConsumeResponse, DeleteFeedConsumerRequest,
    DeleteFeedConsumerResponse, FeedConsumer, FeedEvent, FeedEventType, FeedStart,
    GetFeedConsumersRequest, GetFeedConsumersResponse, RoomKind, feed_event,
};
use kith_error::{Violation, into_status};
use tonic::{Request, Status};

use super::convert;
use crate::{
    Error,
    app::{
        App, ack_feed,
        consume_feed::{self, Entry, Event, Portion, Wish},
        delete_feed_consumer, get_feed_consumers,
    },
    domain::feed::{Filter, LogKind},
    store::feed_consumers::Consumer,
    wire,
};

/// Values in each list of a filter.
const MAX_FILTER: usize = 64;

pub(super) type ConsumeStream = Pin<Box<dyn Stream<Item = Result<ConsumeResponse, Status>> + Send>>;

pub(super) async fn consume(
    app: &Arc<App>,
    request: Request<ConsumeRequest>,
) -> Result<ConsumeStream, Error> {
    let caller = convert::caller(&request)?;
    let wish = wish(request.into_inner())?;
    let portions = consume_feed::consume_feed(app, &caller, wish).await?;
    Ok(Box::pin(portions.map(|portion| match portion {
        Ok(portion) => Ok(response(portion)),
        Err(error) => Err(into_status(&error)),
    })))
}

pub(super) async fn ack(app: &App, request: Request<AckRequest>) -> Result<AckResponse, Error> {
    let caller = convert::caller(&request)?;
    let request = request.into_inner();
    let position = (convert::seq(request.epoch), convert::seq(request.feed_pos));
    let acked = ack_feed::ack_feed(app, &caller, &request.consumer, position).await?;
    Ok(AckResponse {
        feed_pos: wire::seq(acked),
    })
}

pub(super) async fn get_feed_consumers(
    app: &App,
    request: Request<GetFeedConsumersRequest>,
) -> Result<GetFeedConsumersResponse, Error> {
    let caller = convert::caller(&request)?;
    let (standing, consumers) = get_feed_consumers::get_feed_consumers(app, &caller).await?;
    Ok(GetFeedConsumersResponse {
        epoch: wire::seq(standing.epoch),
        head_pos: wire::seq(standing.head_pos),
        consumers: consumers.into_iter().map(consumer).collect(),
    })
}

pub(super) async fn delete_feed_consumer(
    app: &App,
    request: Request<DeleteFeedConsumerRequest>,
) -> Result<DeleteFeedConsumerResponse, Error> {
    let caller = convert::caller(&request)?;
    let consumer = request.into_inner().consumer;
    delete_feed_consumer::delete_feed_consumer(app, &caller, &consumer).await?;
    Ok(DeleteFeedConsumerResponse {})
}

/// Every bad field is named.
fn wish(request: ConsumeRequest) -> Result<Wish, Error> {
    let mut violations = Vec::new();
    let types = types(&request.event_types, &mut violations);
    let kinds = kinds(&request.room_kinds, &mut violations);
    let start = FeedStart::try_from(request.start);
    if start.is_err() {
        violations.push(Violation::new("start", "invalid", "there is no such start"));
    }
    if request.epoch == 0 && request.feed_pos > 0 {
        let message = "a position belongs to an epoch";
        violations.push(Violation::new("epoch", "required", message));
    }
    if let Err(Error::Invalid(bad)) = consume_feed::check_name(&request.consumer) {
        violations.extend(bad);
    }
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let position = (convert::seq(request.epoch), convert::seq(request.feed_pos));
    Ok(Wish {
        consumer: request.consumer,
        position: (request.epoch > 0).then_some(position),
        filter: Filter { types, kinds },
        from_now: start == Ok(FeedStart::Now),
    })
}

fn types(numbers: &[i32], violations: &mut Vec<Violation>) -> Vec<&'static str> {
    bound("event_types", numbers, violations);
    let read = numbers.iter().take(MAX_FILTER).enumerate();
    read.filter_map(|(place, &number)| {
        let word = FeedEventType::try_from(number).ok().and_then(type_word);
        if word.is_none() {
            let field = format!("event_types[{place}]");
            violations.push(Violation::new(field, "invalid", "there is no such type"));
        }
        word
    })
    .collect()
}

fn kinds(numbers: &[i32], violations: &mut Vec<Violation>) -> Vec<LogKind> {
    bound("room_kinds", numbers, violations);
    let read = numbers.iter().take(MAX_FILTER).enumerate();
    read.filter_map(|(place, &number)| {
        let kind = match RoomKind::try_from(number) {
            Ok(RoomKind::Direct) => Some(LogKind::Direct),
            Ok(RoomKind::Group) => Some(LogKind::Group),
            Ok(RoomKind::Unspecified) | Err(_) => None,
        };
        if kind.is_none() {
            let field = format!("room_kinds[{place}]");
            violations.push(Violation::new(field, "invalid", "there is no such kind"));
        }
        kind
    })
    .collect()
}

fn bound(field: &str, numbers: &[i32], violations: &mut Vec<Violation>) {
    if numbers.len() > MAX_FILTER {
        violations.push(Violation::new(field, "too_many", "at most 64"));
    }
}

/// The word of the client contract; none for the unspecified type.
const fn type_word(kind: FeedEventType) -> Option<&'static str> {
    Some(match kind {
        FeedEventType::Unspecified => return None,
        FeedEventType::MessageCreated => "message.created",
        FeedEventType::MessageEdited => "message.edited",
        FeedEventType::MessageDeleted => "message.deleted",
        FeedEventType::ReactionAdded => "reaction.added",
        FeedEventType::ReactionRemoved => "reaction.removed",
        FeedEventType::ParticipantJoined => "participant.joined",
        FeedEventType::ParticipantLeft => "participant.left",
        FeedEventType::ParticipantRole => "participant.role",
        FeedEventType::RoomCreated => "room.created",
        FeedEventType::RoomUpdated => "room.updated",
        FeedEventType::RoomAdded => "room.added",
        FeedEventType::RoomSettings => "room.settings",
        FeedEventType::RoomRemoved => "room.removed",
        FeedEventType::ReadMoved => "read.moved",
        FeedEventType::FriendRequested => "friend.requested",
        FeedEventType::FriendAccepted => "friend.accepted",
        FeedEventType::FriendDeclined => "friend.declined",
        FeedEventType::FriendCancelled => "friend.cancelled",
        FeedEventType::FriendRemoved => "friend.removed",
        FeedEventType::BlockAdded => "block.added",
        FeedEventType::BlockRemoved => "block.removed",
        FeedEventType::ProfileUpdated => "profile.updated",
        FeedEventType::PrivacyUpdated => "privacy.updated",
        FeedEventType::SessionRevoked => "session.revoked",
    })
}

fn response(portion: Portion) -> ConsumeResponse {
    ConsumeResponse {
        epoch: wire::seq(portion.epoch),
        feed_pos: wire::seq(portion.reached),
        events: portion.entries.into_iter().map(event).collect(),
        head_pos: wire::seq(portion.head),
    }
}

fn event(entry: Entry) -> FeedEvent {
    let kind = match entry.kind {
        LogKind::User => RoomKind::Unspecified,
        LogKind::Direct => RoomKind::Direct,
        LogKind::Group => RoomKind::Group,
    };
    FeedEvent {
        feed_pos: wire::seq(entry.pos),
        event: Some(match entry.event {
            Event::Room(event) => feed_event::Event::RoomEvent(*event),
            Event::User(event) => feed_event::Event::UserEvent(*event),
        }),
        room_kind: kind.into(),
    }
}

fn consumer(consumer: Consumer) -> FeedConsumer {
    FeedConsumer {
        consumer: consumer.name,
        epoch: wire::seq(consumer.epoch),
        feed_pos: wire::seq(consumer.acked_pos),
        ack_time: consumer.acked_at.map(wire::timestamp),
    }
}

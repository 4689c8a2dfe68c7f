//! One entry of a log as sockets get it: encoded once, shared by all.

use std::time::Instant;

use kith_api::chat::v1::{self, room_event::Body, user_event_body};
use kith_delivery::Effect;
use kith_ids::UserId;

use crate::{
    wire,
    ws::{frames, framing::Frame},
};

/// An entry of a room's or a person's log.
#[derive(Debug)]
pub(crate) struct Entry {
    /// `seq` or `useq`.
    pub(crate) seq: u64,
    /// What everybody gets.
    pub(crate) frame: Frame,
    /// Whose message it is; their copy differs.
    pub(crate) own: Option<Own>,
    /// What it does to those who get it.
    pub(crate) effect: Effect,
    /// When this node learned of it; the tail forgets by age.
    pub(crate) learned_at: Instant,
}

/// What makes the copy for a message's sender.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) sender: UserId,
    client_id: Box<str>,
}

impl Entry {
    /// Encodes an event of a room.
    pub(crate) fn of_room(event: v1::RoomEvent) -> Self {
        let (own, effect) = match &event.body {
            Some(Body::MessageCreated(message)) => (Own::of(message), Effect::None),
            Some(Body::ParticipantLeft(who)) => {
                let user_id = who.user.as_ref().and_then(|user| user.user_id.parse().ok());
                (None, user_id.map_or(Effect::None, Effect::Left))
            }
            Some(Body::ParticipantJoined(_)) => (None, Effect::Joined),
            _ => (None, Effect::None),
        };
        Self {
            seq: event.seq,
            frame: frames::event(&wire::Event::new(event, None)),
            own,
            effect,
            learned_at: Instant::now(),
        }
    }

    /// Encodes an event of a person.
    pub(crate) fn of_user(event: v1::UserEvent) -> Self {
        let effect =
            match event.body.as_ref().and_then(|body| body.body.as_ref()) {
                Some(user_event_body::Body::RoomAdded(room)) => {
                    room.room_id
                        .parse()
                        .map_or(Effect::None, |room_id| Effect::RoomAdded {
                            room_id,
                            joined_seq: room.joined_seq,
                        })
                }
                Some(user_event_body::Body::RoomRemoved(removed)) => removed
                    .room_id
                    .parse()
                    .map_or(Effect::None, |room_id| Effect::RoomRemoved {
                        room_id,
                        leave_seq: removed.leave_seq,
                    }),
                Some(user_event_body::Body::BlockAdded(it)) => {
                    it.user_id.parse().map_or(Effect::None, Effect::Blocked)
                }
                _ => Effect::None,
            };
        Self {
            seq: event.useq,
            frame: frames::user(&wire::UserEvent::new(event)),
            own: None,
            effect,
            learned_at: Instant::now(),
        }
    }

    /// The copy for one person. The sender's is made when one of their devices is here: on most nodes none is.
    pub(crate) fn frame_for(&self, user_id: UserId) -> Frame {
        match &self.own {
            Some(own) if own.sender == user_id => frames::own_event(&self.frame, &own.client_id),
            _ => self.frame.clone(),
        }
    }
}

impl Own {
    fn of(message: &v1::Message) -> Option<Self> {
        Some(Self {
            sender: message.sender_id.parse().ok()?,
            client_id: message.client_id.as_deref()?.into(),
        })
    }
}

impl kith_delivery::Entry for Entry {
    fn seq(&self) -> u64 {
        self.seq
    }

    fn size(&self) -> usize {
        self.frame.len() + self.own.as_ref().map_or(0, |own| own.client_id.len())
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    fn learned_at(&self) -> Instant {
        self.learned_at
    }
}

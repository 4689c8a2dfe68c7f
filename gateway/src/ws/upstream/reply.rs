//! What a client is told of a command's outcome.

use kith_api::chat::v1::reply;
use kith_error::Failure;

use super::pending::Pending;
use crate::{
    wire,
    ws::{frames, framing::Frame},
};

/// The answer to the client's `ref`.
pub(super) fn frame_of(pending: &Pending, result: Option<reply::Result>) -> Frame {
    let reference = &pending.reference;
    match result {
        Some(reply::Result::Message(response)) => {
            let Some(message) = response.message else {
                return frames::err(Some(reference), &Failure::internal());
            };
            let viewer = pending.socket.user_id.to_string();
            frames::ok(
                reference,
                &frames::Sent {
                    message: wire::Message::for_viewer(message, &viewer),
                    duplicate: response.duplicate,
                },
            )
        }
        Some(reply::Result::Read(position)) => frames::ok(
            reference,
            &frames::Position {
                last_read_seq: position.last_read_seq,
                unread_count: position.unread_count,
            },
        ),
        Some(reply::Result::Failure(failure)) => frames::err(Some(reference), &failure.into()),
        None => frames::err(Some(reference), &Failure::internal()),
    }
}

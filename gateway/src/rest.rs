//! The REST calls: one file for each noun, a handler of a few lines for each call (extract, call, map), and the bodies they
//! take beside them.

pub(crate) mod accounts;
pub(crate) mod contacts;
pub(crate) mod cookie;
pub(crate) mod friend_requests;
pub(crate) mod friends;
pub(crate) mod health;
pub(crate) mod messages;
pub(crate) mod meta;
pub(crate) mod participants;
pub(crate) mod rooms;
pub(crate) mod sessions;
pub(crate) mod suggestions;
pub(crate) mod sync;
pub(crate) mod users;

use http::StatusCode;
use kith_error::Failure;

use crate::error::Problem;

/// 201 for what is new, 200 for what was there.
fn created(is_new: bool) -> StatusCode {
    if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    }
}

/// The part of an answer that its service always fills.
fn filled<T>(part: Option<T>) -> Result<T, Problem> {
    part.ok_or_else(|| {
        tracing::error!("a service left out a part of its answer");
        Failure::internal().into()
    })
}

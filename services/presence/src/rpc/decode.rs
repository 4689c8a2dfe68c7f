//! Reads the fields of requests and names every bad one at once.

use std::collections::HashSet;

use kith_api::presence::v1 as wire;
use kith_error::Violation;
use kith_ids::UserId;

use super::convert;
use crate::{
    domain::wish::{Custom, WishChange},
    error::Error,
    store::visibility::VisibilityChange,
};

/// People in one question.
const USERS_MAX: usize = 200;
/// Changes in one delivery.
const CHANGES_MAX: usize = 500;

/// People to look at, each once.
pub(super) fn users(field: &str, ids: &[String]) -> Result<Vec<UserId>, Error> {
    if ids.len() > USERS_MAX {
        return Err(bad(field, "too_long", "at most 200 ids"));
    }
    let mut seen = HashSet::with_capacity(ids.len());
    let mut users = list(field, ids)?;
    users.retain(|user| seen.insert(*user));
    Ok(users)
}

/// What somebody chooses.
pub(super) fn wish(status: &wire::SetStatus) -> Result<WishChange, Error> {
    let choice = convert::read_choice(status.choice())
        .ok_or_else(|| bad("status", "invalid", "online, away or invisible"))?;
    let custom = status.custom.as_ref().map(read_custom).transpose()?;
    Ok(WishChange { choice, custom })
}

/// Changes of who may see whom, and people who are no more.
pub(super) fn visibility(
    request: &wire::ApplyVisibilityRequest,
) -> Result<(Vec<VisibilityChange>, Vec<UserId>), Error> {
    let sizes = [
        ("pairs", request.pairs.len()),
        ("user_ids", request.user_ids.len()),
        ("deleted_user_ids", request.deleted_user_ids.len()),
    ];
    if let Some((field, _)) = sizes.iter().find(|(_, count)| *count > CHANGES_MAX) {
        return Err(bad(field, "too_long", "at most 500"));
    }
    let deleted = list("deleted_user_ids", &request.deleted_user_ids)?;
    let mut changes = Vec::new();
    for (index, pair) in request.pairs.iter().enumerate() {
        let field = format!("pairs[{index}]");
        changes.push(VisibilityChange {
            user: id(&field, &pair.user_id)?,
            other: Some(id(&field, &pair.other_id)?),
        });
    }
    let alone = list("user_ids", &request.user_ids)?;
    for user in alone.into_iter().chain(deleted.iter().copied()) {
        changes.push(VisibilityChange { user, other: None });
    }
    Ok((changes, deleted))
}

fn read_custom(custom: &wire::Custom) -> Result<Custom, Error> {
    let expires = match custom.expire_time {
        None => None,
        Some(time) => Some(
            convert::read_time(time)
                .ok_or_else(|| bad("custom_expires_at", "invalid", "must be a time"))?,
        ),
    };
    Ok(Custom {
        text: custom.text.trim().to_owned(),
        expires,
    })
}

fn list(field: &str, ids: &[String]) -> Result<Vec<UserId>, Error> {
    let mut violations = Vec::new();
    let mut users = Vec::with_capacity(ids.len());
    for (index, text) in ids.iter().enumerate() {
        if let Ok(user) = text.parse() {
            users.push(user);
        } else {
            let field = format!("{field}[{index}]");
            violations.push(Violation::new(field, "invalid", "not an id"));
        }
    }
    if violations.is_empty() {
        Ok(users)
    } else {
        Err(Error::InvalidFields(violations))
    }
}

fn id(field: &str, text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| bad(field, "invalid", "not an id"))
}

fn bad(field: &str, code: &str, message: &str) -> Error {
    Error::InvalidFields(vec![Violation::new(field, code, message)])
}

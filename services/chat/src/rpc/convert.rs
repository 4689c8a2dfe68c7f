//! Requests into ids, numbers and callers. What does not parse is named with its field.

use std::str::FromStr;

use kith_auth::{Caller, RequestExt as _};
use kith_error::Violation;
use kith_ids::UserId;
use tonic::Request;

use crate::Error;

/// The caller of a request.
pub(crate) fn caller<T>(request: &Request<T>) -> Result<Caller, Error> {
    Ok(request.caller()?.clone())
}

/// The person that a request acts for.
pub(crate) fn acting_user<T>(request: &Request<T>) -> Result<UserId, Error> {
    Ok(request.caller()?.acting_user()?)
}

/// Refuses everybody but parts of Kith.
pub(crate) fn require_node<T>(request: &Request<T>) -> Result<(), Error> {
    Ok(request.caller()?.require_node()?)
}

/// An id in a field.
pub(crate) fn id<T: FromStr>(field: &str, text: &str) -> Result<T, Error> {
    text.parse()
        .map_err(|_| Error::Invalid(vec![bad_id(field, text)]))
}

/// Many ids in a repeated field; every bad one is named, as `field[2]`.
pub(crate) fn ids<T: FromStr>(field: &str, texts: &[String]) -> Result<Vec<T>, Error> {
    let mut parsed = Vec::with_capacity(texts.len());
    let mut violations = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match text.parse() {
            Ok(id) => parsed.push(id),
            Err(_) => violations.push(bad_id(&format!("{field}[{index}]"), text)),
        }
    }
    if violations.is_empty() {
        Ok(parsed)
    } else {
        Err(Error::Invalid(violations))
    }
}

/// What is wrong with the text of an id.
pub(crate) fn bad_id(field: &str, text: &str) -> Violation {
    if text.is_empty() {
        Violation::new(field, "required", "an id is needed here")
    } else {
        Violation::new(field, "invalid", "this is no id")
    }
}

/// A seq or useq as Postgres counts; no log grows past what fits.
pub(crate) fn seq(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

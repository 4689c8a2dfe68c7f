//! Ids in paths. A text that is no id names nothing that could exist, and is told apart from an unknown id: 400, not 404.

use std::str::FromStr;

use axum::{
    RequestPartsExt as _,
    extract::{FromRequestParts, RawPathParams},
};
use http::request::Parts;
use kith_error::{Failure, Violation};

use crate::{error::Problem, state::AppState};

/// The one id of a path.
pub(crate) struct Id<T>(pub(crate) T);

/// The two ids of a path.
pub(crate) struct Ids<T, U>(pub(crate) T, pub(crate) U);

impl<T: FromStr> FromRequestParts<AppState> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let params = params(parts).await?;
        Ok(Self(id(&params, 0)?))
    }
}

impl<T: FromStr, U: FromStr> FromRequestParts<AppState> for Ids<T, U> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let params = params(parts).await?;
        let (first, second) = (id(&params, 0), id(&params, 1));
        match (first, second) {
            (Ok(first), Ok(second)) => Ok(Self(first, second)),
            (first, second) => {
                let violations = [first.err(), second.err()].into_iter().flatten();
                let all = violations.flat_map(|failure| failure.violations).collect();
                Err(Failure::invalid_fields(all).into())
            }
        }
    }
}

async fn params(parts: &mut Parts) -> Result<RawPathParams, Failure> {
    parts.extract::<RawPathParams>().await.map_err(|_| {
        Failure::invalid_field("path", "invalid", "the path is not percent-encoded UTF-8")
    })
}

fn id<T: FromStr>(params: &RawPathParams, index: usize) -> Result<T, Failure> {
    let (name, text) = params.iter().nth(index).unwrap_or(("id", ""));
    text.parse().map_err(|_| {
        let message = "must be an id (a UUID of 36 characters)";
        Failure::invalid_fields(vec![Violation::new(name, "invalid", message)])
    })
}

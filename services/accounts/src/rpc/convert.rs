//! Between what is said and what is meant.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use kith_api::accounts::v1 as proto;
use kith_error::Violation;
use kith_ids::{SessionId, UserId};
use prost_types::Timestamp;
use secrecy::ExposeSecret as _;

use crate::{
    app::{issue_session::IssuedSession, login::Login, register::Registration},
    domain::{
        profile::ProfileChange,
        session::{Cause, Revocation, Session},
        user::User,
    },
    error::Error,
    keys::PublicKey,
};

pub(super) fn registration(request: proto::RegisterRequest) -> Registration {
    Registration {
        username: request.username,
        password: request.password.into(),
        display_name: request.display_name,
        device_name: request.device_name,
    }
}

pub(super) fn login(request: proto::LoginRequest) -> Login {
    Login {
        username: request.username,
        password: request.password.into(),
        device_name: request.device_name,
    }
}

pub(super) fn profile_change(request: proto::UpdateProfileRequest) -> ProfileChange {
    ProfileChange {
        display_name: request.display_name,
        bio: request.bio,
        interests: request.interests.map(|interests| interests.values),
        locale: request.locale,
    }
}

pub(super) fn session_id(text: &str) -> Result<SessionId, Error> {
    text.parse().map_err(|_| {
        Error::Invalid(vec![Violation::new(
            "session_id",
            "invalid",
            "a UUID of 36 characters",
        )])
    })
}

/// Every id that is none is named.
pub(super) fn user_ids(texts: &[String]) -> Result<Vec<UserId>, Error> {
    let mut violations = Vec::new();
    let mut ids = Vec::with_capacity(texts.len().min(1024));
    // Far above any allowed number, which the use case judges; beyond it nothing is parsed.
    for (at, text) in texts.iter().take(1024).enumerate() {
        match text.parse() {
            Ok(id) => ids.push(id),
            Err(_) => violations.push(Violation::new(
                format!("user_ids[{at}]"),
                "invalid",
                "a UUID of 36 characters",
            )),
        }
    }
    if violations.is_empty() {
        Ok(ids)
    } else {
        Err(Error::Invalid(violations))
    }
}

/// For answers, and for what the siblings are told.
pub(super) fn user(user: User) -> proto::User {
    proto::User {
        user_id: user.id.to_string(),
        disabled: user.is_disabled(),
        deleted: user.is_deleted(),
        username: user.username.unwrap_or_default(),
        display_name: user.display_name,
        avatar_url: None,
        bio: user.bio,
        interests: user.interests,
        locale: user.locale,
        create_time: Some(timestamp(user.created_at)),
        version: user.version.unsigned_abs(),
    }
}

pub(super) fn issued(issued: IssuedSession) -> proto::IssuedSession {
    let tokens = issued.tokens;
    proto::IssuedSession {
        user: Some(user(issued.user)),
        session_id: issued.session_id.to_string(),
        access_token: tokens.access_token.expose_secret().to_owned(),
        expires_in_seconds: seconds(tokens.access_expires_in),
        refresh_token: tokens.refresh_token.expose_secret().to_owned(),
        refresh_expires_in_seconds: seconds(tokens.refresh_expires_in),
    }
}

/// A reuse is no failure of the call: its answer says which session is over, so that the gateway can end it at once.
pub(super) fn refreshed(
    refreshed: Result<IssuedSession, Error>,
) -> Result<proto::RefreshSessionResponse, Error> {
    match refreshed {
        Ok(session) => Ok(proto::RefreshSessionResponse {
            session: Some(issued(session)),
            reused: None,
        }),
        Err(Error::TokenReused {
            user_id,
            session_id,
        }) => Ok(proto::RefreshSessionResponse {
            session: None,
            reused: Some(proto::EndedSession {
                user_id: user_id.to_string(),
                session_id: session_id.to_string(),
            }),
        }),
        Err(error) => Err(error),
    }
}

pub(super) fn sessions(sessions: Vec<Session>, current: Option<SessionId>) -> Vec<proto::Session> {
    let encode = |session: Session| proto::Session {
        session_id: session.id.to_string(),
        device_name: session.device_name,
        create_time: Some(timestamp(session.created_at)),
        last_use_time: Some(timestamp(session.last_used_at)),
        current: Some(session.id) == current,
    };
    sessions.into_iter().map(encode).collect()
}

pub(super) fn revocation(revocation: &Revocation) -> proto::Revocation {
    let cause = match revocation.cause {
        Cause::Ended => proto::RevocationCause::Ended,
        Cause::AccountDisabled => proto::RevocationCause::AccountDisabled,
    };
    proto::Revocation {
        position: revocation.position.unsigned_abs(),
        user_id: revocation.user_id.to_string(),
        session_id: revocation.session_id.to_string(),
        cause: cause.into(),
        revoke_time: Some(timestamp(revocation.revoked_at)),
    }
}

pub(super) fn public_key(key: PublicKey) -> proto::PublicKey {
    proto::PublicKey {
        kid: key.kid,
        key: Bytes::from(key.key),
    }
}

pub(super) fn texts(ids: Vec<SessionId>) -> Vec<String> {
    ids.into_iter().map(String::from).collect()
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0),
    }
}

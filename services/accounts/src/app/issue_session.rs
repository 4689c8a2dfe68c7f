//! Hands out a session's tokens. The refresh token's text leaves the process in the answer and nowhere else.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kith_auth::{AUDIENCE, Claims, ISSUER};
use kith_ids::SessionId;
use secrecy::SecretString;
use sqlx::PgConnection;

use super::{App, end_sessions};
use crate::{
    config::delta,
    domain::{
        refresh_token::RefreshToken,
        session::{Cause, Session},
        user::User,
    },
    error::Error,
    store::sessions::{self, CurrentToken},
};

/// A session and its tokens.
#[derive(Debug)]
pub(crate) struct IssuedSession {
    pub(crate) user: User,
    pub(crate) session_id: SessionId,
    pub(crate) tokens: Tokens,
}

/// What a device keeps.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: SecretString,
    pub(crate) access_expires_in: Duration,
    pub(crate) refresh_token: SecretString,
    pub(crate) refresh_expires_in: Duration,
}

/// Starts a session inside the caller's transaction, which holds the user's row. A user with too many sessions loses the
/// least recently used one.
pub(super) async fn start_session(
    app: &App,
    tx: &mut PgConnection,
    user: User,
    device_name: Option<String>,
    now: DateTime<Utc>,
) -> Result<IssuedSession, Error> {
    let surplus = sessions::delete_surplus(tx, user.id).await?;
    let session = Session {
        id: app.clock.new_id().into(),
        user_id: user.id,
        device_name: device_name.unwrap_or_default(),
        created_at: now,
        last_used_at: now,
    };
    let refresh = RefreshToken::generate(session.id, &app.cluster_key);
    sessions::insert(tx, &session, &current(app, &refresh, now)).await?;
    end_sessions::record(tx, user.id, &surplus, Cause::Ended, now).await?;
    Ok(IssuedSession {
        tokens: tokens(app, &user, session.id, &refresh, now)?,
        session_id: session.id,
        user,
    })
}

/// What is stored of a token handed out now.
pub(super) fn current(app: &App, refresh: &RefreshToken, now: DateTime<Utc>) -> CurrentToken {
    CurrentToken {
        digest: refresh.digest(),
        expires_at: now + delta(app.config.session_idle_lifetime),
    }
}

/// Signs an access token to go with a refresh token.
pub(super) fn tokens(
    app: &App,
    user: &User,
    session_id: SessionId,
    refresh: &RefreshToken,
    now: DateTime<Utc>,
) -> Result<Tokens, Error> {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: user.id,
        sid: session_id,
        typ: Claims::ACCESS.to_owned(),
        iat: now.timestamp(),
        exp: (now + delta(app.config.access_token_lifetime)).timestamp(),
        nbf: None,
    };
    Ok(Tokens {
        access_token: app.keys.sign(&claims, now)?.into(),
        access_expires_in: app.config.access_token_lifetime,
        refresh_token: refresh.text(),
        refresh_expires_in: app.config.session_idle_lifetime,
    })
}

//! Trades a refresh token for the next pair. A token is good once: used again it has been stolen, or its thief was first, and either way its
//! session ends. The exception is a reply that got lost: who repeats the attempt by its name, with the token, within a minute gets the same answer.

use kith_auth::Caller;
use kith_ids::UserId;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{PgConnection, PgTransaction};

use super::{
    App, end_sessions,
    issue_session::{IssuedSession, Tokens, current, tokens},
};
use crate::{
    config::delta,
    domain::{fields::Fields, refresh_token::RefreshToken, session::Cause},
    error::Error,
    store::{
        refresh_attempts::{self, RefreshAttempt},
        sessions, users,
    },
};

const SEAL_CONTEXT: &str = "refresh answer";

/// The session's row is locked first, so refreshes with one token come one after the other.
#[tracing::instrument(name = "accounts.refresh_session", skip_all, fields(user.id, session.id))]
pub(crate) async fn refresh_session(
    app: &App,
    caller: &Caller,
    refresh_token: &SecretString,
    attempt_id: Option<String>,
) -> Result<IssuedSession, Error> {
    caller.require_node()?;
    check(attempt_id.as_deref())?;
    let presented =
        RefreshToken::parse(refresh_token.expose_secret()).ok_or(Error::SessionEnded)?;
    let session_id = presented.session_id();
    tracing::Span::current().record("session.id", tracing::field::display(session_id));

    let mut tx = app.reserved.begin().await?;
    let session = sessions::lock(&mut tx, session_id)
        .await?
        .ok_or(Error::SessionEnded)?;
    let now = app.now();
    let user = users::find(&mut tx, session.user_id)
        .await?
        .ok_or(Error::SessionEnded)?;
    if session.token_digest != presented.digest() {
        if let Some(tokens) = find_repeated(app, &mut tx, &presented, attempt_id).await? {
            return Ok(IssuedSession {
                user,
                session_id,
                tokens,
            });
        }
        return Err(judge_stale(app, tx, user.id, &presented).await?);
    }
    if session.expires_at <= now {
        return Err(Error::SessionEnded);
    }
    let next = RefreshToken::generate(session_id, &app.cluster_key);
    let tokens = tokens(app, &user, session_id, &next, now)?;
    sessions::update_token(&mut tx, session_id, &current(app, &next, now), now).await?;
    if let Some(attempt_id) = attempt_id {
        let attempt = RefreshAttempt {
            attempt_id,
            sealed_answer: seal(&presented, &tokens)?,
            used_at: now,
        };
        refresh_attempts::insert(&mut tx, session_id, &presented.digest(), &attempt).await?;
    }
    tx.commit().await?;

    tracing::Span::current().record("user.id", tracing::field::display(user.id));
    Ok(IssuedSession {
        user,
        session_id,
        tokens,
    })
}

/// The answer that the same attempt got when the token was used, if that is not long ago.
async fn find_repeated(
    app: &App,
    tx: &mut PgConnection,
    presented: &RefreshToken,
    attempt_id: Option<String>,
) -> Result<Option<Tokens>, Error> {
    let attempt = refresh_attempts::find(tx, &presented.digest()).await?;
    let oldest = app.now() - delta(app.config.refresh_repeat_window);
    attempt
        .filter(|attempt| {
            Some(&attempt.attempt_id) == attempt_id.as_ref() && attempt.used_at > oldest
        })
        .map(|attempt| open(app, presented, &attempt.sealed_answer))
        .transpose()
}

/// The token is not the session's current one: an earlier one of it, which ends the session, or noise, which does nothing.
async fn judge_stale(
    app: &App,
    mut tx: PgTransaction<'_>,
    user_id: UserId,
    presented: &RefreshToken,
) -> Result<Error, Error> {
    // Without this, knowing a session's id would be enough to end it.
    if !presented.is_ours(&app.cluster_key) {
        return Ok(Error::SessionEnded);
    }
    let session_id = presented.session_id();
    sessions::delete(&mut tx, user_id, session_id).await?;
    end_sessions::record(&mut tx, user_id, &[session_id], Cause::Ended, app.now()).await?;
    tx.commit().await?;

    app.news.sessions_ended();
    metrics::counter!("kith_accounts_refresh_tokens_reused_total").increment(1);
    tracing::warn!(
        security.event = "refresh_token_reused",
        user.id = %user_id,
        session.id = %session_id,
        "a used refresh token was presented again; its session was ended"
    );
    Ok(Error::TokenReused {
        user_id,
        session_id,
    })
}

fn check(attempt_id: Option<&str>) -> Result<(), Error> {
    let mut fields = Fields::default();
    if let Some(attempt_id) = attempt_id {
        fields.take("attempt_id", kith_text::attempt_id(attempt_id));
    }
    fields.check().map_err(Error::Invalid)
}

/// Both tokens, a line each, under a key that only the used token gives.
fn seal(presented: &RefreshToken, tokens: &Tokens) -> Result<Vec<u8>, Error> {
    let plain = format!(
        "{}\n{}",
        tokens.access_token.expose_secret(),
        tokens.refresh_token.expose_secret()
    );
    presented
        .answer_seal()
        .seal(SEAL_CONTEXT, plain.as_bytes())
        .map_err(|error| Error::Key(error.into()))
}

fn open(app: &App, presented: &RefreshToken, sealed: &[u8]) -> Result<Tokens, Error> {
    let plain = presented
        .answer_seal()
        .open(SEAL_CONTEXT, sealed)
        .map_err(|error| Error::Key(error.into()))?;
    let text = String::from_utf8(plain).map_err(|_| Error::SessionEnded)?;
    let (access, refresh) = text.split_once('\n').ok_or(Error::SessionEnded)?;
    Ok(Tokens {
        access_token: access.into(),
        access_expires_in: app.config.access_token_lifetime,
        refresh_token: refresh.into(),
        refresh_expires_in: app.config.session_idle_lifetime,
    })
}

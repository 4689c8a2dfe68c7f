//! Lists where the caller is logged in.

use chrono::{DateTime, Utc};
use kith_auth::Caller;
use kith_ids::SessionId;
use kith_postgres::page;

use super::{App, live_session};
use crate::{domain::session::Session, error::Error, store::sessions};

/// A page of sessions, and the cursor of the next.
#[derive(Debug)]
pub(crate) struct SessionPage {
    pub(crate) sessions: Vec<Session>,
    pub(crate) next: Option<String>,
}

/// Newest first.
#[tracing::instrument(name = "accounts.list_sessions", skip_all)]
pub(crate) async fn list_sessions(
    app: &App,
    caller: &Caller,
    (page_size, page_token): (u32, &str),
) -> Result<SessionPage, Error> {
    let mut db = app.pool.acquire().await?;
    let user_id = live_session::require(&mut db, caller).await?;
    let scope = format!("sessions:{user_id}");
    let size = page::size(page_size);
    let before = app
        .cursors
        .decode::<(DateTime<Utc>, SessionId)>(&scope, page_token)?;
    let most = i64::from(size) + 1;
    let mut sessions = sessions::list(&mut db, user_id, app.now(), before, most).await?;
    let more = page::has_more(&mut sessions, size);
    let next = sessions
        .last()
        .filter(|_| more)
        .map(|last| app.cursors.encode(&scope, &(last.created_at, last.id)));
    Ok(SessionPage { sessions, next })
}

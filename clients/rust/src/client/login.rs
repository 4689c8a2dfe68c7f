//! The device's session: when its access token is worth replacing, and the asking for another. A refresh is stored before it is
//! asked for, so that one that a crash cut off is asked again and gets the same answer, instead of ending the session.

use std::time::Duration;

use futures::{FutureExt as _, future::BoxFuture};
use tokio::time::Instant;

use crate::{
    model::Session,
    outbox::fresh_client_id,
    rest::{Api, ApiError, Refresh},
    store::Login,
};

/// Of a token's life, what passes before another one is asked for: a live connection need not break then.
const USED: f64 = 0.8;
/// After a refresh that was not answered.
const AGAIN: Duration = Duration::from_secs(5);

/// What came of a refresh.
pub(super) enum Refreshed {
    /// Another token.
    Good(Box<Session>),
    /// No answer; it may have happened.
    Unanswered,
    /// The session is over.
    Over,
}

/// The session of a device.
pub(super) struct Access {
    pub(super) login: Login,
    /// The token is worth nothing any more, as the server said.
    pub(super) is_stale: bool,
    /// Another one is asked for then.
    pub(super) due: Option<Instant>,
    asking: Option<BoxFuture<'static, Refreshed>>,
}

impl Access {
    /// With a token that may have expired.
    pub(super) fn stored(login: Login) -> Self {
        Self {
            login,
            is_stale: false,
            due: None,
            asking: None,
        }
    }

    /// With a new token.
    pub(super) fn fresh(session: &Session, now: Instant) -> Self {
        let lifetime = Duration::from_secs(session.expires_in);
        Self {
            due: session
                .refresh_token
                .is_some()
                .then(|| now + lifetime.mul_f64(USED)),
            ..Self::stored(Login::of(session))
        }
    }

    pub(super) fn can_refresh(&self) -> bool {
        self.login.refresh_token.is_some()
    }

    pub(super) fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// Names the refresh that is to be asked for; true when the name is new and has to be stored first.
    pub(super) fn name_refresh(&mut self) -> bool {
        let is_new = self.login.attempt.is_none();
        self.login.attempt.get_or_insert_with(fresh_client_id);
        is_new
    }

    /// Asks for another token, under the stored name.
    pub(super) fn ask(&mut self, api: &Api) {
        self.due = None;
        let Some(refresh_token) = self.login.refresh_token.clone() else {
            return;
        };
        let refresh = Refresh {
            refresh_token,
            attempt_id: self.login.attempt.clone(),
        };
        let api = api.clone();
        self.asking = Some(
            async move {
                match api.refresh(&refresh).await {
                    Ok(session) => Refreshed::Good(Box::new(session)),
                    Err(error) => judge(&error),
                }
            }
            .boxed(),
        );
    }

    /// Waits for the answer; for ever when nothing is asked.
    pub(super) async fn answer(&mut self) -> Refreshed {
        let Some(asking) = &mut self.asking else {
            return std::future::pending().await;
        };
        let refreshed = asking.await;
        self.asking = None;
        refreshed
    }

    /// Takes in what came of it; false when the session is over.
    pub(super) fn refreshed(&mut self, refreshed: Refreshed, now: Instant) -> bool {
        match refreshed {
            Refreshed::Good(session) => {
                *self = Self::fresh(&session, now);
                true
            }
            Refreshed::Unanswered => {
                self.due = Some(now + AGAIN);
                true
            }
            Refreshed::Over => false,
        }
    }
}

fn judge(error: &ApiError) -> Refreshed {
    let is_final = error
        .problem()
        .is_some_and(|problem| !problem.retryable && matches!(problem.status, 400..=403));
    if is_final {
        return Refreshed::Over;
    }
    tracing::debug!(%error, "the token could not be refreshed and will be");
    Refreshed::Unanswered
}

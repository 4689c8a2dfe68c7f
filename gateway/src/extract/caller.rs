//! Who is calling: a person by their access token, or another backend by its service key. Counts the call against the limits.

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use kith_error::{Failure, Reason};
use kith_ids::{SessionId, UserId};

use crate::{
    edge::{ClientAddress, IsHttps},
    error::Problem,
    state::{AppState, Gateway},
};

/// Names the person that a service key acts for.
const ON_BEHALF_OF: &str = "kith-on-behalf-of";
/// How service keys begin; access tokens never do.
const SERVICE_KEY: &str = "kith_sk_";

/// Who a call acts for.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// What the services are told.
    pub(crate) context: kith_auth::Caller,
    /// The person.
    pub(crate) user_id: UserId,
    /// The same, as the services write it.
    pub(crate) user: String,
}

/// The door for those who are not signed in yet: bounded per address, except for other backends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entrance {
    /// They came over https.
    pub(crate) https: bool,
}

impl Caller {
    /// The session, when a person called.
    pub(crate) const fn session(&self) -> Option<SessionId> {
        self.context.session()
    }

    /// Whether another backend calls on the person's behalf.
    pub(crate) const fn is_service(&self) -> bool {
        self.context.is_service()
    }

    fn new(context: kith_auth::Caller, user_id: UserId) -> Self {
        Self {
            context,
            user_id,
            user: user_id.to_string(),
        }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)
            .ok_or_else(|| unauthenticated("the call needs an access token"))?;
        let caller = match service_key(&parts.headers) {
            Some(key) => service(state, key, &parts.headers).await?,
            None => person(state, token).await?,
        };
        tracing::Span::current().record("user.id", tracing::field::display(caller.user_id));
        Ok(caller)
    }
}

impl FromRequestParts<AppState> for Entrance {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let address = parts.extensions.get::<ClientAddress>();
        match (service_key(&parts.headers), address) {
            (Some(key), _) => {
                state.identity.verify_service_key(key).await?;
            }
            (None, Some(address)) => state.limits.auth_from(address.0)?,
            (None, None) => {}
        }
        Ok(Self {
            https: parts.extensions.get::<IsHttps>().is_some_and(|it| it.0),
        })
    }
}

async fn person(state: &Gateway, token: &str) -> Result<Caller, Failure> {
    let verified = state.identity.verify(token).await?;
    state.limits.request(verified.user_id)?;
    let context = kith_auth::Caller::User {
        user_id: verified.user_id,
        session_id: verified.session_id,
    };
    Ok(Caller::new(context, verified.user_id))
}

async fn service(state: &Gateway, key: &str, headers: &HeaderMap) -> Result<Caller, Failure> {
    let name = state.identity.verify_service_key(key).await?;
    let user_id: UserId = headers
        .get(ON_BEHALF_OF)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| {
            let message = "a service key acts for the user whose id is in this header";
            Failure::invalid_field("Kith-On-Behalf-Of", "required", message)
        })?;
    let context = kith_auth::Caller::Service {
        name,
        on_behalf_of: Some(user_id),
    };
    Ok(Caller::new(context, user_id))
}

/// The service key that a request carries.
pub(crate) fn service_key(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).filter(|token| token.starts_with(SERVICE_KEY))
}

/// The token of `Authorization: Bearer …`; none for any other scheme, an empty token, or two headers.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn unauthenticated(message: &str) -> Failure {
    Failure::new(Reason::Unauthenticated, message)
}

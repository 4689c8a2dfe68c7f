//! The caller context: who an inner call acts for, signed and short-lived.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use kith_clock::Clock;
use kith_error::{Failure, Reason};
use kith_ids::{SessionId, UserId};
use serde::{Deserialize, Serialize};

use crate::ClusterKey;

/// How long a signed context holds: long enough for the slowest call with its retry, short enough to be worthless in a log.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);
const PURPOSE: &str = "caller context v1";

/// Who an inner call acts for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Caller {
    /// A person, through one of their sessions.
    User {
        /// The person.
        user_id: UserId,
        /// The session whose token was presented.
        session_id: SessionId,
    },
    /// Another backend with a service key, perhaps on a person's behalf.
    Service {
        /// The name of its key.
        name: String,
        /// The person it acts for.
        on_behalf_of: Option<UserId>,
    },
    /// A part of Kith itself: `gateway`, `chat`, …
    Node {
        /// Which part.
        name: String,
    },
}

/// The context was not made by this cluster, or is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallerError {
    /// Not a context of ours.
    #[error("the caller context does not hold")]
    Forged,
    /// It was one.
    #[error("the caller context has expired")]
    Expired,
}

/// Signs and verifies caller contexts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallerSigner {
    key: ClusterKey,
    clock: Clock,
}

#[derive(Serialize, Deserialize)]
struct Context {
    caller: Caller,
    /// Seconds since the epoch.
    expires: i64,
}

impl Caller {
    /// A part of Kith.
    pub fn node(name: &str) -> Self {
        Self::Node {
            name: name.to_owned(),
        }
    }

    /// The person that the call acts for; `unauthenticated` when it acts for nobody.
    pub fn acting_user(&self) -> Result<UserId, Failure> {
        match self {
            Self::User { user_id, .. }
            | Self::Service {
                on_behalf_of: Some(user_id),
                ..
            } => Ok(*user_id),
            Self::Service {
                on_behalf_of: None, ..
            }
            | Self::Node { .. } => Err(Failure::new(
                Reason::Unauthenticated,
                "this call acts for a user and none was named",
            )),
        }
    }

    /// The session of a person who called themselves.
    pub const fn session(&self) -> Option<SessionId> {
        match self {
            Self::User { session_id, .. } => Some(*session_id),
            Self::Service { .. } | Self::Node { .. } => None,
        }
    }

    /// Whether a part of Kith calls for itself.
    pub const fn is_node(&self) -> bool {
        matches!(self, Self::Node { .. })
    }

    /// Whether another backend calls.
    pub const fn is_service(&self) -> bool {
        matches!(self, Self::Service { .. })
    }

    /// Refuses everybody but parts of Kith.
    pub fn require_node(&self) -> Result<(), Failure> {
        if self.is_node() {
            return Ok(());
        }
        Err(Failure::new(
            Reason::Forbidden,
            "this call is for Kith's own services",
        ))
    }

    /// Refuses people; lets parts of Kith and other backends pass.
    pub fn require_trusted(&self) -> Result<(), Failure> {
        if matches!(self, Self::User { .. }) {
            return Err(Failure::new(
                Reason::Forbidden,
                "this call is not for users",
            ));
        }
        Ok(())
    }
}

impl CallerSigner {
    /// Signs with the cluster's key.
    pub const fn new(key: ClusterKey, clock: Clock) -> Self {
        Self { key, clock }
    }

    /// The context as text for metadata: base64url of JSON, a dot, base64url of the code.
    pub fn sign(&self, caller: &Caller) -> String {
        let context = Context {
            caller: caller.clone(),
            expires: (self.clock.now() + LIFETIME).timestamp(),
        };
        // A context holds only strings and ids, which always serialise.
        let body = serde_json::to_vec(&context).unwrap_or_default();
        let tag = self.key.tag(PURPOSE, &body);
        format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(body),
            URL_SAFE_NO_PAD.encode(tag)
        )
    }

    /// The caller that a context names.
    pub fn verify(&self, text: &str) -> Result<Caller, CallerError> {
        let (body, tag) = text.split_once('.').ok_or(CallerError::Forged)?;
        let body = URL_SAFE_NO_PAD
            .decode(body)
            .map_err(|_| CallerError::Forged)?;
        let tag = URL_SAFE_NO_PAD
            .decode(tag)
            .map_err(|_| CallerError::Forged)?;
        if !self.key.holds(PURPOSE, &body, &tag) {
            return Err(CallerError::Forged);
        }
        let context: Context = serde_json::from_slice(&body).map_err(|_| CallerError::Forged)?;
        if context.expires < self.clock.now().timestamp() {
            return Err(CallerError::Expired);
        }
        Ok(context.caller)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn signer(clock: &Clock, key: u8) -> CallerSigner {
        CallerSigner::new(ClusterKey::new([key; 32]), clock.clone())
    }

    fn caller(clock: &Clock) -> Caller {
        Caller::User {
            user_id: clock.new_id().into(),
            session_id: clock.new_id().into(),
        }
    }

    #[test]
    fn a_context_names_its_caller_until_it_expires() {
        let clock = Clock::mock(DateTime::UNIX_EPOCH);
        let signer = signer(&clock, 1);
        let caller = caller(&clock);

        let text = signer.sign(&caller);

        assert_eq!(signer.verify(&text), Ok(caller));
        clock.advance(LIFETIME + TimeDelta::seconds(1));
        assert_eq!(signer.verify(&text), Err(CallerError::Expired));
    }

    #[test]
    fn another_clusters_context_and_a_changed_one_are_forged() {
        let clock = Clock::mock(DateTime::UNIX_EPOCH);
        let text = signer(&clock, 1).sign(&caller(&clock));
        let other = signer(&clock, 2);

        assert_eq!(other.verify(&text), Err(CallerError::Forged));
        for forged in ["", ".", "e30.", &text[1..], &format!("{text}A")] {
            assert_eq!(
                signer(&clock, 1).verify(forged),
                Err(CallerError::Forged),
                "{forged}"
            );
        }
    }
}

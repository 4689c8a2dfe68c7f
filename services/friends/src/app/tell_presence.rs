//! Telling presence that who may see whom has changed.

use std::time::Duration;

use super::{App, Result};
use crate::{domain::visibility::VisibilityChange, error::Error, store::outbox::Entry};

/// How long presence is waited for: nothing depends on it but what is shown live, and the outbox tells it again.
const PATIENCE: Duration = Duration::from_secs(1);

impl App {
    /// Tells presence at once, if it answers.
    pub(super) async fn tell_presence_soon(&self, change: VisibilityChange) {
        if let Err(error) = self.tell_presence(&[change]).await {
            tracing::warn!(%error, "presence is told later, by the outbox, who may see whom");
        }
    }

    /// Tells presence; what is shown holds there when this returns.
    pub(crate) async fn tell_presence(&self, changes: &[VisibilityChange]) -> Result<()> {
        match tokio::time::timeout(PATIENCE, self.siblings.apply_visibility(changes)).await {
            Ok(told) => told,
            Err(_) => Err(Error::Unreachable("presence")),
        }
    }
}

/// What a row of the outbox says.
pub(crate) fn change_of(entry: &Entry) -> VisibilityChange {
    let pair = entry
        .other
        .and_then(|other| crate::domain::pair::Pair::of(entry.user, other));
    match pair {
        Some(pair) => VisibilityChange::Between(pair),
        None if entry.payload.is_empty() => VisibilityChange::Of(entry.user),
        None => VisibilityChange::Gone(entry.user),
    }
}

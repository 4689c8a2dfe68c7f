//! Writes positions together, and not together when that fails: one row that somebody else holds must not keep the others
//! from being written.

use std::collections::HashMap;

use kith_ids::{RoomId, UserId};
use kith_postgres::within;

use super::{
    positions::Writing,
    write_positions::{WRITE_TIMEOUT, write_positions},
};
use crate::{Error, app::App, domain::coalesce::Moved};

/// So many failures: then it is more than a few rows that is held, and each further try would wait in vain.
const MOST_FAILURES: usize = 3;

/// How many more may fail before the rest is not tried.
pub(super) struct Patience(usize);

impl Patience {
    /// Of who begins to try one by one, since this became of all together.
    pub(super) fn after(error: &Error) -> Self {
        let mut patience = Self(MOST_FAILURES);
        patience.failed(error);
        patience
    }

    /// One failed; a database that is away ends it at once.
    pub(super) fn failed(&mut self, error: &Error) {
        let is_away =
            matches!(error, Error::Database(error) if error.as_database_error().is_none());
        self.0 = if is_away { 0 } else { self.0.saturating_sub(1) };
    }

    pub(super) const fn is_over(&self) -> bool {
        self.0 == 0
    }
}

/// Writes in one transaction or, if that fails, each in one of its own. Gives whose could not be written, with the reason;
/// the coalescer keeps those, and they are written later.
pub(crate) async fn write_positions_together(
    app: &App,
    mut writing: Writing<'_>,
) -> HashMap<(RoomId, UserId), Option<Error>> {
    let mut unwritten = HashMap::new();
    let Err(error) = within(WRITE_TIMEOUT, write_positions(app, &mut writing)).await else {
        return unwritten;
    };
    // It was committed, and only the telling took too long.
    let Some(first) = writing.batch().first().copied() else {
        return unwritten;
    };
    if writing.batch().len() == 1 {
        unwritten.insert((first.room_id, first.user_id), Some(error));
        return unwritten;
    }
    tracing::warn!(%error, positions = writing.batch().len(), "positions failed together and are written one by one");
    let mut patience = Patience::after(&error);
    for mut one in writing.apart() {
        let Some(&Moved {
            room_id, user_id, ..
        }) = one.batch().first()
        else {
            continue;
        };
        if patience.is_over() {
            unwritten.insert((room_id, user_id), None);
            continue;
        }
        let tried = within(WRITE_TIMEOUT, write_positions(app, &mut one)).await;
        if let Err(error) = tried
            && !one.batch().is_empty()
        {
            patience.failed(&error);
            unwritten.insert((room_id, user_id), Some(error));
        }
    }
    unwritten
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_batch_is_not_tried_after_three_failures() {
        let held = Error::Unavailable("somebody holds it");
        let mut patience = Patience::after(&held);

        patience.failed(&held);
        assert!(!patience.is_over());

        patience.failed(&held);
        assert!(patience.is_over());
    }

    #[test]
    fn nothing_is_tried_once_the_database_is_away() {
        let away = Error::Database(sqlx::Error::PoolTimedOut);

        assert!(Patience::after(&away).is_over());
    }
}

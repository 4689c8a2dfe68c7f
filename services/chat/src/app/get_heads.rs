//! What gateways compare their cursors with, and read when they differ: heads, and people's own logs.

use kith_api::chat::v1::UserEvent;
use kith_ids::{RoomId, UserId};

use super::{App, user_events};
use crate::{
    Error,
    store::{
        heads::{self, Heads},
        user_log,
    },
    wire,
};

pub(crate) async fn get_heads(
    app: &App,
    rooms: &[RoomId],
    users: &[UserId],
) -> Result<Heads, Error> {
    let mut db = app.reserved.acquire().await?;
    Ok(heads::list(&mut db, rooms, users).await?)
}

/// A person's own log from a cursor on, and its head. Live devices rely on `useq` being contiguous, and this is what fills
/// their gaps: what is not there any more is told without a body.
pub(crate) async fn get_user_log(
    app: &App,
    user: UserId,
    after: i64,
    limit: i64,
) -> Result<(Vec<UserEvent>, i64), Error> {
    let mut db = app.reserved.acquire().await?;
    // First: entries that are added in between are then above the head that is told, and harmless.
    let head = user_log::find_head(&mut db, user).await?;
    let events = user_events::list(app, &mut db, user, (after, limit)).await?;
    let is_whole = i64::try_from(events.len()).is_ok_and(|count| count < limit);
    let end = if is_whole { head } else { 0 };
    Ok((without_holes(user, after, events, end), head))
}

/// Puts an entry without a body wherever one was superseded or can no longer be shown, up to `end` at least.
fn without_holes(user: UserId, after: i64, events: Vec<UserEvent>, end: i64) -> Vec<UserEvent> {
    let mut whole = Vec::with_capacity(events.len());
    let mut next = wire::seq(after) + 1;
    let end = events
        .last()
        .map_or(0, |last| last.useq)
        .max(wire::seq(end));
    let mut events = events.into_iter().peekable();
    while next <= end {
        whole.push(match events.next_if(|event| event.useq <= next) {
            Some(event) => event,
            None => UserEvent {
                user_id: user.to_string(),
                useq: next,
                // The one that came in its place, or nothing, tells when.
                time: events.peek().and_then(|event| event.time),
                body: None,
            },
        });
        next += 1;
    }
    whole
}

#[cfg(test)]
mod tests {
    use kith_api::chat::v1::UserEventBody;

    use super::*;

    fn useqs(after: i64, found: &[u64], end: i64) -> Vec<(u64, bool)> {
        let event = |useq: &u64| UserEvent {
            useq: *useq,
            body: Some(UserEventBody::default()),
            ..UserEvent::default()
        };
        let events = found.iter().map(event).collect();
        without_holes(UserId::new(uuid::Uuid::nil()), after, events, end)
            .iter()
            .map(|event| (event.useq, event.body.is_some()))
            .collect()
    }

    #[test]
    fn what_was_superseded_keeps_its_place() {
        assert_eq!(useqs(2, &[3, 5], 5), [(3, true), (4, false), (5, true)]);
        assert_eq!(useqs(2, &[], 4), [(3, false), (4, false)]);
        assert_eq!(useqs(2, &[3, 5], 0), [(3, true), (4, false), (5, true)]);
        assert_eq!(useqs(2, &[3], 1), [(3, true)]);
        assert_eq!(useqs(2, &[], 2), []);
    }
}

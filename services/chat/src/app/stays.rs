//! The beginning and the end of stays, inside the transaction of whoever decided it.

use chrono::{DateTime, Utc};
use kith_api::chat::v1::{self, RoomEvent, room_event::Body};
use kith_ids::{RoomId, UserId};
use sqlx::PgConnection;

use super::user_events::SOURCE;
use crate::{
    Error,
    app::{App, user_events},
    domain::{
        participant::{Participant, Viewer},
        role::Role,
        room::RoomKind,
    },
    store::{
        events,
        participants::{self, NewStay, Stay, Wanted},
        rooms::{self, LockedRoom},
        user_log::{self, UserEventRow},
    },
    wire,
};

/// Seq of `room.created`, and of the founders' joining.
const FOUNDING_SEQ: i64 = 1;

/// What a transaction did to the logs; publish it after the commit.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) room_events: Vec<RoomEvent>,
    pub(crate) user_events: Vec<UserEventRow>,
}

impl Outcome {
    /// Hands out a beginning that was committed: `room.added` precedes a room's first event.
    pub(crate) async fn publish_arrival(self, app: &App) {
        user_events::publish(app, self.user_events).await;
        publish_room_events(app, self.room_events);
    }

    /// Hands out an end that was committed: `room.removed` follows the room's last event.
    pub(crate) async fn publish_departure(self, app: &App) {
        publish_room_events(app, self.room_events);
        user_events::publish(app, self.user_events).await;
    }
}

fn publish_room_events(app: &App, events: Vec<RoomEvent>) {
    for event in events {
        app.fanout.publish_room_event(event);
    }
}

/// Locks a room for one of its participants. Whoever is not in it is turned away before the lock, so that strangers cannot
/// hold a busy room; the stay is read again after it, because a kick may have held the row.
pub(crate) async fn lock_for(
    db: &mut PgConnection,
    room: RoomId,
    user: UserId,
) -> Result<(LockedRoom, Stay), Error> {
    participants::find(db, room, user)
        .await?
        .ok_or(Error::RoomNotFound)?;
    let locked = rooms::lock(db, &[room])
        .await?
        .pop()
        .ok_or(Error::RoomNotFound)?;
    let stay = participants::find(db, room, user)
        .await?
        .ok_or(Error::RoomNotFound)?;
    Ok((locked, stay))
}

/// Writes the first entry of a new room: `room.created` with its founders, who have no join events.
pub(crate) async fn found(
    db: &mut PgConnection,
    room: &mut LockedRoom,
    founders: &[(UserId, Role)],
    at: DateTime<Utc>,
) -> Result<Outcome, Error> {
    let stays: Vec<NewStay> = founders
        .iter()
        .map(|&(user_id, role)| NewStay {
            user_id,
            role,
            joined_seq: FOUNDING_SEQ,
        })
        .collect();
    participants::insert(db, room.id, &stays, at).await?;
    let people = participants::list(db, Wanted::all_of(&[room.id])).await?;
    let kind = if room.is_direct {
        RoomKind::Direct
    } else {
        RoomKind::Group
    };
    let body = Body::RoomCreated(v1::RoomCreated {
        kind: wire::room::kind(kind).into(),
        name: room.name.clone(),
        participants: people.iter().map(for_everybody).collect(),
    });
    let created = events::insert(db, room, body, at).await?;
    let added: Vec<_> = founders
        .iter()
        .map(|&(user, _)| wire::user_event::room_added(user, room.id, FOUNDING_SEQ))
        .collect();
    Ok(Outcome {
        room_events: vec![created],
        user_events: user_log::insert(db, SOURCE, &added, at).await?,
    })
}

/// Begins a stay for each of these people: each has a join event of their own, from which on they see the room.
pub(crate) async fn join(
    db: &mut PgConnection,
    room: &mut LockedRoom,
    users: &[UserId],
    at: DateTime<Utc>,
) -> Result<(Outcome, Vec<Participant>), Error> {
    let stays: Vec<NewStay> = users
        .iter()
        .zip(room.last_seq + 1..)
        .map(|(&user_id, joined_seq)| NewStay {
            user_id,
            role: Role::Member,
            joined_seq,
        })
        .collect();
    participants::insert(db, room.id, &stays, at).await?;
    let rooms = [room.id];
    let wanted = Wanted {
        among: Some(users),
        ..Wanted::all_of(&rooms)
    };
    // By joined_seq: the order in which the events below are numbered.
    let people = participants::list(db, wanted).await?;
    let bodies = people
        .iter()
        .map(|person| Body::ParticipantJoined(for_everybody(person)))
        .collect();
    let joined = events::insert_all(db, room, bodies, at).await?;
    let added: Vec<_> = people
        .iter()
        .map(|person| wire::user_event::room_added(person.user_id, room.id, person.joined_seq))
        .collect();
    let outcome = Outcome {
        room_events: joined,
        user_events: user_log::insert(db, SOURCE, &added, at).await?,
    };
    Ok((outcome, people))
}

/// Ends somebody's stay in a locked room.
pub(crate) async fn leave(
    db: &mut PgConnection,
    room: &mut LockedRoom,
    user: UserId,
    at: DateTime<Utc>,
) -> Result<Outcome, Error> {
    let person = find_participant(db, room.id, user).await?;
    let body = Body::ParticipantLeft(for_everybody(&person));
    let left = events::insert(db, room, body, at).await?;
    participants::update_left(db, room.id, user, room.last_seq).await?;
    let removed = wire::user_event::room_removed(user, room.id, room.last_seq);
    Ok(Outcome {
        room_events: vec![left],
        user_events: user_log::insert(db, SOURCE, &[removed], at).await?,
    })
}

/// Gives a participant of a locked room another role.
pub(crate) async fn change_role(
    db: &mut PgConnection,
    room: &mut LockedRoom,
    change: (UserId, Role),
    at: DateTime<Utc>,
) -> Result<RoomEvent, Error> {
    let (user, role) = change;
    participants::update_role(db, room.id, user, role).await?;
    let person = find_participant(db, room.id, user).await?;
    let body = Body::ParticipantRole(for_everybody(&person));
    Ok(events::insert(db, room, body, at).await?)
}

/// One participant, with nobody looking.
pub(crate) async fn find_participant(
    db: &mut PgConnection,
    room: RoomId,
    user: UserId,
) -> Result<Participant, Error> {
    let (rooms, users) = ([room], [user]);
    let wanted = Wanted {
        among: Some(&users),
        ..Wanted::all_of(&rooms)
    };
    participants::list(db, wanted)
        .await?
        .pop()
        .ok_or(Error::UserNotFound)
}

/// A participant as the room's log shows them.
fn for_everybody(person: &Participant) -> v1::Participant {
    wire::room::participant(person, Viewer::Everybody)
}

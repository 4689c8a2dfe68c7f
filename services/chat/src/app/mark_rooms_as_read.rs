//! Moves read positions in rooms; never back, never above the head. All that are asked for together cost one look at the
//! tables and, if any has to be written now, one transaction.

use std::collections::HashMap;

use kith_ids::{RoomId, UserId};
use kith_postgres::within;

use super::{
    write_positions::WRITE_TIMEOUT,
    write_positions_together::{Patience, write_positions_together},
};
use crate::{
    Error,
    app::App,
    domain::{
        coalesce::{Advance, Mark, Moved},
        position::{Reached, Standing, advance},
    },
    store::positions,
};

/// Everything up to `seq` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) user_id: UserId,
    pub(crate) room_id: RoomId,
    pub(crate) seq: i64,
}

/// Where somebody stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadPosition {
    pub(crate) room_id: RoomId,
    pub(crate) last_read_seq: i64,
    pub(crate) unread_count: i64,
}

/// What each read is told, in their order and as if each had come alone. The answers hold from now on; the rows follow
/// within a second.
pub(crate) async fn mark_rooms_as_read(
    app: &App,
    reads: &[Read],
) -> Vec<Result<ReadPosition, Error>> {
    match (attempt(app, reads).await, reads) {
        (Ok(answers), _) => answers,
        (Err(error), [_]) => vec![Err(error)],
        (Err(error), _) => {
            tracing::warn!(%error, reads = reads.len(), "reads failed together and are tried again one by one");
            one_by_one(app, reads, Patience::after(&error)).await
        }
    }
}

/// Nothing has moved when this fails.
async fn attempt(app: &App, reads: &[Read]) -> Result<Vec<Result<ReadPosition, Error>>, Error> {
    let standings = within(WRITE_TIMEOUT, list_standings(app, reads)).await?;
    let mut people: HashMap<(RoomId, UserId), Person> = HashMap::new();
    let answers: Vec<Result<ReadPosition, Error>> = reads
        .iter()
        .zip(standings)
        .map(|(read, standing)| {
            let standing = standing.ok_or(Error::RoomNotFound)?;
            let person = people.entry((read.room_id, read.user_id));
            person
                .or_insert_with(|| Person::at(standing))
                .read(read, standing)
        })
        .collect();
    let at = app.clock.now();
    let moves = people
        .iter()
        .filter_map(|(&(room_id, user_id), person)| {
            let seq = person.moved_to()?;
            let mark = Some(Mark { seq, at });
            let advance = Advance {
                read: mark,
                delivered: mark,
            };
            Some(Moved {
                room_id,
                user_id,
                advance,
            })
        })
        .collect();
    let Some(writing) = app.positions.submit(moves) else {
        return Ok(answers);
    };
    let mut unwritten = write_positions_together(app, writing).await;
    let told = reads.iter().zip(answers).map(|(read, answer)| {
        let key = (read.room_id, read.user_id);
        let position = answer?;
        // What was known before needs nothing of this write.
        if position.last_read_seq > people[&key].before
            && let Some(error) = unwritten.get_mut(&key)
        {
            return Err(error.take().unwrap_or_else(unavailable));
        }
        Ok(position)
    });
    Ok(told.collect())
}

/// Where those who read stand, each at the place of their read; none for those who are not in the room.
async fn list_standings(app: &App, reads: &[Read]) -> Result<Vec<Option<Standing>>, Error> {
    // Before the tables: what is written in between is in one of the two in any case.
    let asked: Vec<positions::Asked> = reads
        .iter()
        .map(|read| positions::Asked {
            room_id: read.room_id,
            user_id: read.user_id,
            seq: read.seq,
            known: app
                .positions
                .find(read.room_id, read.user_id)
                .read
                .map_or(0, |mark| mark.seq),
        })
        .collect();
    let mut db = app.pool.acquire().await?;
    // Its connection goes back before anything is written: whoever holds two at once can starve the pool.
    Ok(positions::list_standings(&mut db, &asked).await?)
}

/// One person in one room, who may have several reads in a batch.
struct Person {
    before: i64,
    reached: Option<Reached>,
}

impl Person {
    const fn at(standing: Standing) -> Self {
        Self {
            before: standing.position,
            reached: None,
        }
    }

    fn read(&mut self, read: &Read, standing: Standing) -> Result<ReadPosition, Error> {
        let reached = advance(self.reached, read.seq, standing)?;
        self.reached = Some(reached);
        Ok(ReadPosition {
            room_id: read.room_id,
            last_read_seq: reached.seq,
            unread_count: reached.unread,
        })
    }

    fn moved_to(&self) -> Option<i64> {
        let seq = self.reached?.seq;
        (seq > self.before).then_some(seq)
    }
}

/// Each read as a batch of its own, in order.
async fn one_by_one(
    app: &App,
    reads: &[Read],
    mut patience: Patience,
) -> Vec<Result<ReadPosition, Error>> {
    let mut answers = Vec::with_capacity(reads.len());
    for read in reads {
        if patience.is_over() {
            answers.push(Err(unavailable()));
            continue;
        }
        match attempt(app, std::slice::from_ref(read)).await {
            Ok(one) => answers.extend(one),
            Err(error) => {
                patience.failed(&error);
                answers.push(Err(error));
            }
        }
    }
    answers
}

const fn unavailable() -> Error {
    Error::Unavailable("the positions could not be written")
}

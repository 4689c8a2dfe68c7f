//! How far somebody got in a room: positions only rise and never pass the head; what is above them is unread.

use crate::Error;

/// Unread messages are counted exactly up to here.
pub(crate) const UNREAD_CAP: i64 = 1000;
/// Rooms with more people than this have no live receipts.
pub(crate) const RECEIPTS_ROOM_SIZE: i32 = 100;

/// Where somebody stands in a room that they are in, as they ask for a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) head: i64,
    pub(crate) position: i64,
    /// Above the higher one of their position and what they ask for.
    pub(crate) unread: i64,
}

/// How far somebody is, and what is unread above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) seq: i64,
    pub(crate) unread: i64,
}

/// Where somebody is after they said that they read up to `wanted`. Above the head is a mistake of the device and moves
/// nothing; below the position changes nothing. `before` is where the reads before this one led, of those that were looked
/// up together.
pub(crate) fn advance(
    before: Option<Reached>,
    wanted: i64,
    standing: Standing,
) -> Result<Reached, Error> {
    if wanted > standing.head {
        return Err(Error::invalid_field(
            "seq",
            "invalid",
            "this is above the room's newest entry",
        ));
    }
    let now = Reached {
        seq: standing.position.max(wanted),
        unread: standing.unread,
    };
    Ok(before.filter(|before| before.seq > now.seq).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the tables say of somebody in a room whose entries `others` are others' messages.
    fn standing(others: &[bool], position: i64, wanted: i64) -> Standing {
        let above = usize::try_from(position.max(wanted)).unwrap();
        let unread = others.iter().skip(above).filter(|other| **other).count();
        Standing {
            head: i64::try_from(others.len()).unwrap(),
            position,
            unread: i64::try_from(unread).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn a_position_never_falls_and_never_passes_the_head(
            others in prop::collection::vec(any::<bool>(), 0..100),
            wishes in prop::collection::vec(0i64..120, 0..40),
        ) {
            let mut position = 0;
            for wanted in wishes {
                let standing = standing(&others, position, wanted);
                match advance(None, wanted, standing) {
                    Ok(next) => {
                        prop_assert!(next.seq >= position && next.seq <= standing.head && next.seq >= wanted);
                        position = next.seq;
                    }
                    Err(_) => prop_assert!(wanted > standing.head),
                }
            }
        }

        #[test]
        fn reads_that_were_looked_up_together_lead_where_they_lead_one_by_one(
            others in prop::collection::vec(any::<bool>(), 0..20),
            start in 0usize..20,
            wishes in prop::collection::vec(0i64..25, 0..12),
        ) {
            let start = i64::try_from(start.min(others.len())).unwrap();
            let (mut alone, mut together) = (start, None);
            for wanted in wishes {
                let one = advance(None, wanted, standing(&others, alone, wanted)).ok();
                let of_batch = advance(together, wanted, standing(&others, start, wanted)).ok();
                prop_assert_eq!(one, of_batch);
                alone = one.map_or(alone, |one| one.seq);
                together = of_batch.or(together);
            }
        }
    }
}

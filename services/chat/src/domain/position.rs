//! How far somebody got in a room: positions only rise and never pass the head; what is above them is unread.

use crate::Error;

/// Unread messages are counted exactly up to here.
pub(crate) const UNREAD_CAP: i64 = 1000;
/// Rooms with more people than this have no live receipts.
pub(crate) const RECEIPTS_ROOM_SIZE: i32 = 100;

/// Where somebody stands after they said that they read up to `wanted`. Above the head is a mistake of the device and
/// moves nothing; below the position changes nothing.
pub(crate) fn advance(position: i64, wanted: i64, head: i64) -> Result<i64, Error> {
    if wanted > head {
        return Err(Error::invalid_field(
            "seq",
            "invalid",
            "this is above the room's newest entry",
        ));
    }
    Ok(position.max(wanted))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_position_never_falls_and_never_passes_the_head(
            head in 0i64..100, wishes in prop::collection::vec(0i64..120, 0..40)
        ) {
            let mut position = 0;
            for wanted in wishes {
                match advance(position, wanted, head) {
                    Ok(next) => {
                        prop_assert!(next >= position && next <= head && next >= wanted);
                        position = next;
                    }
                    Err(_) => prop_assert!(wanted > head),
                }
            }
        }
    }
}

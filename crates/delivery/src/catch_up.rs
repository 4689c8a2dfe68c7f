//! What a device with a cursor lacks of each room, within the limits of one answer.

/// Events that are replayed of one room; with more behind, the device pages.
pub const ROOM_LIMIT: i64 = 1_000;
/// Events that are replayed in all.
pub const TOTAL_LIMIT: i64 = 10_000;
/// Entries of the person's own log that are replayed.
pub const USER_LIMIT: i64 = 10_000;

/// A cursor in a room, and the stay that it may be caught up in.
#[derive(Debug, Clone, Copy)]
pub struct Catch<R> {
    /// Where.
    pub room: R,
    /// Last applied seq; 0 for none.
    pub cursor: i64,
    /// First seq of the stay.
    pub joined: i64,
    /// Seq of the leave that ended the stay.
    pub left: Option<i64>,
    /// Last seq of the room.
    pub head: i64,
}

/// What is replayed, and what is too long for that.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan<W, R> {
    /// Stretches to be replayed.
    pub windows: Vec<W>,
    /// Rooms to be paged instead, with the last seq that can be had.
    pub too_long: Vec<(R, i64)>,
}

/// Plans the replay; none when a cursor is above its room's head, which means that the device has seen another log.
///
/// A stay that has ended is replayed up to its leave. Of somebody who left and came back the current stay counts.
pub fn plan<W, R: Copy>(
    catches: impl Iterator<Item = Catch<R>>,
    window: impl Fn(R, i64, i64) -> W,
) -> Option<Plan<W, R>> {
    let mut plan = Plan {
        windows: Vec::new(),
        too_long: Vec::new(),
    };
    let mut total = 0;
    for catch in catches {
        if catch.cursor > catch.head {
            return None;
        }
        let from = catch.joined.max(catch.cursor + 1);
        let to = catch.left.unwrap_or(catch.head);
        let count = (to - from + 1).max(0);
        if count > ROOM_LIMIT || total + count > TOTAL_LIMIT {
            plan.too_long.push((catch.room, to));
        } else if count > 0 {
            total += count;
            plan.windows.push(window(catch.room, from, to));
        }
    }
    Some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(catches: &[(i64, i64, Option<i64>, i64)]) -> Option<Plan<(usize, i64, i64), usize>> {
        let catches = catches
            .iter()
            .enumerate()
            .map(|(room, &(cursor, joined, left, head))| Catch {
                room,
                cursor,
                joined,
                left,
                head,
            });
        plan(catches, |room, from, to| (room, from, to))
    }

    #[test]
    fn a_cursor_is_caught_up_within_the_stay() {
        let cases = [
            ((3, 1, None, 5), vec![(0, 4, 5)]),
            ((5, 1, None, 5), vec![]),
            ((0, 4, None, 5), vec![(0, 4, 5)]),
            // Left meanwhile: up to and with the leave, and nothing when that was seen.
            ((3, 1, Some(4), 9), vec![(0, 4, 4)]),
            ((4, 1, Some(4), 9), vec![]),
            // Left and came back: the current stay.
            ((3, 7, None, 9), vec![(0, 7, 9)]),
        ];
        for (catch, windows) in cases {
            assert_eq!(of(&[catch]).unwrap().windows, windows, "{catch:?}");
        }
    }

    #[test]
    fn a_cursor_above_the_head_spoils_all() {
        assert_eq!(of(&[(0, 1, None, 5), (6, 1, None, 5)]), None);
    }

    #[test]
    fn what_is_too_long_is_paged_instead() {
        let thousand = (0, 1, None, 1_000);
        let mut catches = vec![thousand; 11];
        catches.push((0, 1, None, 1_001));
        catches.push((999, 1, None, 1_000));

        let plan = of(&catches).unwrap();

        assert_eq!(plan.windows.len(), 10);
        assert_eq!(plan.too_long, [(10, 1_000), (11, 1_001), (12, 1_000)]);
    }
}

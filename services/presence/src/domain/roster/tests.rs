use chrono::TimeDelta;
use uuid::Uuid;

use super::*;

const ONE: LeaseId = LeaseId(Uuid::from_u128(1));
const OTHER: LeaseId = LeaseId(Uuid::from_u128(2));

fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

fn standing(number: u128) -> Standing {
    Standing {
        user: user(number),
        left: false,
        wish: Wish::default(),
        last_seen: None,
    }
}

fn left(number: u128, seconds: i64) -> Standing {
    Standing {
        left: true,
        last_seen: Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)),
        ..standing(number)
    }
}

#[test]
fn somebody_is_here_until_their_last_lease_ends() {
    let mut roster = Roster::default();

    assert_eq!(roster.apply(ONE, 1, &[standing(7)]), [user(7)]);
    assert_eq!(roster.apply(OTHER, 1, &[standing(7)]), []);
    assert_eq!(roster.apply(ONE, 2, &[left(7, 5)]), []);
    assert!(roster.here(user(7)).is_some());
    assert_eq!(roster.drop_lease(OTHER), [user(7)]);
    assert!(roster.here(user(7)).is_none());
    assert!(roster.people.is_empty(), "nobody looks, nothing is kept");
}

#[test]
fn replacing_a_lease_removes_who_is_not_on_it_any_more() {
    let mut roster = Roster::default();
    roster.apply(ONE, 1, &[standing(7), standing(8)]);

    let changed = roster.replace(ONE, 5, &[standing(8), standing(9)]);

    assert_eq!(changed, [user(7), user(9)]);
    assert_eq!(roster.revision(ONE), Some(5));
    assert!(roster.here(user(8)).is_some());
}

#[test]
fn the_newest_choice_counts_whichever_lease_tells_it() {
    let mut roster = Roster::default();
    let away = Wish {
        choice: Choice::Away,
        version: 2,
        ..Wish::default()
    };
    roster.apply(ONE, 1, &[standing(7)]);

    assert!(roster.choose(user(7), &away, None));
    let older = Standing {
        wish: Wish {
            version: 1,
            ..Wish::default()
        },
        ..standing(7)
    };

    assert_eq!(roster.apply(OTHER, 1, &[older]), []);
    assert_eq!(roster.here(user(7)), Some(&away));
    assert!(!roster.choose(user(7), &away, None));
}

#[test]
fn last_seen_of_who_is_watched_only_rises() {
    let mut roster = Roster::default();
    roster.watch(user(7), true);
    assert_eq!(roster.last_seen(user(7)), None);

    roster.apply(ONE, 1, &[standing(7)]);
    roster.apply(ONE, 2, &[left(7, 9)]);
    roster.learn_seen(user(7), Some(DateTime::UNIX_EPOCH));

    let nine = DateTime::UNIX_EPOCH + TimeDelta::seconds(9);
    assert_eq!(roster.last_seen(user(7)), Some(nine));
    roster.watch(user(7), false);
    assert!(roster.people.is_empty());
}

//! A current stay with its person, and who may see what of it.

use chrono::{DateTime, Utc};
use kith_ids::{RoomId, UserId};

use super::role::Role;

/// What a deleted account is called.
const DELETED_NAME: &str = "deleted account";

/// A participant.
#[derive(Debug, Clone)]
pub(crate) struct Participant {
    pub(crate) room_id: RoomId,
    pub(crate) user_id: UserId,
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) avatar_url: Option<String>,
    pub(crate) deleted: bool,
    pub(crate) role: Role,
    pub(crate) joined_at: DateTime<Utc>,
    pub(crate) joined_seq: i64,
    pub(crate) read_seq: i64,
    /// They let others see what they read.
    pub(crate) read_receipts: bool,
    /// A block lies between them and somebody, perhaps of this room.
    pub(crate) in_a_block: bool,
    /// Of those who look: between whom and them a block lies, and those who do not show what they read themselves.
    pub(crate) hidden_from: Vec<UserId>,
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// One person.
    User(UserId),
    /// Everybody in the room: an entry of its log.
    Everybody,
}

impl Participant {
    /// The user name; none is left of a deleted account.
    pub(crate) fn username(&self) -> &str {
        if self.deleted { "" } else { &self.username }
    }

    /// The name to show.
    pub(crate) fn display_name(&self) -> &str {
        if self.deleted {
            DELETED_NAME
        } else {
            &self.display_name
        }
    }

    /// Their picture.
    pub(crate) fn avatar_url(&self) -> Option<&str> {
        self.avatar_url.as_deref().filter(|_| !self.deleted)
    }

    /// Their read position, as this viewer may know it; 0 when they may not.
    pub(crate) fn read_seq_for(&self, viewer: Viewer) -> i64 {
        let shown = match viewer {
            Viewer::User(user) if user == self.user_id => true,
            Viewer::User(user) => self.read_receipts && !self.hidden_from.contains(&user),
            Viewer::Everybody => self.read_receipts && !self.in_a_block,
        };
        if shown { self.read_seq } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use kith_clock::Clock;

    use super::*;

    fn participant(clock: &Clock) -> Participant {
        Participant {
            room_id: clock.new_id().into(),
            user_id: clock.new_id().into(),
            username: "zoe".into(),
            display_name: "Zoe".into(),
            avatar_url: Some("/z.png".into()),
            deleted: false,
            role: Role::Member,
            joined_at: DateTime::UNIX_EPOCH,
            joined_seq: 1,
            read_seq: 7,
            read_receipts: true,
            in_a_block: false,
            hidden_from: Vec::new(),
        }
    }

    #[test]
    fn nothing_personal_is_left_of_a_deleted_account() {
        let clock = Clock::mock(DateTime::UNIX_EPOCH);
        let gone = Participant {
            deleted: true,
            ..participant(&clock)
        };

        assert_eq!(gone.username(), "");
        assert_eq!(gone.display_name(), "deleted account");
        assert_eq!(gone.avatar_url(), None);
    }

    #[test]
    fn what_somebody_read_is_shown_to_those_who_may_know_it() {
        let clock = Clock::mock(DateTime::UNIX_EPOCH);
        let open = participant(&clock);
        let other: UserId = clock.new_id().into();
        let hides = Participant {
            read_receipts: false,
            ..open.clone()
        };
        let blocked = Participant {
            in_a_block: true,
            hidden_from: vec![other],
            ..open.clone()
        };
        let third = Viewer::User(clock.new_id().into());

        let seen = |of: &Participant| {
            [
                Viewer::User(of.user_id),
                Viewer::User(other),
                third,
                Viewer::Everybody,
            ]
            .map(|viewer| of.read_seq_for(viewer))
        };

        assert_eq!(seen(&open), [7, 7, 7, 7]);
        assert_eq!(seen(&hides), [7, 0, 0, 0]);
        assert_eq!(seen(&blocked), [7, 0, 7, 0]);
    }
}

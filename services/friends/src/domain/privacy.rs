//! Privacy settings, and what they let one person do to another.

use kith_ids::UserId;

/// A circle of people around a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Everyone,
    Friends,
    FriendsOfFriends,
    Nobody,
}

/// Who may find, reach and watch a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Privacy {
    pub searchable: Audience,
    pub friend_requests: Audience,
    pub direct_messages: Audience,
    pub group_adds: Audience,
    pub presence: Audience,
    pub last_seen: Audience,
    pub read_receipts: bool,
}

/// A change of some settings; absent ones stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PrivacyChange {
    pub searchable: Option<Audience>,
    pub friend_requests: Option<Audience>,
    pub direct_messages: Option<Audience>,
    pub group_adds: Option<Audience>,
    pub presence: Option<Audience>,
    pub last_seen: Option<Audience>,
    pub read_receipts: Option<bool>,
}

/// An act that one person does to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    Message,
    Request,
    SeePresence,
    SeeLastSeen,
    AddToGroup,
    /// By search, or as a contact.
    Find,
}

/// What decides whether an actor may do something to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, any mixture of which occurs"
)]
pub(crate) struct Closeness {
    /// The actor is the target.
    pub same: bool,
    /// A block lies between them, in either direction.
    pub blocked: bool,
    pub friends: bool,
    /// They share a friend.
    pub mutual: bool,
}

/// A viewer, and somebody at whom they look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub viewer: UserId,
    pub user: UserId,
}

/// What a look shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sight {
    pub look: Look,
    pub presence: bool,
    pub last_seen: bool,
}

impl Audience {
    /// The word in the database.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Friends => "friends",
            Self::FriendsOfFriends => "friends_of_friends",
            Self::Nobody => "nobody",
        }
    }

    /// The audience of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [
            Self::Everyone,
            Self::Friends,
            Self::FriendsOfFriends,
            Self::Nobody,
        ]
        .into_iter()
        .find(|audience| audience.word() == word)
    }

    /// Whether somebody this close is in the circle. Friends are friends of friends too.
    pub(crate) const fn admits(self, friends: bool, mutual: bool) -> bool {
        match self {
            Self::Everyone => true,
            Self::Friends => friends,
            Self::FriendsOfFriends => friends || mutual,
            Self::Nobody => false,
        }
    }
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            searchable: Audience::Everyone,
            friend_requests: Audience::Everyone,
            direct_messages: Audience::Friends,
            group_adds: Audience::Friends,
            presence: Audience::Friends,
            last_seen: Audience::Friends,
            read_receipts: true,
        }
    }
}

impl Privacy {
    /// The settings after a change.
    pub(crate) fn with(self, change: PrivacyChange) -> Self {
        Self {
            searchable: change.searchable.unwrap_or(self.searchable),
            friend_requests: change.friend_requests.unwrap_or(self.friend_requests),
            direct_messages: change.direct_messages.unwrap_or(self.direct_messages),
            group_adds: change.group_adds.unwrap_or(self.group_adds),
            presence: change.presence.unwrap_or(self.presence),
            last_seen: change.last_seen.unwrap_or(self.last_seen),
            read_receipts: change.read_receipts.unwrap_or(self.read_receipts),
        }
    }

    /// Whether these are the settings of somebody who lets the actor do this to them.
    pub(crate) fn permits(self, permission: Permission, actor: Closeness) -> bool {
        if actor.same {
            // One sees oneself; the other acts make no sense towards oneself.
            return matches!(
                permission,
                Permission::SeePresence | Permission::SeeLastSeen
            );
        }
        let circle = match permission {
            Permission::Message => self.direct_messages,
            Permission::Request => self.friend_requests,
            Permission::SeePresence => self.presence,
            Permission::SeeLastSeen => self.last_seen,
            Permission::AddToGroup => self.group_adds,
            Permission::Find => self.searchable,
        };
        !actor.blocked && circle.admits(actor.friends, actor.mutual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Closeness = Closeness {
        same: false,
        blocked: false,
        friends: false,
        mutual: false,
    };

    #[test]
    fn the_defaults_let_strangers_ask_and_friends_do_the_rest() {
        let settings = Privacy::default();
        let friend = Closeness {
            friends: true,
            ..STRANGER
        };

        for permission in [
            Permission::Message,
            Permission::SeePresence,
            Permission::SeeLastSeen,
            Permission::AddToGroup,
        ] {
            assert!(!settings.permits(permission, STRANGER), "{permission:?}");
            assert!(settings.permits(permission, friend), "{permission:?}");
        }
        assert!(settings.permits(Permission::Request, STRANGER));
    }

    #[test]
    fn a_block_forbids_everything_whatever_the_settings() {
        let settings = Privacy {
            direct_messages: Audience::Everyone,
            group_adds: Audience::Everyone,
            presence: Audience::Everyone,
            last_seen: Audience::Everyone,
            ..Privacy::default()
        };
        let blocked = Closeness {
            blocked: true,
            ..STRANGER
        };

        for permission in [
            Permission::Message,
            Permission::Request,
            Permission::SeePresence,
            Permission::SeeLastSeen,
            Permission::AddToGroup,
        ] {
            assert!(settings.permits(permission, STRANGER), "{permission:?}");
            assert!(!settings.permits(permission, blocked), "{permission:?}");
        }
    }

    #[test]
    fn each_circle_admits_those_inside_it() {
        let cases = [
            (Audience::Everyone, [true, true, true]),
            (Audience::FriendsOfFriends, [false, true, true]),
            (Audience::Friends, [false, false, true]),
            (Audience::Nobody, [false, false, false]),
        ];
        for (audience, [stranger, mutual, friend]) in cases {
            assert_eq!(audience.admits(false, false), stranger, "{audience:?}");
            assert_eq!(audience.admits(false, true), mutual, "{audience:?}");
            assert_eq!(audience.admits(true, false), friend, "{audience:?}");
            assert_eq!(Audience::from_word(audience.word()), Some(audience));
        }
    }

    #[test]
    fn absent_settings_stay() {
        let before = Privacy {
            last_seen: Audience::Nobody,
            ..Privacy::default()
        };
        let change = PrivacyChange {
            read_receipts: Some(false),
            ..PrivacyChange::default()
        };

        let after = before.with(change);

        assert_eq!(
            after,
            Privacy {
                read_receipts: false,
                ..before
            }
        );
    }
}

//! Which thing? One type per kind of thing, so that two ids cannot be swapped; a UUIDv7 in lower case outside,
//! a `uuid` in Postgres. Parsing takes the canonical 36-character form only.
#![warn(missing_docs)]

use uuid::Uuid;

/// The text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a UUID of 36 characters")]
pub struct ParseError;

/// Reads the canonical text form of a UUID; braces, `urn:` and forms without hyphens are refused.
fn parse_canonical(text: &str) -> Result<Uuid, ParseError> {
    if text.len() != 36 {
        return Err(ParseError);
    }
    Uuid::try_parse(text).map_err(|_| ParseError)
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that names such a thing.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                parse_canonical(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    )+};
}

typed_ids! {
    /// A person's account.
    UserId,
    /// One login of a person on a device.
    SessionId,
    /// A key by which another backend speaks to Kith.
    ServiceKeyId,
    /// A friend request.
    FriendRequestId,
    /// A room.
    RoomId,
    /// A message.
    MessageId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_in_and_out_unchanged() {
        let text = "01890a5d-ac96-774b-bcce-b302099a8057";

        let id: UserId = text.parse().unwrap();

        assert_eq!(id.to_string(), text);
    }

    #[test]
    fn other_forms_of_a_uuid_are_refused() {
        for text in [
            "",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
            "01890a5d-ac96-774b-bcce-b302099a805g",
            "../../etc/passwd",
        ] {
            assert_eq!(text.parse::<RoomId>(), Err(ParseError), "{text}");
        }
    }
}

//! Reads the fields of requests and names every bad one at once.

use bytes::Bytes;
use kith_api::friends::v1 as wire;
use kith_error::Violation;
use kith_ids::UserId;

use crate::{
    domain::{
        contact::ContactHash,
        privacy::{Audience, Look, Permission},
        request::{Action, Direction, NOTE_MAX},
        search::SearchQuery,
    },
    error::Error,
};

/// Characters of a query.
const QUERY_MAX: usize = 64;
/// People in one question.
const TARGETS_MAX: usize = 1000;
/// Users in one delivery.
const USERS_MAX: usize = 500;

/// Collects what is wrong with a request.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<Violation>);

impl Fields {
    /// Notes a bad field; none, so that reading goes on.
    fn bad<T>(&mut self, field: impl Into<String>, code: &str, message: &str) -> Option<T> {
        self.0.push(Violation::new(field, code, message));
        None
    }

    /// All fields, if every one could be read.
    pub(super) fn all<T>(self, read: Option<T>) -> Result<T, Error> {
        read.filter(|_| self.0.is_empty())
            .ok_or(Error::InvalidFields(self.0))
    }

    /// An id.
    pub(super) fn id<T: std::str::FromStr>(&mut self, field: &str, text: &str) -> Option<T> {
        if text.is_empty() {
            return self.bad(field, "required", "an id is needed");
        }
        text.parse()
            .ok()
            .or_else(|| self.bad(field, "invalid", "not an id"))
    }

    /// A note on a request: short, and without NUL, which the database cannot keep.
    pub(super) fn note(&mut self, note: Option<String>) -> Option<String> {
        let note = note.unwrap_or_default();
        if note.chars().count() > NOTE_MAX {
            return self.bad("note", "too_long", "at most 280 characters");
        }
        if note.contains('\0') {
            return self.bad("note", "invalid", "no NUL characters");
        }
        Some(note)
    }

    /// Part of a name.
    pub(super) fn query(&mut self, query: String) -> Option<String> {
        if query.chars().count() > QUERY_MAX {
            return self.bad("q", "too_long", "at most 64 characters");
        }
        if query.contains('\0') {
            return self.bad("q", "invalid", "no NUL characters");
        }
        Some(query)
    }

    /// What somebody is looked for by; at least two of its characters count.
    pub(super) fn search_query(&mut self, query: String) -> Option<SearchQuery> {
        let query = self.query(query)?;
        SearchQuery::read(&query)
            .or_else(|| self.bad("q", "too_short", "at least 2 letters, digits or signs"))
    }

    /// What is done to a request.
    pub(super) fn action(&mut self, action: i32) -> Option<Action> {
        match wire::RequestAction::try_from(action) {
            Ok(wire::RequestAction::Accept) => Some(Action::Accept),
            Ok(wire::RequestAction::Decline) => Some(Action::Decline),
            Ok(wire::RequestAction::Cancel) => Some(Action::Cancel),
            Ok(wire::RequestAction::Unspecified) => {
                self.bad("action", "required", "accept, decline or cancel")
            }
            Err(_) => self.bad("action", "invalid", "accept, decline or cancel"),
        }
    }

    /// One direction, or both.
    #[expect(
        clippy::option_option,
        reason = "the outer one says whether it could be read"
    )]
    pub(super) fn direction(&mut self, direction: i32) -> Option<Option<Direction>> {
        match wire::RequestDirection::try_from(direction) {
            Ok(wire::RequestDirection::Unspecified) => Some(None),
            Ok(wire::RequestDirection::Incoming) => Some(Some(Direction::Incoming)),
            Ok(wire::RequestDirection::Outgoing) => Some(Some(Direction::Outgoing)),
            Err(_) => self.bad("direction", "invalid", "incoming or outgoing"),
        }
    }

    /// A circle, if it is given; one that the setting has.
    pub(super) fn audience(
        &mut self,
        field: &str,
        audience: Option<i32>,
        circles: [Audience; 3],
    ) -> Option<Audience> {
        let audience = audience?;
        let read = match wire::Audience::try_from(audience) {
            Ok(wire::Audience::Everyone) => Some(Audience::Everyone),
            Ok(wire::Audience::Friends) => Some(Audience::Friends),
            Ok(wire::Audience::FriendsOfFriends) => Some(Audience::FriendsOfFriends),
            Ok(wire::Audience::Nobody) => Some(Audience::Nobody),
            Ok(wire::Audience::Unspecified) | Err(_) => None,
        };
        read.filter(|read| circles.contains(read))
            .or_else(|| self.bad(field, "invalid", "not a circle that this setting has"))
    }

    /// An act.
    pub(super) fn permission(&mut self, permission: i32) -> Option<Permission> {
        match wire::Permission::try_from(permission) {
            Ok(wire::Permission::Message) => Some(Permission::Message),
            Ok(wire::Permission::Request) => Some(Permission::Request),
            Ok(wire::Permission::SeePresence) => Some(Permission::SeePresence),
            Ok(wire::Permission::SeeLastSeen) => Some(Permission::SeeLastSeen),
            Ok(wire::Permission::AddToGroup) => Some(Permission::AddToGroup),
            Ok(wire::Permission::Unspecified) | Err(_) => {
                self.bad("permission", "invalid", "not a known permission")
            }
        }
    }

    /// The people of a question.
    pub(super) fn targets(&mut self, ids: &[String]) -> Option<Vec<UserId>> {
        if ids.len() > TARGETS_MAX {
            return self.bad("target_ids", "too_long", "at most 1,000 ids");
        }
        let read: Vec<Option<UserId>> = ids
            .iter()
            .enumerate()
            .map(|(index, id)| self.id(&format!("target_ids[{index}]"), id))
            .collect();
        read.into_iter().collect()
    }

    /// Who looks at whom.
    pub(super) fn looks(&mut self, gazes: &[wire::Gaze]) -> Option<Vec<Look>> {
        let count: usize = gazes.iter().map(|gaze| gaze.user_ids.len()).sum();
        if count > TARGETS_MAX {
            return self.bad("gazes", "too_long", "at most 1,000 looks");
        }
        let mut looks = Vec::with_capacity(count);
        for (index, gaze) in gazes.iter().enumerate() {
            let viewer = self.id(&format!("gazes[{index}].viewer_id"), &gaze.viewer_id);
            for (at, id) in gaze.user_ids.iter().enumerate() {
                let user = self.id(&format!("gazes[{index}].user_ids[{at}]"), id);
                looks.push(viewer.zip(user));
            }
        }
        looks
            .into_iter()
            .map(|look| look.map(|(viewer, user)| Look { viewer, user }))
            .collect()
    }

    /// Hashes of contacts: some, and no more than `most`.
    pub(super) fn hashes(&mut self, hashes: &[Bytes], most: usize) -> Option<Vec<ContactHash>> {
        if hashes.is_empty() {
            return self.bad("hashes", "required", "at least one hash is needed");
        }
        self.at_most("hashes", hashes.len(), most)?;
        let mut read = Vec::with_capacity(hashes.len());
        for (place, hash) in hashes.iter().enumerate() {
            match ContactHash::try_from(&hash[..]) {
                Ok(hash) => read.push(hash),
                Err(_) => {
                    self.bad::<()>(format!("hashes[{place}]"), "invalid", "not 32 bytes");
                }
            }
        }
        Some(read)
    }

    /// The size of a list.
    pub(super) fn at_most(&mut self, field: &str, count: usize, most: usize) -> Option<()> {
        if count > most {
            return self.bad(field, "too_long", &format!("at most {most} rows"));
        }
        Some(())
    }

    /// The size of a delivery of users.
    pub(super) fn user_count(&mut self, count: usize) -> Option<()> {
        if count > USERS_MAX {
            return self.bad("users", "too_long", "at most 500 users");
        }
        Some(())
    }
}

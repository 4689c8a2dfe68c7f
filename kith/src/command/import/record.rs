//! What a row means: a user, a friendship, or an open request.

use chrono::DateTime;
use kith_api::accounts::v1::NewImportedUser;
use prost_types::Timestamp;

use super::rows::{Fields, Flaw};

/// Longer ids are refused by accounts; here they are not even asked about.
const MAX_ID: usize = 128;

/// A row that makes sense.
#[derive(Debug)]
pub(super) enum Record {
    User(NewImportedUser),
    Link(Link),
}

/// Two people by their ids in the other system.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) kind: LinkKind,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) note: String,
    pub(super) since: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkKind {
    Friends,
    /// The first asked the second.
    Request,
}

impl Record {
    /// Reads a row. Without a `type`, one that names a friend is a friendship, and any other is a user.
    pub(super) fn read(fields: &Fields) -> Result<Self, Flaw> {
        let kind = match fields.get("type") {
            Some(kind) => kind,
            None if fields.get("friend_id").is_some() => "friends",
            None => "user",
        };
        match kind {
            "user" => user(fields).map(Self::User),
            "friends" => link(fields, LinkKind::Friends).map(Self::Link),
            "request" => link(fields, LinkKind::Request).map(Self::Link),
            _ => Err(Flaw::new("type", "invalid", "user, friends or request")),
        }
    }
}

fn user(fields: &Fields) -> Result<NewImportedUser, Flaw> {
    refuse(fields, &["friend_id", "note", "since"])?;
    Ok(NewImportedUser {
        external_id: id(fields, "id")?,
        // What else is wrong with it accounts says, all at once.
        username: fields.text("username").unwrap_or_default(),
        display_name: fields.text("display_name"),
        password_hash: fields.text("password_hash"),
    })
}

fn link(fields: &Fields, kind: LinkKind) -> Result<Link, Flaw> {
    refuse(fields, &["username", "display_name", "password_hash"])?;
    let (from, to) = (id(fields, "id")?, id(fields, "friend_id")?);
    if from == to {
        return Err(Flaw::new(
            "friend_id",
            "cannot_target_self",
            "the same person twice",
        ));
    }
    let since = match fields.get("since") {
        None => None,
        Some(text) => Some(time(text)?),
    };
    Ok(Link {
        kind,
        from,
        to,
        note: fields.text("note").unwrap_or_default(),
        since,
    })
}

fn refuse(fields: &Fields, names: &[&str]) -> Result<(), Flaw> {
    match names.iter().find(|name| fields.get(name).is_some()) {
        Some(name) => Err(Flaw::new(
            name,
            "unknown_field",
            "rows of this type have none",
        )),
        None => Ok(()),
    }
}

fn id(fields: &Fields, name: &str) -> Result<String, Flaw> {
    let text = fields
        .text(name)
        .ok_or_else(|| Flaw::new(name, "required", "the id in the other system is missing"))?;
    if text.chars().nth(MAX_ID).is_some() {
        return Err(Flaw::new(name, "too_long", "at most 128 characters"));
    }
    if text.contains('\0') {
        return Err(Flaw::new(name, "invalid", "no NUL characters"));
    }
    Ok(text)
}

fn time(text: &str) -> Result<Timestamp, Flaw> {
    let time = DateTime::parse_from_rfc3339(text)
        .map_err(|_| Flaw::new("since", "invalid", "a time like 2024-05-17T09:30:00Z"))?;
    Ok(Timestamp {
        seconds: time.timestamp(),
        nanos: 0,
    })
}

//! Contact matching: opting in and out, asking which of one's contacts are here, and waiting for the others. Contacts come as hashes only.

use axum::{Json as Answer, extract::State};
use http::StatusCode;
use kith_api::friends::v1::{
    GetContactSaltRequest, MatchContactsRequest, RegisterContactsRequest,
    RemoveAwaitedContactsRequest, RemoveContactsRequest,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::filled;
use crate::{
    error::Problem,
    extract::{Caller, Json, Nothing},
    read::{Fields, Read},
    state::AppState,
    upstream::{once, repeatable},
    wire::{List, User},
};

/// Numbers and addresses of one person.
const MAX_OWN: usize = 10;
/// Contacts in one question.
const MAX_ASKED: usize = 1000;
/// Bytes of a SHA-256.
const HASH_LENGTH: usize = 32;

/// What the caller can be matched by.
#[derive(ToSchema)]
#[schema(as = ContactsUpdate)]
pub(crate) struct OwnContacts {
    /// The salt that the hashes were made with.
    salt_id: u32,
    /// 1 to 10 SHA-256 hashes, as 64 hexadecimal digits.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10)]
    hashes: Vec<Vec<u8>>,
}

/// Which contacts may be here.
#[derive(ToSchema)]
#[schema(as = ContactsMatch)]
pub(crate) struct AskedContacts {
    /// The salt that the hashes were made with.
    salt_id: u32,
    /// 1 to 1000 SHA-256 hashes, as 64 hexadecimal digits.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 1000)]
    hashes: Vec<Vec<u8>>,
    /// Keep those who are not here, and tell the caller (`contact.joined`) when one of them registers. At most 5000 are kept, the latest.
    #[schema(value_type = Option<bool>)]
    notify: bool,
}

/// What contacts are hashed with: a hash is SHA-256 over `salt`, a colon, and `tel:+14155550123` or `mailto:ann@example.com`
/// in lower case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactSaltResponse)]
pub(crate) struct ContactSalt {
    salt_id: u32,
    salt: String,
    /// Contacts that the caller can be matched by. When the salt changes it is 0: register again.
    registered_count: u32,
    /// Contacts for whom the caller waits. When the salt changes it is 0: ask again.
    awaited_count: u32,
}

/// How many contacts the caller can be matched by.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactsResponse)]
pub(crate) struct Registered {
    registered_count: u32,
}

/// A contact who is here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactMatchResponse)]
pub(crate) struct ContactMatch {
    hash: String,
    user: User,
}

impl Read for OwnContacts {
    // Room for more hashes than are taken, so that whoever sends too many is told that.
    const BODY_BYTES: usize = 1024 * 1024;

    fn read(fields: &mut Fields) -> Self {
        Self {
            salt_id: salt_id(fields),
            hashes: hashes(fields, MAX_OWN),
        }
    }
}

impl Read for AskedContacts {
    // The same; a full question alone is above the bound of most bodies.
    const BODY_BYTES: usize = 1024 * 1024;

    fn read(fields: &mut Fields) -> Self {
        Self {
            salt_id: salt_id(fields),
            hashes: hashes(fields, MAX_ASKED),
            notify: fields.optional_bool("notify").unwrap_or_default(),
        }
    }
}

fn salt_id(fields: &mut Fields) -> u32 {
    // A number that no salt has is an old salt.
    u32::try_from(fields.seq("salt_id")).unwrap_or(u32::MAX)
}

fn hashes(fields: &mut Fields, most: usize) -> Vec<Vec<u8>> {
    let texts = fields.texts("hashes", most, 0..=2 * HASH_LENGTH);
    let mut hashes = Vec::with_capacity(texts.len());
    for (place, text) in texts.iter().enumerate() {
        match bytes(text) {
            Some(hash) => hashes.push(hash),
            None => fields.wrong(
                &format!("hashes[{place}]"),
                "invalid",
                "must be 64 hexadecimal digits",
            ),
        }
    }
    hashes
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * HASH_LENGTH || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..HASH_LENGTH)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// What contacts are hashed with, and what the caller has registered.
#[utoipa::path(
    get, path = "/api/v1/friends/contacts", operation_id = "get_contact_salt", tag = "friends",
    responses((status = 200, body = ContactSalt)),
)]
pub(crate) async fn get_salt(
    State(state): State<AppState>,
    caller: Caller,
    _: Nothing,
) -> Result<Answer<ContactSalt>, Problem> {
    let answer = repeatable(&state.friends, || async {
        let mut contacts = state.friends.contacts(&caller.context);
        contacts.get_contact_salt(GetContactSaltRequest {}).await
    })
    .await?;
    let salt = filled(answer.salt)?;
    Ok(Answer(ContactSalt {
        salt_id: salt.salt_id,
        salt: salt.value,
        registered_count: answer.registered_count,
        awaited_count: answer.awaited_count,
    }))
}

/// Opts in: replaces what the caller can be matched by. Who asked to be told of one of these contacts, and may find the caller, is. 409 `conflict`: the salt has changed, read it again.
#[utoipa::path(
    put, path = "/api/v1/friends/contacts/me", operation_id = "register_contacts", tag = "friends", request_body = OwnContacts,
    responses((status = 200, body = Registered)),
)]
pub(crate) async fn register(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<OwnContacts>,
) -> Result<Answer<Registered>, Problem> {
    let call = RegisterContactsRequest {
        salt_id: body.salt_id,
        hashes: body.hashes.into_iter().map(Into::into).collect(),
    };
    let answer = repeatable(&state.friends, || async {
        let mut contacts = state.friends.contacts(&caller.context);
        contacts.register_contacts(call.clone()).await
    })
    .await?;
    Ok(Answer(Registered {
        registered_count: answer.registered_count,
    }))
}

/// Opts out.
#[utoipa::path(
    delete, path = "/api/v1/friends/contacts/me", operation_id = "remove_contacts", tag = "friends",
    responses((status = 204, description = "Nobody is matched with the caller any more.")),
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    repeatable(&state.friends, || async {
        let mut contacts = state.friends.contacts(&caller.context);
        contacts.remove_contacts(RemoveContactsRequest {}).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Those of the contacts who are here, opted in, and let the caller find them. Nothing is kept of the question but how many
/// contacts it named, unless `notify` asks for it: a day has a budget. 409 `conflict`: the salt has changed, read it again.
#[utoipa::path(
    post, path = "/api/v1/friends/contacts/match", operation_id = "match_contacts", tag = "friends", request_body = AskedContacts,
    responses((status = 200, body = List<ContactMatch>)),
)]
pub(crate) async fn find(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<AskedContacts>,
) -> Result<Answer<List<ContactMatch>>, Problem> {
    let call = MatchContactsRequest {
        salt_id: body.salt_id,
        hashes: body.hashes.into_iter().map(Into::into).collect(),
        notify: body.notify,
    };
    // Once: a repetition would take from the budget again.
    let answer = once(state.friends.contacts(&caller.context).match_contacts(call)).await?;
    let matches = answer.matches.into_iter().map(|one| ContactMatch {
        hash: hex(&one.hash),
        user: one.user.unwrap_or_default().into(),
    });
    Ok(Answer(List {
        items: matches.collect(),
        next_cursor: None,
    }))
}

/// Forgets for whom the caller waits.
#[utoipa::path(
    delete, path = "/api/v1/friends/contacts/awaited", operation_id = "remove_awaited_contacts", tag = "friends",
    responses((status = 204, description = "The caller is told of nobody.")),
)]
pub(crate) async fn remove_awaited(
    State(state): State<AppState>,
    caller: Caller,
    _: Nothing,
) -> Result<StatusCode, Problem> {
    repeatable(&state.friends, || async {
        let mut contacts = state.friends.contacts(&caller.context);
        contacts
            .remove_awaited_contacts(RemoveAwaitedContactsRequest {})
            .await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

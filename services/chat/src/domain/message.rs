//! What a message may be, and what is read out of its text.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kith_error::Violation;
use kith_ids::{MessageId, RoomId, UserId};
use sha2::Sha256;

use super::client_id::ClientId;

/// Longest excerpt of a message in a reply to it.
pub(crate) const MAX_EXCERPT: usize = 120;
/// Names that are looked up in one text; more are decoration.
const MAX_MENTIONS: usize = 50;
/// A name of 32 characters with room for the dots that a sentence may put behind it.
const MAX_NAME: usize = 40;

/// Hash of a body under the cluster's key: 16 bytes tell bodies apart, and nobody can guess a deleted text from them.
pub(crate) type BodyHash = [u8; 16];

/// A message that its sender may write, as far as that can be told without the database.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) id: MessageId,
    pub(crate) room_id: RoomId,
    pub(crate) sender_id: UserId,
    pub(crate) client_id: ClientId,
    pub(crate) text: String,
    pub(crate) body_hash: BodyHash,
    pub(crate) reply_to: Option<MessageId>,
    /// When an imported message was written.
    pub(crate) create_time: Option<DateTime<Utc>>,
}

/// What a reply keeps of the message it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyTo {
    pub(crate) id: MessageId,
    pub(crate) seq: i64,
    pub(crate) sender_id: UserId,
    pub(crate) excerpt: String,
}

/// A message as it stands in the log.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    pub(crate) room_id: RoomId,
    pub(crate) seq: i64,
    pub(crate) sender_id: UserId,
    pub(crate) client_id: String,
    /// None: a tombstone.
    pub(crate) text: Option<String>,
    pub(crate) mention_ids: Vec<UserId>,
    pub(crate) reply_to: Option<ReplyTo>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) edited_at: Option<DateTime<Utc>>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// What is wrong with a text, if anything. It is never changed: kept to the byte.
pub(crate) fn check_text(text: &str) -> Option<Violation> {
    let flaw = kith_text::message(text).err()?;
    Some(Violation::new("text", flaw.code, flaw.message))
}

/// The hash that tells a repeat from another message under the same `client_id`.
pub(crate) fn hash_body(key: &[u8; 32], text: &str, reply_to: Option<MessageId>) -> BodyHash {
    // HMAC pads a key shorter than its block with zeros; done here, the constructor cannot fail.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(text.as_bytes());
    if let Some(reply_to) = reply_to {
        // No text contains NUL, so that no text can look like another one with a reply.
        mac.update(&[0]);
        mac.update(reply_to.as_uuid().as_bytes());
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    hash
}

/// User names that a text may mention by `@name`: folded, each once. A trailing dot may belong to the sentence, so that
/// both readings are candidates.
pub(crate) fn mentioned_names(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        // `me@example.com` mentions nobody.
        if character == '@' && !before.is_alphanumeric() {
            let name: String = text[at + 1..]
                .chars()
                .take_while(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '.'))
                .take(MAX_NAME)
                .map(|next| next.to_ascii_lowercase())
                .collect();
            let sentence_end = name.trim_end_matches('.');
            for candidate in [sentence_end, &name] {
                if candidate.len() >= 3 && !names.iter().any(|known| known == candidate) {
                    names.push(candidate.to_owned());
                }
            }
        }
        if names.len() >= MAX_MENTIONS {
            break;
        }
        before = character;
    }
    names
}

/// The beginning of a text, for a reply to it.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(MAX_EXCERPT).collect()
}

#[cfg(test)]
mod tests;

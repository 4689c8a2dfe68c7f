//! Keyset pages: sizes, and cursors that only the caller and list they were made for can use.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_auth::ClusterKey;
use kith_error::{Failure, Reason};
use serde::{Serialize, de::DeserializeOwned};

/// Items when the caller does not say.
pub const DEFAULT_SIZE: u32 = 50;
/// Items at most.
pub const MAX_SIZE: u32 = 100;

const PURPOSE: &str = "page cursor v1";
const TAG_LENGTH: usize = 16;

/// Makes and reads cursors. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cursors(ClusterKey);

/// The items wanted: 0 means the default, more than the maximum is clamped.
pub const fn size(wanted: u32) -> u32 {
    match wanted {
        0 => DEFAULT_SIZE,
        1..=MAX_SIZE => wanted,
        _ => MAX_SIZE,
    }
}

/// Splits the one row too many off a page that was read with `size + 1`; true: there are more.
pub fn has_more<T>(rows: &mut Vec<T>, size: u32) -> bool {
    let size = size as usize;
    let more = rows.len() > size;
    rows.truncate(size);
    more
}

impl Cursors {
    /// Signs with the cluster's key, so that a cursor works on every node.
    pub const fn new(key: ClusterKey) -> Self {
        Self(key)
    }

    /// A cursor that holds `key` for this scope: the list's name and the caller's id, for example `friends:<id>`.
    pub fn encode<T: Serialize>(&self, scope: &str, key: &T) -> String {
        // Keys are tuples of strings, numbers and times, which always serialise.
        let body = serde_json::to_vec(key).unwrap_or_default();
        let tag = self.tag(scope, &body);
        let mut bytes = tag[..TAG_LENGTH].to_vec();
        bytes.extend_from_slice(&body);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The key inside; none for the empty cursor of the first page, `cursor_invalid` for what was not made here for this scope.
    pub fn decode<T: DeserializeOwned>(
        &self,
        scope: &str,
        cursor: &str,
    ) -> Result<Option<T>, Failure> {
        if cursor.is_empty() {
            return Ok(None);
        }
        self.open(scope, cursor).map(Some).ok_or_else(|| {
            Failure::new(
                Reason::CursorInvalid,
                "the cursor does not belong to this list; start again without one",
            )
        })
    }

    fn open<T: DeserializeOwned>(&self, scope: &str, cursor: &str) -> Option<T> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, body) = bytes.split_at_checked(TAG_LENGTH)?;
        // Constant time matters little here, a forged cursor only moves its forger's own page; equality is enough.
        (self.tag(scope, body)[..TAG_LENGTH] == *tag).then_some(())?;
        serde_json::from_slice(body).ok()
    }

    fn tag(&self, scope: &str, body: &[u8]) -> [u8; 32] {
        let mut bytes = scope.as_bytes().to_vec();
        bytes.push(0);
        bytes.extend_from_slice(body);
        self.0.tag(PURPOSE, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursors() -> Cursors {
        Cursors::new(ClusterKey::new([3; 32]))
    }

    #[test]
    fn a_cursor_opens_for_its_own_scope_only() {
        let cursor = cursors().encode("friends:a", &("zoe", 7));

        assert_eq!(
            cursors().decode("friends:a", &cursor),
            Ok(Some(("zoe".to_owned(), 7)))
        );
        assert!(
            cursors()
                .decode::<(String, i32)>("friends:b", &cursor)
                .is_err()
        );
        assert_eq!(cursors().decode::<(String, i32)>("friends:a", ""), Ok(None));
    }

    #[test]
    fn a_changed_cursor_is_refused() {
        let cursor = cursors().encode("friends:a", &1);
        for changed in ["x", "%%%", &cursor[1..], &format!("{cursor}AA")] {
            let reason = cursors()
                .decode::<i32>("friends:a", changed)
                .unwrap_err()
                .reason;
            assert_eq!(reason, Reason::CursorInvalid, "{changed}");
        }
    }

    #[test]
    fn sizes_are_defaulted_and_clamped() {
        assert_eq!([size(0), size(1), size(100), size(101)], [50, 1, 100, 100]);
    }
}

//! Keys by which other backends speak to Kith: `kith_sk_` and 256 random bits. Stored as digests, known by a name.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use kith_text::Flaw;

const PREFIX: &str = "kith_sk_";
const LENGTH: usize = 43;

/// A fresh key as its owner will present it.
pub(crate) fn generate() -> SecretString {
    let secret: [u8; 32] = kith_clock::random_bytes();
    SecretString::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret)))
}

/// What is stored of a key; `None` for a text that cannot be one.
pub(crate) fn digest(text: &str) -> Option<[u8; 32]> {
    if text.strip_prefix(PREFIX)?.len() != LENGTH {
        return None;
    }
    let mut hash = Sha256::new_with_prefix(b"kith service key v1\0");
    hash.update(text.as_bytes());
    Some(hash.finalize().into())
}

/// 1 to 64 of `a-z 0-9 - _ .`.
pub(crate) fn check_name(name: &str) -> Result<(), Flaw> {
    let holds = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
    if holds {
        Ok(())
    } else {
        Err(Flaw::new(
            "invalid",
            "1 to 64 characters of a-z, 0-9, -, _ and .",
        ))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_key_has_its_own_digest_and_other_texts_have_none() {
        let (first, second) = (generate(), generate());

        assert!(digest(first.expose_secret()).is_some());
        assert_ne!(
            digest(first.expose_secret()),
            digest(second.expose_secret())
        );
        for text in ["", "kith_sk_", "kith_rt_abc", &"x".repeat(51)] {
            assert!(digest(text).is_none(), "{text}");
        }
    }

    #[test]
    fn names_are_plain() {
        assert!(check_name("trainer-api.v2").is_ok());
        for bad in ["", "Trainer", "a b", &"x".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}

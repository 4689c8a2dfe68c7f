//! Wraps secrets that are kept in the database under a secret that is not.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use secrecy::{ExposeSecret as _, SecretString};

const NONCE_LENGTH: usize = 12;
/// Fixed: the wrapped text must open on every node that is given the same passphrase and nothing else.
const SALT: &[u8] = b"kith secrets key v1";
/// OWASP's parameters for Argon2id, which a passphrase needs and 32 random bytes do not.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Seals and opens small secrets, ChaCha20-Poly1305 with a random nonce in front.
#[derive(Clone)]
pub struct KeyWrap([u8; 32]);

/// The secret is not fit to wrap with, or what it should open was sealed with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyWrapError {
    /// Neither 32 bytes in base64 nor a passphrase of at least 16 characters.
    #[error(
        "the secrets key must be 32 bytes in base64, or a passphrase of at least 16 characters"
    )]
    WeakSecret,
    /// Sealed under another secret, for another context, or damaged.
    #[error("the sealed text does not open with this secrets key")]
    Unreadable,
    /// The library refused to seal.
    #[error("the text cannot be sealed")]
    Unsealable,
}

impl KeyWrap {
    /// Wraps with these 32 random bytes.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Wraps with `KITH__SECRETS__KEY`: 32 bytes in base64 as they are, anything else as a passphrase through Argon2id,
    /// which blocks for some tens of milliseconds.
    pub fn from_secret(secret: &SecretString) -> Result<Self, KeyWrapError> {
        let text = secret.expose_secret();
        if let Some(key) = STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
        {
            return Ok(Self(key));
        }
        if text.chars().count() < 16 {
            return Err(KeyWrapError::WeakSecret);
        }
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32))
            .map_err(|_| KeyWrapError::WeakSecret)?;
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(text.as_bytes(), SALT, &mut key)
            .map_err(|_| KeyWrapError::WeakSecret)?;
        Ok(Self(key))
    }

    /// Seals `plain` so that it opens only with the same key and the same `context`.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
        let nonce: [u8; NONCE_LENGTH] = kith_clock::random_bytes();
        let payload = Payload {
            msg: plain,
            aad: context.as_bytes(),
        };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| KeyWrapError::Unsealable)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, KeyWrapError> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_LENGTH>()
            .ok_or(KeyWrapError::Unreadable)?;
        let payload = Payload {
            msg: sealed,
            aad: context.as_bytes(),
        };
        self.cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| KeyWrapError::Unreadable)
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.0.into())
    }
}

impl std::fmt::Debug for KeyWrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyWrap(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_context_only() {
        let wrap = KeyWrap::new([1; 32]);
        let sealed = wrap.seal("a", b"secret").unwrap();

        assert_eq!(wrap.open("a", &sealed).unwrap(), b"secret");
        assert_eq!(wrap.open("b", &sealed), Err(KeyWrapError::Unreadable));
        assert_eq!(wrap.open("a", &sealed[1..]), Err(KeyWrapError::Unreadable));
        assert_eq!(wrap.open("a", b""), Err(KeyWrapError::Unreadable));
        assert_eq!(
            KeyWrap::new([2; 32]).open("a", &sealed),
            Err(KeyWrapError::Unreadable)
        );
    }

    #[test]
    fn a_passphrase_gives_the_same_key_on_every_node() {
        let secret = SecretString::from("correct horse battery staple");
        let sealed = KeyWrap::from_secret(&secret)
            .unwrap()
            .seal("a", b"secret")
            .unwrap();

        assert_eq!(
            KeyWrap::from_secret(&secret)
                .unwrap()
                .open("a", &sealed)
                .unwrap(),
            b"secret"
        );
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        assert_eq!(
            KeyWrap::from_secret(&SecretString::from("hunter2")).unwrap_err(),
            KeyWrapError::WeakSecret
        );
    }
}

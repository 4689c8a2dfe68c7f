//! Refresh tokens. To their holder they are opaque; inside they name their session and carry a code made with the cluster's key. So the service
//! needs to remember only the digest of a session's current token, and still knows an earlier one of that session, used again, from noise:
//! the first ends the session, the second is merely refused. A token in the database would be worth nothing: only digests are stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kith_auth::{ClusterKey, KeyWrap};
use kith_ids::SessionId;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const PREFIX: &str = "kith_rt_";
const PURPOSE: &str = "refresh token v1";
const ID: usize = 16;
/// 256 random bits: nobody guesses one, and nobody finds one from its digest.
const SECRET: usize = 32;
const TAG: usize = 16;

/// A refresh token that has the right form.
#[derive(Clone)]
pub(crate) struct RefreshToken([u8; ID + SECRET + TAG]);

impl RefreshToken {
    /// A fresh token of a session.
    pub(crate) fn generate(session_id: SessionId, key: &ClusterKey) -> Self {
        let mut bytes = [0; ID + SECRET + TAG];
        bytes[..ID].copy_from_slice(session_id.as_uuid().as_bytes());
        bytes[ID..ID + SECRET].copy_from_slice(&kith_clock::random_bytes::<SECRET>());
        let tag = key.tag(PURPOSE, &bytes[..ID + SECRET]);
        bytes[ID + SECRET..].copy_from_slice(&tag[..TAG]);
        Self(bytes)
    }

    /// Reads a token as a device presents it. Says nothing of whether it was ever handed out.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The text that the device keeps.
    pub(crate) fn text(&self) -> SecretString {
        SecretString::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.0)))
    }

    /// The session that it names.
    pub(crate) fn session_id(&self) -> SessionId {
        let mut id = [0; ID];
        id.copy_from_slice(&self.0[..ID]);
        Uuid::from_bytes(id).into()
    }

    /// Whether this cluster made it.
    pub(crate) fn is_ours(&self, key: &ClusterKey) -> bool {
        // Compared in constant time through a second code: the code itself is cut short.
        let tag = key.tag(PURPOSE, &self.0[..ID + SECRET]);
        let expected = key.tag(PURPOSE, &tag[..TAG]);
        key.holds(PURPOSE, &self.0[ID + SECRET..], &expected)
    }

    /// What is stored of it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.hash(b"kith refresh digest v1\0")
    }

    /// Seals the answer to its use: only who presents it again can open that.
    pub(crate) fn answer_seal(&self) -> KeyWrap {
        KeyWrap::new(self.hash(b"kith refresh answer v1\0"))
    }

    fn hash(&self, purpose: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(purpose);
        hash.update(self.0);
        hash.finalize().into()
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken(of {})", self.session_id())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    const KEY: ClusterKey = ClusterKey::new([5; 32]);

    fn token() -> RefreshToken {
        RefreshToken::generate(Uuid::from_u128(7).into(), &KEY)
    }

    #[test]
    fn a_token_survives_its_text_and_names_its_session() {
        let token = token();

        let back = RefreshToken::parse(token.text().expose_secret()).unwrap();

        assert_eq!(back.digest(), token.digest());
        assert_eq!(back.session_id(), Uuid::from_u128(7).into());
        assert!(back.is_ours(&KEY));
        assert!(!back.is_ours(&ClusterKey::new([6; 32])));
    }

    #[test]
    fn digest_and_seal_have_nothing_in_common() {
        let (first, second) = (token(), token());
        let sealed = first.answer_seal().seal("x", b"answer").unwrap();

        assert_ne!(first.digest(), second.digest());
        assert!(KeyWrap::new(first.digest()).open("x", &sealed).is_err());
        assert!(second.answer_seal().open("x", &sealed).is_err());
        assert_eq!(first.answer_seal().open("x", &sealed).unwrap(), b"answer");
    }

    proptest! {
        #[test]
        fn no_changed_token_is_ours(at in 0..ID + SECRET + TAG, flip in 1_u8..=255) {
            let mut token = token();
            token.0[at] ^= flip;
            prop_assert!(!token.is_ours(&KEY));
        }

        #[test]
        fn noise_is_never_a_panic(text in "\\PC{0,200}") {
            prop_assert!(RefreshToken::parse(&text).is_none_or(|token| !token.is_ours(&KEY)));
        }
    }
}

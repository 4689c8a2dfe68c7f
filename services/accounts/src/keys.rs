//! The keys that sign access tokens: Ed25519, in the database, shared by all nodes. With `secrets.key` set they are wrapped under it; without, they lie
//! there plain, which is meant for the embedded database that nobody else can read. A new key is published before it signs, and an old one
//! until the last token that it signed has expired, so no verifier ever meets an unknown key of ours for long or loses a known one too soon.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kith_auth::{Claims, KeyWrap, KeyWrapError};
use secrecy::SecretString;
use sqlx::{PgConnection, PgPool};

use crate::{
    config::{MAX_ACCESS_TOKEN_LIFETIME, delta},
    store::signing_keys::{self, SigningKeyRow},
};

/// From the publication of a new key to its first signature: several reloads of every node, and the caches of JWKS readers.
pub(crate) const PUBLICATION_LEAD: TimeDelta = TimeDelta::minutes(5);
/// What an old key is published longer than its last token holds, for clocks that differ.
const RETIREMENT_SLACK: TimeDelta = TimeDelta::minutes(5);

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The wrapping secret is missing, wrong or unfit.
    #[error("signing keys: {0}")]
    Wrap(#[from] KeyWrapError),
    /// The keys are wrapped and no secret was given.
    #[error("the signing keys are wrapped and secrets.key is not set")]
    SecretMissing,
    /// A secret was given and the nodes work without: they could not read what is wrapped under it.
    #[error(
        "the signing keys are not wrapped: set secrets.key on all nodes and restart them first"
    )]
    NodesLackSecret,
    /// A stored key is no Ed25519 key.
    #[error("a stored signing key is damaged")]
    Damaged,
    /// No key may sign now.
    #[error("no signing key may sign now")]
    NoneSigns,
    /// A token could not be signed.
    #[error("signing a token failed")]
    Signing(#[source] jsonwebtoken::errors::Error),
    /// The database failed.
    #[error("signing keys: database")]
    Database(#[from] sqlx::Error),
}

/// The keys as this node knows them. Cheap to clone; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct KeyRing {
    wrap: Option<KeyWrap>,
    keys: Arc<RwLock<Vec<Key>>>,
}

struct Key {
    kid: String,
    public: Vec<u8>,
    signer: EncodingKey,
    signs_from: DateTime<Utc>,
    verifies_until: Option<DateTime<Utc>>,
}

/// A key as verifiers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) kid: String,
    pub(crate) key: Vec<u8>,
}

impl KeyRing {
    /// Makes the first key if there is none, wraps plain ones if there is a secret now, and loads them all. Safe on several nodes at once.
    pub(crate) async fn start(
        pool: &PgPool,
        now: DateTime<Utc>,
        secret: Option<&SecretString>,
    ) -> Result<Self, KeyError> {
        let ring = Self {
            wrap: wrap_of(secret).await?,
            keys: Arc::default(),
        };
        let mut tx = pool.begin().await?;
        // One node at a time: two first starts must agree on one first key.
        signing_keys::lock(&mut tx).await?;
        if signing_keys::list(&mut tx).await?.is_empty() {
            insert_new(&mut tx, ring.wrap.as_ref(), now, now).await?;
        }
        if let Some(wrap) = &ring.wrap {
            wrap_plain(&mut tx, wrap).await?;
        }
        tx.commit().await?;
        ring.reload(pool).await?;
        Ok(ring)
    }

    /// Reads the keys again; what other nodes did to them holds here from now on.
    pub(crate) async fn reload(&self, pool: &PgPool) -> Result<(), KeyError> {
        let rows = signing_keys::list(&mut *pool.acquire().await?).await?;
        let keys = rows
            .into_iter()
            .map(|row| self.open(row))
            .collect::<Result<Vec<_>, _>>()?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Signs with the newest key that may sign.
    pub(crate) fn sign(&self, claims: &Claims, now: DateTime<Utc>) -> Result<String, KeyError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys
            .iter()
            .filter(|key| key.signs_from <= now)
            .max_by_key(|key| key.signs_from)
            .ok_or(KeyError::NoneSigns)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid.clone());
        jsonwebtoken::encode(&header, claims, &key.signer).map_err(KeyError::Signing)
    }

    /// The keys that verify, newest first.
    pub(crate) fn public_keys(&self, now: DateTime<Utc>) -> Vec<PublicKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter()
            .filter(|key| key.verifies_until.is_none_or(|until| until > now))
            .map(|key| PublicKey {
                kid: key.kid.clone(),
                key: key.public.clone(),
            })
            .collect()
    }

    fn open(&self, row: SigningKeyRow) -> Result<Key, KeyError> {
        let seed = if row.wrapped {
            let wrap = self.wrap.as_ref().ok_or(KeyError::SecretMissing)?;
            wrap.open(&context(&row.kid), &row.private_key)?
        } else {
            row.private_key
        };
        let seed: [u8; 32] = seed.try_into().map_err(|_| KeyError::Damaged)?;
        let signing = SigningKey::from_bytes(&seed);
        if signing.verifying_key().as_bytes().as_slice() != row.public_key {
            return Err(KeyError::Damaged);
        }
        let der = signing.to_pkcs8_der().map_err(|_| KeyError::Damaged)?;
        Ok(Key {
            kid: row.kid,
            public: row.public_key,
            signer: EncodingKey::from_ed_der(der.as_bytes()),
            signs_from: row.signs_from,
            verifies_until: row.verifies_until,
        })
    }
}

/// Publishes a new key that signs after [`PUBLICATION_LEAD`], and retires the present ones for when their last token has expired. Gives its `kid`.
pub(crate) async fn rotate(
    pool: &PgPool,
    now: DateTime<Utc>,
    secret: Option<&SecretString>,
) -> Result<String, KeyError> {
    let wrap = wrap_of(secret).await?;
    let signs_from = now + PUBLICATION_LEAD;
    let mut tx = pool.begin().await?;
    signing_keys::lock(&mut tx).await?;
    for row in signing_keys::list(&mut tx).await? {
        // A key that the running nodes cannot read would, five minutes from now, leave them with none to sign with.
        match (&wrap, row.wrapped) {
            (Some(wrap), true) => drop(wrap.open(&context(&row.kid), &row.private_key)?),
            (None, true) => return Err(KeyError::SecretMissing),
            (Some(_), false) => return Err(KeyError::NodesLackSecret),
            (None, false) => {}
        }
    }
    let until = signs_from + delta(MAX_ACCESS_TOKEN_LIFETIME) + RETIREMENT_SLACK;
    signing_keys::update_verifies_until(&mut tx, until).await?;
    let kid = insert_new(&mut tx, wrap.as_ref(), now, signs_from).await?;
    tx.commit().await?;
    Ok(kid)
}

async fn insert_new(
    tx: &mut PgConnection,
    wrap: Option<&KeyWrap>,
    now: DateTime<Utc>,
    signs_from: DateTime<Utc>,
) -> Result<String, KeyError> {
    let seed: [u8; 32] = kith_clock::random_bytes();
    let public_key = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let kid = kid_of(&public_key);
    let private_key = match wrap {
        Some(wrap) => wrap.seal(&context(&kid), &seed)?,
        None => seed.to_vec(),
    };
    let row = SigningKeyRow {
        kid: kid.clone(),
        public_key: public_key.to_vec(),
        private_key,
        wrapped: wrap.is_some(),
        created_at: now,
        signs_from,
        verifies_until: None,
    };
    signing_keys::insert(tx, &row).await?;
    Ok(kid)
}

/// The secret was set after the keys were made.
async fn wrap_plain(tx: &mut PgConnection, wrap: &KeyWrap) -> Result<(), KeyError> {
    for row in signing_keys::list(tx).await? {
        if !row.wrapped {
            let sealed = wrap.seal(&context(&row.kid), &row.private_key)?;
            signing_keys::update_wrapped(tx, &row.kid, &sealed).await?;
        }
    }
    Ok(())
}

async fn wrap_of(secret: Option<&SecretString>) -> Result<Option<KeyWrap>, KeyError> {
    let Some(secret) = secret.cloned() else {
        return Ok(None);
    };
    // A passphrase is stretched, which takes a while.
    let wrap = tokio::task::spawn_blocking(move || KeyWrap::from_secret(&secret)).await;
    Ok(Some(wrap.map_err(|_| KeyError::Damaged)??))
}

/// Names a key by the start of its digest: stable, and nothing to choose.
fn kid_of(public_key: &[u8; 32]) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use sha2::{Digest as _, Sha256};
    URL_SAFE_NO_PAD.encode(&Sha256::digest(public_key)[..12])
}

fn context(kid: &str) -> String {
    format!("kith signing key {kid}")
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.kid)
    }
}

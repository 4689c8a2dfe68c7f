//! The cluster's secret: made by the first node, found by the others, sealed under `KITH__SECRETS__KEY` when that is set.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kith_auth::{ClusterKey, KeyWrap, KeyWrapError};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgConnection;

/// The one secret there is; each use derives its own key from it.
const NAME: &str = "cluster";
const CONTEXT: &str = "kith cluster secret v1";

/// The secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The database does not answer.
    #[error("the cluster's secret cannot be read")]
    Database(#[from] sqlx::Error),
    /// It was sealed, and this node has no key.
    #[error("the cluster's secret is sealed: set KITH__SECRETS__KEY to what the other nodes have")]
    Sealed,
    /// It was sealed under another key.
    #[error("the cluster's secret was sealed under another KITH__SECRETS__KEY")]
    Key(#[from] KeyWrapError),
    /// The stored bytes are no secret.
    #[error("the cluster's secret in the database is damaged")]
    Damaged,
}

/// Gives the secret, making it if this is the cluster's first node. Nodes that start together agree: the first insert wins.
pub(crate) async fn find_or_insert(
    db: &mut PgConnection,
    wrap: Option<&KeyWrap>,
) -> Result<ClusterKey, Error> {
    let fresh: [u8; 32] = kith_clock::random_bytes();
    let (bytes, sealed) = seal(&fresh, wrap)?;
    sqlx::query(
        "INSERT INTO kith.cluster_secrets (name, secret, sealed)
         VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT cluster_secrets_pkey DO NOTHING",
    )
    .bind(NAME)
    .bind(bytes)
    .bind(sealed)
    .execute(&mut *db)
    .await?;
    let (stored, sealed): (Vec<u8>, bool) =
        sqlx::query_as("SELECT secret, sealed FROM kith.cluster_secrets WHERE name = $1")
            .bind(NAME)
            .fetch_one(&mut *db)
            .await?;
    let secret = match (sealed, wrap) {
        (false, _) => stored,
        (true, Some(wrap)) => wrap.open(CONTEXT, &stored)?,
        (true, None) => return Err(Error::Sealed),
    };
    let secret: [u8; 32] = secret.try_into().map_err(|_| Error::Damaged)?;
    if !sealed && wrap.is_some() {
        update_sealed(db, &secret, wrap).await?;
    }
    Ok(ClusterKey::new(secret))
}

/// Seals a secret that was stored before `KITH__SECRETS__KEY` was set.
async fn update_sealed(
    db: &mut PgConnection,
    secret: &[u8; 32],
    wrap: Option<&KeyWrap>,
) -> Result<(), Error> {
    let (bytes, sealed) = seal(secret, wrap)?;
    sqlx::query(
        "UPDATE kith.cluster_secrets SET secret = $2, sealed = $3 WHERE name = $1 AND NOT sealed",
    )
    .bind(NAME)
    .bind(bytes)
    .bind(sealed)
    .execute(db)
    .await?;
    Ok(())
}

fn seal(secret: &[u8; 32], wrap: Option<&KeyWrap>) -> Result<(Vec<u8>, bool), Error> {
    Ok(match wrap {
        Some(wrap) => (wrap.seal(CONTEXT, secret)?, true),
        None => (secret.to_vec(), false),
    })
}

/// Reads a secret that was given in the configuration: 32 bytes in base64.
pub(crate) fn parse(text: &SecretString) -> Option<ClusterKey> {
    let bytes = STANDARD.decode(text.expose_secret().trim()).ok()?;
    bytes.try_into().ok().map(ClusterKey::new)
}

//! Names the backend that a service key belongs to, and what the key opens.

use kith_auth::Caller;
use secrecy::{ExposeSecret as _, SecretString};

use super::App;
use crate::{
    domain::service_key,
    error::Error,
    store::service_keys::{self, Holder},
};

/// A text that cannot be a key costs no query.
#[tracing::instrument(name = "accounts.verify_service_key", skip_all)]
pub(crate) async fn verify_service_key(
    app: &App,
    caller: &Caller,
    key: &SecretString,
) -> Result<Holder, Error> {
    caller.require_node()?;
    let digest = service_key::digest(key.expose_secret()).ok_or(Error::ServiceKeyRefused)?;
    service_keys::find_holder(&mut *app.pool.acquire().await?, &digest)
        .await?
        .ok_or(Error::ServiceKeyRefused)
}

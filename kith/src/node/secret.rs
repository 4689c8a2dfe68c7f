//! The key that all nodes of the cluster share: from the configuration, or from the database.

use anyhow::Context as _;
use kith_auth::{ClusterKey, KeyWrap};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection};

use crate::config::Config;
use crate::node::migrations;
use crate::place::Storage;
use crate::store::{self, cluster_secrets};

/// Finds the key, making it on the cluster's first start.
pub(crate) async fn cluster_key(config: &Config, storage: &Storage) -> anyhow::Result<ClusterKey> {
    if let Some(given) = &config.secrets.cluster_key {
        return cluster_secrets::parse(given)
            .context("secrets.cluster_key must be 32 bytes in base64");
    }
    let url = storage.url_of_cluster()?;
    migrations::apply(&url, store::SCHEMA, &store::MIGRATOR).await?;
    let secret = config.secrets.key.clone();
    // A passphrase is stretched, which takes tens of milliseconds.
    let wrap =
        tokio::task::spawn_blocking(move || secret.as_ref().map(KeyWrap::from_secret).transpose())
            .await??;
    let mut db = PgConnection::connect(url.expose_secret())
        .await
        .context("the database does not answer")?;
    let key = cluster_secrets::find_or_insert(&mut db, wrap.as_ref()).await?;
    db.close().await?;
    Ok(key)
}

//! Brings the schemas up to date before anything uses them. Nodes that start together take turns by an advisory lock.

use std::time::Duration;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::migrate::{MigrateError, Migrator};
use tokio::time::Instant;

/// How long a database that was given may take to come up, as when everything starts at once.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);

/// Applies one schema's migrations.
pub(crate) async fn apply(
    url: &SecretString,
    schema: &str,
    migrator: &Migrator,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match kith_postgres::migrate(url.expose_secret(), schema, migrator).await {
            Ok(()) => return Ok(()),
            Err(error) if is_not_up(&error) && Instant::now() < deadline => {
                tracing::warn!(schema, %error, "the database does not answer yet");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) if is_not_up(&error) => {
                let place = kith_config::redacted_url(url.expose_secret());
                return Err(error)
                    .with_context(|| format!("the database does not answer ({place})"));
            }
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("the schema `{schema}` cannot be brought up to date")
                });
            }
        }
    }
}

fn is_not_up(error: &MigrateError) -> bool {
    matches!(error, MigrateError::Execute(error) if kith_postgres::trouble(error).is_some())
}

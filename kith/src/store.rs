//! The binary's own schema, `kith`: what belongs to the cluster and to no service.

pub(crate) mod cluster_secrets;

/// The schema's name.
pub(crate) const SCHEMA: &str = "kith";

/// The schema's migrations.
pub(crate) static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

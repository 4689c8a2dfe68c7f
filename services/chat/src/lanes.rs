//! Where concurrent sends become batches.

use kith_runtime::Tasks;
use sqlx::PgPool;

use crate::{Config, fanout::Fanout};

/// The node's append lanes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lanes {}

impl Lanes {
    pub(crate) fn start(_config: &Config, _pool: PgPool, _fanout: Fanout, _tasks: &Tasks) -> Self {
        Self {}
    }
}

//! What every service needs of Postgres and nothing of any one schema: pools, migrations, limits for connections that died,
//! the reading of database errors, and signed keyset cursors.
#![warn(missing_docs)]

mod error;
pub mod page;
mod patience;
mod pool;

pub use error::{ResultExt, Trouble, constraint, is_lock_timeout, trouble};
pub use patience::{PATIENCE, patiently, within};
pub use pool::{connect, migrate};

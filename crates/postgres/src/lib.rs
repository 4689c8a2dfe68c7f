//! What every service needs of Postgres and nothing of any one schema: pools, migrations, the reading of database
//! errors, and signed keyset cursors.
#![warn(missing_docs)]

mod error;
pub mod page;
mod pool;

pub use error::{ResultExt, Trouble, constraint, trouble};
pub use pool::{connect, migrate};

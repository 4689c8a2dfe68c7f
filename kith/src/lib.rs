//! The one binary, as a library: what the commands of `kith` do, the start and the end of a node, and the private
//! PostgreSQL of a node that was given no database.

pub mod embedded;

//! The binary and its private PostgreSQL, on the real thing.

mod embedded;

//! The binary and its private PostgreSQL, on the real thing.

mod cluster;
mod embedded;
mod operator;
mod process;
mod running;

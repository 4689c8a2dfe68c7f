//! The tables of the schema `accounts`, one module an aggregate: SQL only. Locks are taken in this order: users, sessions, the head of the
//! revocations; nothing waits for an earlier one while it holds a later one.

pub(crate) mod imported_users;
pub(crate) mod login_failures;
pub(crate) mod outbox;
pub(crate) mod refresh_attempts;
pub(crate) mod revocations;
pub(crate) mod service_keys;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod users;

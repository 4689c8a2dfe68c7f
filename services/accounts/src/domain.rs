//! The rules, pure and synchronous: what a name, a password, a profile may be; what tokens look like; how failures count.

pub(crate) mod failure_budget;
pub(crate) mod fields;
pub(crate) mod import;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod refresh_token;
pub(crate) mod service_key;
pub(crate) mod session;
pub(crate) mod user;
pub(crate) mod username;

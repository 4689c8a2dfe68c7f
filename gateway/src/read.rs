//! What clients send, read field by field: bodies and query strings through one mechanism, which names every bad and every
//! unknown field at once. Bounds are the contract's; what needs data to judge is left to the services.

mod fields;
mod json;
mod query;

pub(crate) use fields::{Change, Fields, Read};
pub(crate) use json::parse as parse_json;
pub(crate) use query::parse as parse_query;

#[cfg(test)]
mod tests;

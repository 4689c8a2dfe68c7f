//! The rules of the graph, pure: no time, no SQL, no wire. Everything here can be tested with values alone.

pub(crate) mod contact;
pub(crate) mod event;
pub(crate) mod import;
pub(crate) mod pair;
pub(crate) mod person;
pub(crate) mod privacy;
pub(crate) mod request;
pub(crate) mod search;
pub(crate) mod spelling;
pub(crate) mod suggestion;
pub(crate) mod visibility;

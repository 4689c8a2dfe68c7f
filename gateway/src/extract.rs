//! What handlers take from a request: who is calling, the ids of its path, and, as the last argument, what else it may
//! carry: [`Query`], [`Json`] or [`Nothing`].

mod caller;
mod content;
mod path;

pub(crate) use caller::{Caller, Entrance, service_key};
pub(crate) use content::{Json, Nothing, Query};
pub(crate) use path::{Id, Ids};

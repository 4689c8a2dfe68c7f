//! Background loops of the graph.

pub(crate) mod index_users;
pub(crate) mod relay_outbox;

//! Background loops of the graph.

pub(crate) mod relay_outbox;

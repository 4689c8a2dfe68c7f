//! What this machine could do at most, without Kith: measured in the same run, because machines differ and have neighbours.

pub(crate) mod postgres;
pub(crate) mod raw;
pub(crate) mod redis;

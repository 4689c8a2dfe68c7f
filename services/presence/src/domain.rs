//! What presence is made of: what people chose, how they look to whom, who is on which lease. Pure and synchronous.

pub(crate) mod appearance;
pub(crate) mod pace;
pub(crate) mod roster;
pub(crate) mod wish;

//! Typed channels to our own services, over memory or network. Every call carries a deadline, the trace context and the
//! signed caller.
#![warn(missing_docs)]

mod balance;
mod pipe;
mod upstream;

pub use balance::{MakeEndpoint, Members, balance};
pub use pipe::{Incoming, PipeStream, pipe};
pub use upstream::{Attached, Upstream};

//! Typed channels to our own services, over memory or network. Every call carries a deadline, the trace context and the
//! signed caller, and the gateway's may be repeated within a budget. What accounts says of other backends' keys is remembered here too, for every door that takes them.
#![warn(missing_docs)]

mod balance;
mod dial;
mod doubt;
mod nodes;
mod pipe;
mod retry;
mod service_keys;
mod upstream;
mod wire;

pub use balance::{Members, balance, members};
pub use dial::Dial;
pub use nodes::{Nodes, Way};
pub use pipe::{Incoming, pipe};
pub use service_keys::{ServiceKey, ServiceKeys};
pub use upstream::{Attached, Intercepted, Upstream};
pub use wire::Wire;

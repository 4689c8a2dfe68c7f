//! How a process lives: named background tasks that somebody waits for, one shutdown signal, and the serving of gRPC
//! over memory and network.
#![warn(missing_docs)]

mod deadline;
mod layers;
mod serve;
mod tasks;

pub use deadline::{time_left, within};
pub use serve::{ServeError, serve_grpc};
pub use tasks::{Shutdown, Tasks};

//! How a process lives: named background tasks that somebody waits for, one shutdown signal, and the serving of gRPC
//! over memory and network, plainly or by mutual TLS.
#![warn(missing_docs)]

mod certificates;
mod deadline;
mod layers;
mod serve;
mod tasks;
mod tls;

pub use certificates::{CertificateFiles, CertificateProblem, Certificates};
pub use deadline::{time_left, within};
pub use serve::{ServeError, serve_grpc};
pub use tasks::{Shutdown, Tasks};
pub use tls::{Peer, TlsConnection, over_tls};

//! What do we see? Structured logs, spans that cross every hop as W3C trace context, and Prometheus metrics. Never
//! bodies, tokens or message text.
#![warn(missing_docs)]

mod context;
mod init;

pub use context::{
    current_traceparent, inject_into_metadata, join_traces, sampled_traceparent,
    set_parent_from_metadata, set_parent_from_traceparent,
};
pub use init::{Guard, InitError, init, is_collected, parse_filter};
pub use metrics_exporter_prometheus::PrometheusHandle as MetricsHandle;

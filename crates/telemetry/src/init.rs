//! Sets up logs, spans and metrics once, at the start of the process.

use std::{
    io::IsTerminal as _,
    sync::atomic::{AtomicBool, Ordering},
};

use kith_config::Telemetry;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::ParseError, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// The buckets of every histogram; all of ours are in seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Libraries that would tell of every harmless thing; the operator's own filter wins over it.
const QUIET: &str = "sqlx::postgres::notice=warn";

/// Whether spans go anywhere.
static IS_COLLECTED: AtomicBool = AtomicBool::new(false);

/// Telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// `telemetry.log` is no filter.
    #[error("telemetry.log: {0}")]
    Filter(#[from] ParseError),
    /// `telemetry.otlp_endpoint` cannot be used.
    #[error("telemetry.otlp_endpoint: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// There is a subscriber already.
    #[error("telemetry was set up twice: {0}")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
    /// There is a metrics recorder already.
    #[error("metrics were set up twice: {0}")]
    Recorder(#[from] metrics_exporter_prometheus::BuildError),
}

/// Keeps telemetry alive; flushes spans when it ends.
pub struct Guard {
    provider: SdkTracerProvider,
    metrics: PrometheusHandle,
}

impl Guard {
    /// All metrics in Prometheus' text form.
    pub fn render_metrics(&self) -> String {
        self.metrics.render()
    }

    /// A handle that renders the same.
    pub fn metrics_handle(&self) -> PrometheusHandle {
        self.metrics.clone()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Spans that cannot be flushed at the end are lost; there is nobody left to tell.
        let _ = self.provider.shutdown();
    }
}

/// Installs the process-wide subscriber and metrics recorder.
pub fn init(config: &Telemetry) -> Result<Guard, InitError> {
    let provider = tracer_provider(config)?;
    let tracer = provider.tracer("kith");
    let filter = parse_filter(&config.log)?;
    let json = match config.format.as_str() {
        "json" => true,
        "text" => false,
        _ => !std::io::stderr().is_terminal(),
    };
    let log = if json {
        tracing_subscriber::fmt::layer()
            .json()
            .with_writer(std::io::stderr)
            .boxed()
    } else {
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .boxed()
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(log)
        .with(tracing_opentelemetry::layer().with_tracer(tracer))
        .try_init()?;
    let metrics = PrometheusBuilder::new()
        .set_buckets(&SECONDS)?
        .install_recorder()?;
    Ok(Guard { provider, metrics })
}

/// What `telemetry.log` lets through.
pub fn parse_filter(log: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(format!("{QUIET},{log}"))
}

/// Whether spans go to a collector: for paths on which a span per message would count.
pub fn is_collected() -> bool {
    IS_COLLECTED.load(Ordering::Relaxed)
}

/// Spans get ids, and so cross hops, even when nothing is exported.
fn tracer_provider(config: &Telemetry) -> Result<SdkTracerProvider, InitError> {
    let Some(endpoint) = &config.otlp_endpoint else {
        // Not sampled: a span then costs an id, and nothing is collected that nobody will fetch.
        return Ok(SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOff)
            .build());
    };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()?;
    IS_COLLECTED.store(true, Ordering::Relaxed);
    let name = Resource::builder().with_service_name("kith").build();
    Ok(SdkTracerProvider::builder()
        .with_resource(name)
        .with_batch_exporter(exporter)
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_trace_to_carry_on_even_when_nothing_is_exported() {
        let config = Telemetry {
            log: "info".to_owned(),
            format: "json".to_owned(),
            otlp_endpoint: None,
        };
        let tracer = tracer_provider(&config).unwrap().tracer("test");
        let subscriber =
            tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer));

        let (here, there) = tracing::subscriber::with_default(subscriber, || {
            let first = tracing::info_span!("first");
            let sent = first.in_scope(crate::current_traceparent);
            let second = tracing::info_span!("second");
            crate::set_parent_from_traceparent(&second, sent.as_deref());
            (sent, second.in_scope(crate::current_traceparent))
        });

        let trace = |parent: &Option<String>| parent.as_ref().map(|text| text[3..35].to_owned());
        assert!(trace(&here).is_some_and(|id| id != "0".repeat(32)));
        assert_eq!(trace(&here), trace(&there));
    }
}

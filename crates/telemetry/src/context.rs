//! Carries the trace context over gRPC metadata and, as one `traceparent` string, over the bus.

use opentelemetry::{
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::TraceContextExt as _,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tonic::metadata::{KeyRef, MetadataKey, MetadataMap, MetadataValue};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const TRACEPARENT: &str = "traceparent";

struct MetadataInjector<'a>(&'a mut MetadataMap);

struct MetadataExtractor<'a>(&'a MetadataMap);

struct One<'a>(Option<&'a str>);

struct Taken(Option<String>);

impl Injector for MetadataInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (
            MetadataKey::from_bytes(key.as_bytes()),
            MetadataValue::try_from(value),
        ) {
            self.0.insert(key, value);
        }
    }
}

impl Extractor for MetadataExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0
            .keys()
            .filter_map(|key| match key {
                KeyRef::Ascii(key) => Some(key.as_str()),
                KeyRef::Binary(_) => None,
            })
            .collect()
    }
}

impl Extractor for One<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.filter(|_| key == TRACEPARENT)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

impl Injector for Taken {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = Some(value);
        }
    }
}

/// Writes the current span's context into outgoing metadata.
pub fn inject_into_metadata(metadata: &mut MetadataMap) {
    TraceContextPropagator::new()
        .inject_context(&Span::current().context(), &mut MetadataInjector(metadata));
}

/// Makes the span a child of the caller's, if the metadata names one.
pub fn set_parent_from_metadata(span: &Span, metadata: &MetadataMap) {
    let parent = TraceContextPropagator::new().extract(&MetadataExtractor(metadata));
    // Fails only when no OpenTelemetry layer listens; then there is no trace to join.
    let _ = span.set_parent(parent);
}

/// The current span's context as a `traceparent`, or none when nothing is traced.
pub fn current_traceparent() -> Option<String> {
    let mut taken = Taken(None);
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut taken);
    taken.0
}

/// The same, or none when the trace is not collected either: for paths on which even a short text per message counts.
pub fn sampled_traceparent() -> Option<String> {
    let is_sampled = Span::current().context().span().span_context().is_sampled();
    is_sampled.then(current_traceparent).flatten()
}

/// Puts the span into the first of these traces and links it to the others: for work to which several have led.
pub fn join_traces<'a>(span: &Span, traceparents: impl IntoIterator<Item = &'a str>) {
    let mut traceparents = traceparents.into_iter();
    set_parent_from_traceparent(span, traceparents.next());
    for other in traceparents {
        let context = TraceContextPropagator::new().extract(&One(Some(other)));
        span.add_link(context.span().span_context().clone());
    }
}

/// Makes the span a child of the one that a `traceparent` names.
pub fn set_parent_from_traceparent(span: &Span, traceparent: Option<&str>) {
    let parent = TraceContextPropagator::new().extract(&One(traceparent));
    // Fails only when no OpenTelemetry layer listens; then there is no trace to join.
    let _ = span.set_parent(parent);
}

//! The internal port: metrics, health and reflection for whoever reaches it; the services' gRPC for other nodes and for
//! backends with a service key. Never given to the public.

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use kith_client::ServiceKeys;
use kith_error::{Failure, Reason};
use kith_runtime::Peer;
use kith_telemetry::MetricsHandle;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::Status;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::{peers, service_keys::vouch};
use crate::config::Roles;

/// What the port answers, and the switch of its health.
pub(super) fn routes(
    services: Vec<Routes>,
    keys: ServiceKeys,
    metrics: MetricsHandle,
) -> anyhow::Result<(Routes, HealthReporter)> {
    let (health, health_server) = tonic_health::server::health_reporter();
    // Python's reflection client, among others, knows only the older version.
    let reflection =
        Routes::new(reflection().build_v1()?).add_service(reflection().build_v1alpha()?);
    let open = bare(Routes::new(health_server))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(async || "ok"))
        .route(
            "/metrics",
            get(async move || {
                count_tasks();
                (
                    [(CONTENT_TYPE, "text/plain; version=0.0.4")],
                    metrics.render(),
                )
            }),
        );
    let guarded = services
        .into_iter()
        .map(bare)
        .fold(Router::new(), Router::merge)
        .layer(axum::middleware::from_fn_with_state(keys, vouch));
    let for_peers = bare(reflection)
        .merge(guarded)
        .layer(axum::middleware::from_fn(know));
    let all = open
        .merge(for_peers)
        .fallback(async || Status::unimplemented("no such method").into_http::<axum::body::Body>());
    Ok((Routes::from(all), health))
}

/// Refuses callers without a certificate, where certificates are used: they may ask for health and metrics, and nothing else; and those whose
/// certificate names no role that calls this.
async fn know(request: Request, next: Next) -> Response {
    let failure = match request.extensions().get::<Peer>().map(|peer| &peer.names) {
        Some(None) => Failure::new(
            Reason::Unauthenticated,
            "the internal port asks for a certificate of the cluster's authority",
        ),
        Some(Some(names)) if !peers::may_call(names, request.uri().path()) => Failure::new(
            Reason::Forbidden,
            "the certificate names no role that may call this",
        ),
        _ => return next.run(request).await,
    };
    Status::from(failure).into_http()
}

/// Describes all services and health, in whatever version of the reflection protocol is built from it.
fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(kith_api::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// The full names of the gRPC services that these roles bring.
pub(super) fn service_names(roles: &Roles) -> anyhow::Result<Vec<String>> {
    let files = FileDescriptorSet::decode(kith_api::DESCRIPTORS)?.file;
    let packages: Vec<_> = roles
        .services()
        .map(|role| format!("kith.{role}.v1"))
        .collect();
    let ours = files
        .iter()
        .filter(|file| packages.iter().any(|package| package == file.package()));
    let names = ours.flat_map(|file| {
        let services = file.service.iter();
        services.map(|service| format!("{}.{}", file.package(), service.name()))
    });
    Ok(names.collect())
}

/// Says whether calls to these services should come here.
pub(super) async fn report(health: &HealthReporter, names: &[String], serving: bool) {
    let status = if serving {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    // The empty name stands for the whole node.
    health.set_service_status("", status).await;
    for name in names {
        health.set_service_status(name, status).await;
    }
}

/// Each set of routes brings an answer for unknown paths; only one of them can stay.
fn bare(routes: Routes) -> Router {
    routes.into_axum_router().reset_fallback()
}

/// What runs in this process right now.
#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are floats, and there are never so many tasks"
)]
fn count_tasks() {
    let runtime = tokio::runtime::Handle::current().metrics();
    metrics::gauge!("kith_tasks").set(runtime.num_alive_tasks() as f64);
}

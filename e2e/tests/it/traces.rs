//! What a person does is one trace, from the request over services, queries and outboxes to the other node.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use kith_e2e::{
    Node, Person, Postgres, Redis, Settings, background, befriend, direct_room, eventually,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value,
    trace::v1::Span,
};
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

/// Spans as they were exported.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        let spans = resources
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans);
        self.0.lock().unwrap().extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Listens on a free port; gives its address too.
    async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self::default();
        let server = Server::builder().add_service(TraceServiceServer::new(collector.clone()));
        background(server.serve_with_incoming(TcpIncoming::from(listener)));
        (collector, address)
    }

    /// The names of a trace's spans; calls and requests by what they call.
    fn names(&self, trace: &[u8]) -> BTreeSet<String> {
        let spans = self.0.lock().unwrap();
        spans
            .iter()
            .filter(|span| span.trace_id == trace)
            .map(|span| {
                let called =
                    attribute(span, "rpc.method").or_else(|| attribute(span, "http.route"));
                called.unwrap_or_else(|| span.name.clone())
            })
            .collect()
    }

    /// Waits until a trace has all of these.
    async fn wait_for(&self, trace: &[u8], wanted: &[&str]) {
        let what = format!("a trace with {wanted:?}");
        eventually(&what, async || {
            let names = self.names(trace);
            wanted
                .iter()
                .all(|name| names.contains(*name))
                .then_some(())
        })
        .await;
    }

    /// Waits for the trace that begins with a span of this name.
    async fn wait_root(&self, name: &str) -> Vec<u8> {
        eventually(name, async || {
            let spans = self.0.lock().unwrap();
            let root = |span: &&Span| span.name == name && span.parent_span_id.is_empty();
            spans.iter().find(root).map(|span| span.trace_id.clone())
        })
        .await
    }
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|it| it.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn exporting_to(address: &str) -> Settings {
    Settings::default()
        .with("KITH__TELEMETRY__OTLP_ENDPOINT", address)
        .with("OTEL_BSP_SCHEDULE_DELAY", "100")
}

#[tokio::test]
async fn a_message_is_one_trace_from_the_frame_to_the_other_node() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let (here, near) = Collector::start().await;
    let (there, far) = Collector::start().await;
    let node = |address: &str| {
        let settings = exporting_to(address)
            .with_postgres(&postgres.url())
            .with_redis(&redis.url());
        Node::start_with(settings)
    };
    let (anns_node, bobs_node) = (node(&near).await, node(&far).await);
    let ann = Person::sign_up(&anns_node, "ann").await;
    let bob = Person::sign_up(&bobs_node, "bob").await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (anns, bobs) = (ann.device().await, bob.device().await);

    let sent = anns.send(room, "followed").await.unwrap().message;
    bobs.wait_event(room, sent.seq).await;

    let trace = here.wait_root("ws.request").await;
    let steps = ["chat.command", "chat.append", "db.messages.insert"];
    here.wait_for(&trace, &steps).await;
    there.wait_for(&trace, &["chat.deliver"]).await;
}

#[tokio::test]
async fn what_an_outbox_delivers_goes_on_in_the_trace_of_the_change() {
    let (collector, address) = Collector::start().await;
    let node = Node::start_with(exporting_to(&address)).await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let table = [
        (
            Method::POST,
            "/api/v1/friends/requests",
            json!({ "user_id": bob.id() }),
            vec![
                "/kith.friends.v1.FriendsService/SendFriendRequest",
                "db.outbox.insert",
                "friends.relay",
                "/kith.chat.v1.IngestService/AppendUserEvents",
            ],
        ),
        (
            Method::PATCH,
            "/api/v1/users/me",
            json!({ "display_name": "Ann" }),
            vec![
                "/kith.accounts.v1.AccountsService/UpdateProfile",
                "db.outbox.insert_user_changed",
                "accounts.relay",
                "/kith.friends.v1.FriendsService/ApplyUsers",
                "/kith.chat.v1.IngestService/ApplyUsers",
            ],
        ),
    ];

    for (number, (method, path, body, steps)) in (1_u8..).zip(table) {
        let trace = [number; 16];
        let id = format!("{number:02x}").repeat(16);
        let traceparent = format!("00-{id}-00f067aa0ba902b7-01");
        let request = ann.api.request(method, path).json(&body);
        let answer = request.header("traceparent", traceparent).send().await;

        assert!(answer.unwrap().status().is_success());
        collector.wait_for(&trace, &steps).await;
    }
}

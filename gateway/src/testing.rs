//! A gateway for tests, in front of services that answer what the test says and remember what they were asked. They speak
//! the real protocol over in-memory pipes.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use chrono::{DateTime, TimeDelta};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kith_api::accounts::v1::{
    GetPublicKeysResponse, PublicKey, VerifyServiceKeyRequest, VerifyServiceKeyResponse,
};
use kith_auth::{CALLER_METADATA, Caller, CallerSigner, Claims, ClusterKey};
use kith_client::{Upstream, pipe};
use kith_clock::Clock;
use kith_error::{Failure, Reason};
use kith_runtime::{Shutdown, Tasks, serve_grpc};
use prost::Message;
use serde_json::Value;
use tokio::net::TcpListener;
use tonic::{Status, service::Routes};
use tower::ServiceExt as _;

use crate::{
    Config, Deps, edge, router,
    state::{AppState, Gateway},
};

/// Who calls, unless a test says otherwise.
pub(crate) const ANN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// Her session.
pub(crate) const SESSION: &str = "01890a5d-ac96-774b-bcce-b302099a8058";
/// Somebody else, and the id of other things.
pub(crate) const BOB: &str = "01890a5d-ac96-774b-bcce-b302099a8059";
/// A service key that holds.
pub(crate) const SERVICE_KEY: &str = "kith_sk_test";
/// One that holds, and does not open the REST calls.
pub(crate) const FEED_KEY: &str = "kith_sk_feed";

/// The services behind the gateway.
#[derive(Default)]
pub(crate) struct Services {
    answers: Mutex<HashMap<String, Result<Vec<u8>, Failure>>>,
    calls: Mutex<Vec<Call>>,
}

struct Call {
    method: String,
    caller: Option<Caller>,
    message: Vec<u8>,
}

/// A gateway and its services.
pub(crate) struct Bed {
    pub(crate) services: Arc<Services>,
    pub(crate) state: AppState,
    pub(crate) clock: Clock,
    app: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Services {
    /// Answers a method, such as `chat.v1.ChatService/GetChatRoom`, from now on.
    pub(crate) fn answer(&self, method: &str, message: &impl Message) {
        self.set(method, Ok(message.encode_to_vec()));
    }

    /// Fails a method from now on.
    pub(crate) fn fail(&self, method: &str, failure: Failure) {
        self.set(method, Err(failure));
    }

    /// What a method was asked so far, and by whom.
    pub(crate) fn calls<M: Message + Default>(&self, method: &str) -> Vec<(Option<Caller>, M)> {
        let path = format!("/kith.{method}");
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .filter(|call| call.method == path)
            .map(|call| {
                let message = M::decode(call.message.as_slice()).unwrap();
                (call.caller.clone(), message)
            })
            .collect()
    }

    /// How often a method was asked.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.calls::<()>(method).len()
    }

    fn set(&self, method: &str, answer: Result<Vec<u8>, Failure>) {
        let path = format!("/kith.{method}");
        self.answers.lock().unwrap().insert(path, answer);
    }
}

impl Bed {
    /// A gateway without limits.
    pub(crate) async fn new() -> Self {
        Self::with(Config::for_test(), &limits(false, 1)).await
    }

    /// A gateway with these settings.
    pub(crate) async fn with(config: Config, limits: &kith_config::Limits) -> Self {
        let clock = Clock::mock(DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        let signer = CallerSigner::new(ClusterKey::new([42; 32]), clock.clone());
        let tasks = Tasks::new(Shutdown::new());
        let services = Arc::new(Services::default());
        services.answer(
            "accounts.v1.AccountsService/GetPublicKeys",
            &GetPublicKeysResponse { keys: vec![key()] },
        );
        let upstream = serve(&services, &signer, &tasks);
        let deps = Deps {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            accounts: upstream.clone(),
            friends: upstream.clone(),
            chat: upstream.clone(),
            presence: upstream,
            clock: clock.clone(),
            tasks,
            limits: limits.clone(),
            demo_logins: "no-demo-here.json".into(),
        };
        let (state, _) = Gateway::new(config, deps);
        let app = edge::around(router::router(&state), &state);
        Self {
            services,
            state,
            clock,
            app,
        }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, mut request: Request) -> Answer {
        let peer = SocketAddr::from(([192, 0, 2, 1], 1));
        request.extensions_mut().insert(ConnectInfo(peer));
        let request = edge::normalized(request);
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    /// Sends a request of Ann's without a body.
    pub(crate) async fn call(&self, method: Method, path: &str) -> Answer {
        self.send(self.request(method, path, Body::empty())).await
    }

    /// Sends a request of Ann's with a JSON body.
    pub(crate) async fn call_with(&self, method: Method, path: &str, body: &Value) -> Answer {
        let mut request = self.request(method, path, Body::from(body.to_string()));
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert("content-type", json);
        self.send(request).await
    }

    /// A request of Ann's.
    pub(crate) fn request(&self, method: Method, path: &str, body: Body) -> Request {
        Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.token()))
            .body(body)
            .unwrap()
    }

    /// Ann's access token.
    pub(crate) fn token(&self) -> String {
        let now = self.clock.now().timestamp();
        sign(&Claims {
            iss: kith_auth::ISSUER.to_owned(),
            aud: kith_auth::AUDIENCE.to_owned(),
            sub: ANN.parse().unwrap(),
            sid: SESSION.parse().unwrap(),
            typ: Claims::ACCESS.to_owned(),
            iat: now,
            exp: now + 900,
            nbf: None,
        })
    }
}

impl Answer {
    /// The code of a problem.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The bad fields of a problem.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array();
        errors
            .into_iter()
            .flatten()
            .filter_map(|error| error["field"].as_str())
            .collect()
    }
}

/// Limits of so many of everything a minute.
pub(crate) fn limits(enabled: bool, count: u32) -> kith_config::Limits {
    kith_config::Limits {
        enabled,
        requests_per_user: count,
        requests_per_address: count,
        auth_per_address: count,
        messages_per_user: count,
        lookups_per_user: count,
        frames_per_socket: count,
        sockets_per_address: count,
    }
}

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn key() -> PublicKey {
    PublicKey {
        kid: "k1".to_owned(),
        key: signing_key().verifying_key().to_bytes().to_vec().into(),
    }
}

pub(crate) fn sign(claims: &Claims) -> String {
    let der = signing_key().to_pkcs8_der().unwrap();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some("k1".to_owned());
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(der.as_bytes())).unwrap()
}

/// Serves all services on one pipe.
fn serve(services: &Arc<Services>, signer: &CallerSigner, tasks: &Tasks) -> Upstream {
    let (channel, incoming) = pipe();
    let router = Router::new()
        .fallback(answer)
        .with_state((services.clone(), signer.clone()));
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("services", async move {
        serve_grpc(Routes::from(router), incoming, shutdown)
            .await
            .unwrap();
    });
    Upstream::new(channel, signer.clone(), Duration::from_secs(5))
}

async fn answer(
    State((services, signer)): State<(Arc<Services>, CallerSigner)>,
    request: Request,
) -> Response {
    let method = request.uri().path().to_owned();
    let context = request.headers().get(CALLER_METADATA);
    let caller = context.and_then(|context| signer.verify(context.to_str().ok()?).ok());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    // After the five bytes that gRPC puts before a message.
    let message = body.get(5..).unwrap_or_default().to_vec();
    let known = match method.rsplit('/').next() {
        Some("VerifyServiceKey") => Some(service_name(&message)),
        _ => services.answers.lock().unwrap().get(&method).cloned(),
    };
    services.calls.lock().unwrap().push(Call {
        method,
        caller,
        message,
    });
    match known {
        Some(Ok(message)) => grpc(&message),
        Some(Err(failure)) => Status::from(failure).into_http(),
        None => Status::unimplemented("the test gave no answer").into_http(),
    }
}

fn service_name(message: &[u8]) -> Result<Vec<u8>, Failure> {
    let scope = match VerifyServiceKeyRequest::decode(message)
        .unwrap()
        .key
        .as_str()
    {
        SERVICE_KEY => "rest",
        FEED_KEY => "feed",
        _ => return Err(Failure::new(Reason::Unauthenticated, "no such key")),
    };
    let service_name = "trainer".to_owned();
    let scopes = vec![scope.to_owned()];
    Ok(VerifyServiceKeyResponse {
        service_name,
        scopes,
    }
    .encode_to_vec())
}

pub(crate) fn grpc(message: &[u8]) -> Response {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body =
        Full::new(bytes::Bytes::from(frame)).with_trailers(async { Some(Ok(trailers)) }.boxed());
    Response::builder()
        .header("content-type", "application/grpc")
        .body(Body::new(body))
        .unwrap()
}

//! The WebSocket at `GET /api/v1/ws`: the handshake, and what all sockets of the node share. The frames are in [`frames`] and
//! [`protocol`], one socket's life in [`session`], the logs that sockets follow in [`hub`], the streams to chat in [`upstream`], who is here in [`presence`].

mod close;
mod frames;
mod framing;
mod hub;
mod presence;
mod protocol;
mod registry;
mod session;
mod socket;
mod transport;
mod upstream;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use kith_error::{Failure, Reason};
use tokio::sync::broadcast::error::RecvError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use self::{
    close::Close,
    hub::Hub,
    presence::{Attachment, Presences},
    registry::Registry,
    socket::{Order, Socket},
    upstream::{
        send::{Sender, Sends},
        subscribe::Subscriber,
    },
};
use crate::{
    edge::{ClientAddress, origin_allowed},
    error::Problem,
    identity::Cause,
    state::AppState,
};

/// The largest answer taken from chat: a full page of the longest messages.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// The subprotocol, echoed when it is offered.
const SUBPROTOCOL: &str = "kith.v1";
/// What all sockets of the node share.
pub(crate) struct Node {
    pub(crate) state: AppState,
    pub(crate) hub: Hub,
    pub(crate) sends: Sends,
    pub(crate) presences: Presences,
    pub(crate) registry: Registry,
}

/// The socket's route; starts what all sockets share.
pub(crate) fn router(state: AppState) -> Router<AppState> {
    Router::new()
        .route("/api/v1/ws", get(upgrade))
        .layer(Extension(Node::start(state)))
}

impl Node {
    /// Starts the streams to chat and presence, anti-entropy, and the watch over ended sessions.
    fn start(state: AppState) -> Arc<Self> {
        let (chat, tasks) = (state.chat.clone(), state.tasks.clone());
        let registry = Registry::default();
        let hub = Hub::new(
            chat.clone(),
            state.clock.clone(),
            tasks.clone(),
            registry.clone(),
        );
        hub.start();
        let (sends, sender) = Sender::new(chat.clone());
        let subscriber = Subscriber::new(hub.clone(), chat);
        tasks.critical("ws.send", sender.run(tasks.shutdown().clone()));
        tasks.critical("ws.subscribe", subscriber.run(tasks.shutdown().clone()));
        let (presences, attachment) =
            Attachment::new(state.presence.clone(), state.draining.clone());
        tasks.critical("ws.presence", attachment.run(tasks.shutdown().clone()));
        let node = Arc::new(Self {
            state,
            hub,
            sends,
            presences,
            registry,
        });
        tasks.spawn("ws.revocations", node.clone().watch_revocations());
        tasks.spawn("ws.drain", node.clone().drain());
        node
    }

    /// Closes the sockets of sessions that end.
    async fn watch_revocations(self: Arc<Self>) {
        let mut revocations = self.state.identity.subscribe();
        loop {
            let received = tokio::select! {
                received = revocations.recv() => received,
                () = self.state.tasks.shutdown().signalled() => return,
            };
            match received {
                Ok(revoked) => self.close_revoked(&self.registry.of_user(revoked.user_id)),
                Err(RecvError::Lagged(_)) => self.close_revoked(&self.registry.all()),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Closes those of these sockets whose session has ended.
    fn close_revoked(&self, sockets: &[Arc<Socket>]) {
        for socket in sockets {
            if let Some(cause) = self.state.identity.revocation(socket.session_id) {
                socket.order(Order::Close(close_of(cause)));
            }
        }
    }

    /// Tells every socket to come back elsewhere, each at its own time, when the node begins to leave.
    async fn drain(self: Arc<Self>) {
        tokio::select! {
            () = self.state.draining.signalled() => {}
            () = self.state.tasks.shutdown().signalled() => {}
        }
        let window = self.state.drain_window();
        // Uniform over the window: half of it, give or take all of that.
        let anywhen = || (window / 2).mul_f64(kith_clock::jitter(1.0));
        for socket in self.registry.all() {
            let (close_after, resume_after) = (anywhen(), anywhen());
            socket.order(Order::Drain {
                resume_after,
                close_after,
            });
        }
    }
}

/// How the sockets of an ended session are closed.
pub(crate) const fn close_of(cause: Cause) -> Close {
    match cause {
        Cause::Ended => Close::Revoked,
        Cause::AccountDisabled => Close::AccountDisabled,
    }
}

async fn upgrade(
    State(state): State<AppState>,
    Extension(node): Extension<Arc<Node>>,
    mut request: Request,
) -> Response {
    let accept = match admit(&state, &request) {
        Ok(accept) => accept,
        Err(failure) => return Problem::from(failure).into_response(),
    };
    let Some(on_upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return Problem::from(not_a_handshake()).into_response();
    };
    let is_offered = offers_subprotocol(request.headers());
    let token = bearer(request.headers());
    let connection = state.connections.token();
    let shutdown = state.tasks.shutdown().clone();
    state.tasks.spawn("ws.socket", async move {
        let _connection = connection;
        let served = async {
            if let Ok(upgraded) = on_upgrade.await {
                session::run(TokioIo::new(upgraded), &node, token).await;
            }
        };
        // Draining comes first; who is still here when the process ends cannot hold it up.
        tokio::select! {
            () = served => {}
            () = shutdown.signalled() => {}
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if is_offered {
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
    }
    response
}

/// Judges the handshake; gives the value of `Sec-WebSocket-Accept`.
fn admit(state: &AppState, request: &Request) -> Result<HeaderValue, Failure> {
    let headers = request.headers();
    if !origin_allowed(state, headers) {
        return Err(Failure::new(
            Reason::Forbidden,
            "pages of this origin may not open a socket",
        ));
    }
    let is_handshake = has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket")
        && has_token(headers, &header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|_| is_handshake)
        .ok_or_else(not_a_handshake)?;
    if state.draining.is_signalled() {
        return Err(Failure::unavailable(Duration::from_secs(1)));
    }
    if let Some(ClientAddress(address)) = request.extensions().get() {
        state.limits.socket_from(*address)?;
    }
    state.admission.admit_socket()?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| Failure::internal())
}

fn not_a_handshake() -> Failure {
    Failure::new(
        Reason::InvalidRequest,
        "this path takes WebSocket handshakes of version 13 over HTTP/1.1",
    )
}

fn offers_subprotocol(headers: &HeaderMap) -> bool {
    has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
}

fn has_token(headers: &HeaderMap, name: &header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

#[cfg(test)]
mod tests;

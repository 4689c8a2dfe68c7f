//! Friends as presence sees it: it answers who may see whom.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{Router, body::Body, extract::State, response::Response, routing::post};
use http_body_util::{BodyExt as _, Full};
use kith_api::friends::v1 as wire;
use kith_ids::UserId;
use prost::Message as _;
use tonic::{Status, service::Routes};

/// Cheap to clone; clones share what they know.
#[derive(Debug, Clone, Default)]
pub(crate) struct Friends(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    down: bool,
    sights: HashMap<(UserId, UserId), (bool, bool)>,
}

impl Friends {
    pub(crate) fn routes(&self) -> Routes {
        // Only the one method that presence asks.
        Routes::from(
            Router::new()
                .route(
                    "/kith.friends.v1.FriendsService/FilterVisible",
                    post(answer),
                )
                .with_state(self.clone()),
        )
    }

    /// What a viewer sees of somebody from now on.
    pub(crate) fn show(&self, viewer: UserId, user: UserId, presence: bool, last_seen: bool) {
        self.known()
            .sights
            .insert((viewer, user), (presence, last_seen));
    }

    /// The two see nothing of each other from now on.
    pub(crate) fn part(&self, one: UserId, other: UserId) {
        let mut known = self.known();
        known.sights.remove(&(one, other));
        known.sights.remove(&(other, one));
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.known().down = down;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    fn judge(&self, request: &wire::FilterVisibleRequest) -> Option<wire::FilterVisibleResponse> {
        let known = self.known();
        if known.down {
            return None;
        }
        let mut sights = Vec::new();
        for gaze in &request.gazes {
            let viewer = gaze.viewer_id.parse().unwrap();
            for user in &gaze.user_ids {
                let (presence, last_seen) = known
                    .sights
                    .get(&(viewer, user.parse().unwrap()))
                    .copied()
                    .unwrap_or_default();
                sights.push(wire::Sight {
                    viewer_id: gaze.viewer_id.clone(),
                    user_id: user.clone(),
                    presence,
                    last_seen,
                });
            }
        }
        Some(wire::FilterVisibleResponse { sights })
    }
}

async fn answer(State(friends): State<Friends>, body: Body) -> Response {
    let bytes = body.collect().await.unwrap().to_bytes();
    // After the five bytes that gRPC puts before a message.
    let request = wire::FilterVisibleRequest::decode(bytes.slice(5..)).unwrap();
    match friends.judge(&request) {
        Some(response) => grpc(&response.encode_to_vec()),
        None => Status::unavailable("down").into_http(),
    }
}

fn grpc(message: &[u8]) -> Response {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let body = Full::new(axum::body::Bytes::from(frame))
        .with_trailers(std::future::ready(Some(Ok(trailers))));
    Response::builder()
        .header("content-type", "application/grpc")
        .body(Body::new(body))
        .unwrap()
}

//! What the keeper of a room says for a fault: by hand, many times at once, and noted like everything else.

use futures::future::join_all;
use kith_sdk::{
    model::Message,
    outbox::fresh_client_id,
    rest::{Api, MessagePost},
};

use crate::{
    history::{What, body_of},
    scene::Scene,
    traffic::Club,
};

/// Something new to say, which is noted.
pub(super) fn draft(scene: &Scene, room: &Club, text: String) -> MessagePost {
    let post = MessagePost {
        client_id: fresh_client_id(),
        text,
        reply_to: None,
    };
    scene.history.add(What::Invoke {
        client_id: post.client_id.clone(),
        device: "keeper".to_owned(),
        user: scene.traffic.people[room.keeper].id(),
        room: room.id,
        body: body_of(&post.text),
    });
    post
}

/// Says it so many times at once, through all gates.
pub(super) async fn say(scene: &Scene, room: &Club, post: &MessagePost, copies: usize) {
    let apis = keys(scene, room);
    let all = (0..copies).map(|copy| say_once(scene, &apis[copy % apis.len()], room, post));
    join_all(all).await;
}

/// The keeper at each gate.
fn keys(scene: &Scene, room: &Club) -> Vec<Api> {
    let token = scene.traffic.people[room.keeper].token();
    let apis = scene.world.apis();
    apis.iter().map(|api| api.with_token(token)).collect()
}

async fn say_once(scene: &Scene, api: &Api, room: &Club, post: &MessagePost) {
    let client_id = post.client_id.clone();
    let note = |message: &Message, duplicate| What::Ok {
        client_id: post.client_id.clone(),
        device: "keeper".to_owned(),
        id: message.id,
        seq: message.seq,
        duplicate,
    };
    scene
        .history
        .add(match api.post_message(room.id, post).await {
            Ok(posted) => note(&posted.message, posted.duplicate),
            Err(error) if error.is_outcome_unknown() => What::Unknown {
                client_id,
                code: error.code().unwrap_or("no answer").to_owned(),
            },
            Err(error) => What::Fail {
                client_id,
                code: error.to_string(),
            },
        });
}

/// Says so much in a room that buffers overflow: `count` messages of the greatest length, through one gate.
pub(super) async fn flood(scene: &Scene, room: &Club, gate: usize, count: usize) {
    const AT_ONCE: usize = 20;
    let text = "\u{1f980}".repeat(4_000);
    let api = &keys(scene, room)[gate];
    for _ in 0..count.div_ceil(AT_ONCE) {
        let posts: Vec<_> = (0..AT_ONCE)
            .map(|_| draft(scene, room, text.clone()))
            .collect();
        join_all(posts.iter().map(|post| say_once(scene, api, room, post))).await;
    }
}

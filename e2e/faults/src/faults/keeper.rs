//! What the keeper of a room says and reads for a fault: by hand, many times at once, and noted like everything else.

use std::time::Duration;

use futures::future::join_all;
use kith_e2e::background;
use kith_sdk::{
    model::{Message, RoomId},
    outbox::fresh_client_id,
    rest::{Api, ApiError, MessagePost, Window},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    history::{History, What, body_of},
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

/// Keepers that read their rooms until they are told to stop.
pub(super) struct Reading {
    stop: watch::Sender<bool>,
    readers: Vec<JoinHandle<usize>>,
}

/// Between two pages.
const PAGE_PAUSE: Duration = Duration::from_millis(200);

/// Reads the newest messages of all rooms again and again, through all gates, and notes what comes.
pub(super) fn read_on(scene: &Scene) -> Reading {
    let (stop, stopped) = watch::channel(false);
    let gates = scene.world.apis().len();
    let readers = (0..gates).map(|gate| {
        let rooms: Vec<(RoomId, Api)> = scene
            .traffic
            .rooms
            .iter()
            .map(|room| (room.id, keys(scene, room).swap_remove(gate)))
            .collect();
        let (history, mut stopped) = (scene.history.clone(), stopped.clone());
        background(async move {
            let mut pages = 0;
            for (room, api) in rooms.iter().cycle() {
                tokio::select! {
                    _ = stopped.wait_for(|stop| *stop) => break,
                    page = api.messages(*room, Window::Newest, Some(100)) => {
                        pages += usize::from(page.is_ok());
                        note_page(&history, (format!("reader {gate}"), *room), page.map(|it| it.items));
                    }
                }
                tokio::time::sleep(PAGE_PAUSE).await;
            }
            pages
        })
    });
    Reading {
        readers: readers.collect(),
        stop,
    }
}

fn note_page(
    history: &History,
    (by, room): (String, RoomId),
    page: Result<Vec<Message>, ApiError>,
) {
    match page {
        Ok(items) => {
            let text = |message: &Message| message.text.as_deref().map_or(0, body_of);
            let messages = items
                .iter()
                .map(|message| (message.seq, message.id, text(message)));
            history.add(What::Page {
                by,
                room,
                messages: messages.collect(),
            });
        }
        // Without an answer nothing is wrong.
        Err(error) => {
            if let Some(problem) = error.problem() {
                history.add(What::Refused {
                    by,
                    call: "page".to_owned(),
                    status: problem.status,
                    code: problem.code.clone(),
                    hint: error.retry_after().is_some(),
                });
            }
        }
    }
}

impl Reading {
    /// Stops it; gives how many pages came.
    pub(super) async fn end(self) -> usize {
        self.stop.send_replace(true);
        let pages = join_all(self.readers).await;
        pages.into_iter().map(|read| read.expect("a reader")).sum()
    }
}

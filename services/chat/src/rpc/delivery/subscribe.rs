//! The stream of subscriptions and what happens in them.

use std::sync::Arc;

use futures::{StreamExt as _, stream};
use kith_api::chat::v1::{SubscribeRequest, SubscribeResponse};
use tonic::Streaming;

use super::SubscribeStream;
use crate::{
    app::App,
    fanout::{Fanout, Queue, StreamId, Topics, epoch_changed},
};

/// Forgets the stream's subscriptions when its gateway is gone.
struct Open {
    fanout: Fanout,
    stream: StreamId,
    queue: Arc<Queue>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.fanout.close(self.stream);
    }
}

pub(super) fn serve(app: &Arc<App>, requests: Streaming<SubscribeRequest>) -> SubscribeStream {
    let fanout = app.fanout.clone();
    let (stream, queue) = fanout.open();
    // Before any hint: entries of people's logs do not say of which epoch they are, and a gateway may hold some of an older one.
    queue.put_always(epoch_changed(*app.epoch.borrow()));
    let open = Open {
        fanout: fanout.clone(),
        stream,
        queue,
    };
    let shutdown = app.tasks.shutdown().clone();
    let ending = shutdown.clone();
    app.tasks.spawn("chat.subscribe_stream", async move {
        tokio::select! {
            () = read(requests, &fanout, stream) => {}
            () = shutdown.signalled() => {}
        }
    });
    let responses = stream::unfold(open, async |open| {
        let deliveries = open.queue.take().await;
        Some((Ok(SubscribeResponse { deliveries }), open))
    });
    // Ends with the node, or the server would wait for its gateways for ever.
    Box::pin(responses.take_until(async move { ending.signalled().await }))
}

async fn read(mut requests: Streaming<SubscribeRequest>, fanout: &Fanout, stream: StreamId) {
    // An error is the end of the connection: there is nobody left to tell.
    while let Ok(Some(request)) = requests.message().await {
        let add = Topics {
            rooms: request.add_room_ids,
            users: request.add_user_ids,
        };
        let remove = Topics {
            rooms: request.remove_room_ids,
            users: request.remove_user_ids,
        };
        fanout
            .subscribe(stream, add, remove, request.request_id)
            .await;
    }
}

//! The stream of commands and their replies. The reader never waits for a command: sends go to their lanes, what asks the
//! database goes to a worker. Replies leave in the order in which they are ready.

use std::sync::Arc;

use futures::{Stream, stream};
use kith_api::{
    chat::v1::{Reply, SendRequest, SendResponse, reply},
    common::v1 as common,
};
use kith_error::{Failure, Fault as _};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::{SendStream, commands::Commands};
use crate::{
    Error,
    app::App,
    lanes::{Answer, Replied},
};

/// Replies of one response: no more are added to it.
const MAX_RESPONSE: usize = 256;

pub(super) fn serve(app: &Arc<App>, requests: Streaming<SendRequest>) -> SendStream {
    let (sender, receiver) = mpsc::unbounded_channel();
    let commands = Commands::new(app, sender);
    let shutdown = app.tasks.shutdown().clone();
    app.tasks.spawn("chat.send_stream", async move {
        tokio::select! {
            () = read(requests, commands) => {}
            // What was taken is still answered; the stream ends with the last answer.
            () = shutdown.signalled() => {}
        }
    });
    Box::pin(responses(receiver))
}

async fn read(mut requests: Streaming<SendRequest>, mut commands: Commands) {
    // An error is the end of the connection: there is nobody left to tell.
    while let Ok(Some(request)) = requests.message().await {
        for command in request.commands {
            commands.run(command);
        }
    }
}

fn responses(
    replies: mpsc::UnboundedReceiver<Vec<Replied>>,
) -> impl Stream<Item = Result<SendResponse, Status>> {
    stream::unfold(replies, async |mut replies| {
        let mut ready = replies.recv().await?;
        while ready.len() < MAX_RESPONSE
            && let Ok(more) = replies.try_recv()
        {
            ready.extend(more);
        }
        let response = SendResponse {
            replies: ready.into_iter().map(encode).collect(),
        };
        Some((Ok(response), replies))
    })
}

fn encode(replied: Replied) -> Reply {
    match replied {
        Replied::Sent(request_id, answer) => Reply {
            request_id,
            result: Some(sent(answer)),
        },
        Replied::Other(reply) => reply,
    }
}

fn sent(answer: Answer) -> reply::Result {
    match answer {
        Ok(response) => reply::Result::Message(response),
        Err(refusal) => reply::Result::Failure(failure(&Error::from(refusal))),
    }
}

/// An error as a reply; an internal one is logged here.
pub(super) fn failure(error: &Error) -> common::Failure {
    let failure = error.failure();
    if failure == Failure::internal() {
        tracing::error!(%error, "an internal error reached the edge of a stream");
    }
    failure.into()
}

//! A gateway's stream.

use futures::{StreamExt as _, stream};
use kith_api::presence::v1::{self as wire, report::Report as Kind};
use kith_auth::Caller;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tonic::{Request, Response, Streaming};

use super::{Answer, NewsStream, Presence, convert, decode, open_for_node};
use crate::{
    app::{App, Report},
    board::Told,
    domain::roster::LeaseId,
};

/// Reports that may wait for the keeper; then the gateway's stream waits.
const REPORTS: usize = 4_096;
/// News of one response.
const NEWS: usize = 1_000;

impl Presence {
    pub(super) fn serve_gateway(
        &self,
        request: Request<Streaming<wire::AttachRequest>>,
    ) -> Answer<NewsStream> {
        let requests = open_for_node(request)?;
        let app = self.app.clone();
        let lease = LeaseId(app.clock.new_id());
        let open = app.board.open_stream(lease);
        app.board.tell(open.id, Told::Welcome(app.config.beat()));
        let (sender, reports) = mpsc::channel(REPORTS);
        let shutdown = app.tasks.shutdown().clone();
        let (reading, keeping) = (
            read(app.clone(), requests, sender),
            app.clone().keep_lease(open.id, lease, reports, open.orders),
        );
        app.tasks.spawn("presence.keep_lease", async move {
            tokio::select! {
                // Reading ends with the connection; what it read before is still taken.
                ((), ()) = async { tokio::join!(reading, keeping) } => {}
                () = shutdown.signalled() => {}
            }
        });
        let ending = app.tasks.shutdown().clone();
        let news = stream::unfold(open.news, answer);
        // Ends with the node, or the server would wait for its gateways for ever.
        Ok(Response::new(Box::pin(
            news.take_until(async move { ending.signalled().await }),
        )))
    }
}

async fn answer(
    mut news: Receiver<Told>,
) -> Option<(Result<wire::AttachResponse, tonic::Status>, Receiver<Told>)> {
    let mut taken = Vec::new();
    if news.recv_many(&mut taken, NEWS).await == 0 {
        return None;
    }
    let response = wire::AttachResponse {
        news: taken.into_iter().map(convert::news).collect(),
    };
    Some((Ok(response), news))
}

async fn read(app: App, mut requests: Streaming<wire::AttachRequest>, reports: Sender<Report>) {
    // An error is the end of the connection: there is nobody left to tell.
    while let Ok(Some(request)) = requests.message().await {
        for report in request.reports {
            if let Some(report) = report.report.and_then(|kind| understand(&app, kind))
                && reports.send(report).await.is_err()
            {
                return;
            }
        }
    }
}

fn understand(app: &App, kind: Kind) -> Option<Report> {
    match kind {
        Kind::Connect(connect) => match app.signer.verify(&connect.caller) {
            Ok(Caller::User { user_id, .. }) => Some(Report::Connect {
                socket: connect.socket_id,
                user: user_id,
            }),
            Ok(_) | Err(_) => None,
        },
        Kind::Disconnect(disconnect) => Some(Report::Disconnect {
            socket: disconnect.socket_id,
        }),
        Kind::Watch(watch) => Some(match decode::users("user_ids", &watch.user_ids) {
            Ok(users) => Report::Watch {
                request: watch.request_id,
                socket: watch.socket_id,
                users,
            },
            Err(error) => Report::Refused {
                request: watch.request_id,
                error,
            },
        }),
        Kind::SetStatus(status) => Some(match decode::wish(&status) {
            Ok(change) => Report::SetStatus {
                request: status.request_id,
                socket: status.socket_id,
                change,
            },
            Err(error) => Report::Refused {
                request: status.request_id,
                error,
            },
        }),
        Kind::Beat(wire::Beat {}) => Some(Report::Beat),
    }
}

//! Who is here: sockets report that they opened and closed, what their people say of themselves and whom they watch; one stream carries that to the
//! presence service and its changes back. Owns what each socket was last told, so that nothing is told twice; judges nothing.

mod stream;
mod table;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kith_api::presence::v1::{self as wire, report::Report};
use kith_ids::UserId;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

pub(crate) use self::stream::Attachment;
use super::socket::Socket;

/// Where sockets report. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Presences(UnboundedSender<Submission>);

/// What a person chose to look like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnStatus {
    pub(crate) choice: Choice,
    /// Absent: stays as it is.
    pub(crate) custom: Option<Custom>,
}

/// The words of `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Online,
    Away,
    Invisible,
}

/// What a person says of themselves; an empty text is nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Custom {
    pub(crate) text: String,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
enum Submission {
    Opened(Arc<Socket>),
    Closed(u64),
    Watch {
        socket: Arc<Socket>,
        reference: String,
        user_ids: Vec<UserId>,
    },
    Status {
        socket: Arc<Socket>,
        reference: String,
        status: OwnStatus,
    },
}

/// A request that presence has not answered.
#[derive(Debug)]
struct Pending {
    socket: Arc<Socket>,
    /// None for a watch that is only taken up again.
    reference: Option<String>,
    deadline: Instant,
    /// To be said again on a new stream.
    report: Report,
}

impl Presences {
    /// The end that sockets use and the one of the stream.
    fn channel() -> (Self, UnboundedReceiver<Submission>) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), receiver)
    }

    /// A socket is authenticated.
    pub(crate) fn opened(&self, socket: &Arc<Socket>) {
        self.submit(Submission::Opened(socket.clone()));
    }

    /// It has closed.
    pub(crate) fn closed(&self, socket: &Socket) {
        self.submit(Submission::Closed(socket.id));
    }

    /// Replaces whom a socket watches; answered to its `ref`. The socket's own bound on unanswered requests bounds this queue.
    pub(crate) fn watch(&self, socket: &Arc<Socket>, reference: String, user_ids: Vec<UserId>) {
        socket.expect_answer();
        self.submit(Submission::Watch {
            socket: socket.clone(),
            reference,
            user_ids,
        });
    }

    /// Changes how a person looks; answered to its `ref`.
    pub(crate) fn set_status(&self, socket: &Arc<Socket>, reference: String, status: OwnStatus) {
        socket.expect_answer();
        self.submit(Submission::Status {
            socket: socket.clone(),
            reference,
            status,
        });
    }

    fn submit(&self, submission: Submission) {
        // Fails only when the node ends.
        let _ = self.0.send(submission);
    }
}

impl From<Choice> for wire::Choice {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Online => Self::Online,
            Choice::Away => Self::Away,
            Choice::Invisible => Self::Invisible,
        }
    }
}

impl From<Custom> for wire::Custom {
    fn from(custom: Custom) -> Self {
        Self {
            text: custom.text,
            expire_time: custom.expires_at.map(|at| prost_types::Timestamp {
                seconds: at.timestamp(),
                nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0),
            }),
        }
    }
}

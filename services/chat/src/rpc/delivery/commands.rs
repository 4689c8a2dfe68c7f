//! What the sockets of a gateway want: commands, decoded and handed to whoever does them.

mod worker;

use std::{collections::HashMap, sync::Arc};

use kith_api::chat::v1::{
    Attach, Command, MarkRoomAsDelivered, MarkRoomAsRead, SendMessageRequest, SetTyping,
    command::Command as Kind,
};
use kith_auth::Caller;
use kith_error::{Failure, Reason};
use tokio::sync::mpsc;
use tracing::Span;

use self::worker::{Task, Work, reply_failure, work};
use crate::{
    Error,
    app::{App, mark_room_as_delivered, send_message},
    lanes::{Replies, Responder},
    rpc::{convert, messages},
};

/// Workers for commands that ask the database: few, so that they leave connections for others.
const WORKERS: usize = 4;
/// Commands that wait for a worker; typing beyond that is dropped, reads are `unavailable`.
const WORKER_QUEUE: usize = 4_096;

/// The commands of one stream, and who its handles stand for.
pub(super) struct Commands {
    app: Arc<App>,
    callers: HashMap<u64, Result<Caller, Failure>>,
    replies: Replies,
    /// A room has always the same worker, which keeps the order of its reads, and of what is said of writing in it.
    workers: Vec<mpsc::Sender<Work>>,
}

impl Commands {
    pub(super) fn new(app: &Arc<App>, replies: Replies) -> Self {
        let workers = (0..WORKERS).map(|_| {
            let (sender, receiver) = mpsc::channel(WORKER_QUEUE);
            let worker = work(Arc::clone(app), receiver, replies.clone());
            app.tasks.spawn("chat.send_stream_worker", worker);
            sender
        });
        Self {
            workers: workers.collect(),
            callers: HashMap::new(),
            app: Arc::clone(app),
            replies,
        }
    }

    /// Does a command, or hands it on. Never waits.
    pub(super) fn run(&mut self, command: Command) {
        let Command {
            request_id,
            handle,
            command,
            traceparent,
        } = command;
        let span = command_span(traceparent.as_deref());
        let _entered = span.enter();
        let result = match command {
            Some(Kind::Attach(attach)) => {
                let caller = self.verify(&attach);
                self.callers.insert(handle, caller);
                return;
            }
            Some(Kind::Detach(_)) => {
                self.callers.remove(&handle);
                return;
            }
            Some(Kind::SendMessage(request)) => self.send_message(request_id, handle, request),
            Some(Kind::MarkRoomAsRead(request)) => self.read(request_id, handle, &request),
            Some(Kind::MarkRoomAsDelivered(request)) => self.delivered(handle, &request),
            Some(Kind::SetTyping(request)) => self.typing(request_id, handle, &request),
            // A newer gateway's command.
            None => Err(Failure::new(Reason::InvalidRequest, "unknown command").into()),
        };
        if let Err(error) = result {
            reply_failure(&self.replies, request_id, &error);
        }
    }

    fn verify(&self, attach: &Attach) -> Result<Caller, Failure> {
        self.app
            .signer
            .verify(&attach.caller)
            .map_err(|error| Failure::new(Reason::Unauthenticated, error.to_string()))
    }

    fn caller(&self, handle: u64) -> Result<&Caller, Error> {
        match self.callers.get(&handle) {
            Some(Ok(caller)) => Ok(caller),
            Some(Err(failure)) => Err(failure.clone().into()),
            None => Err(Failure::new(Reason::Unauthenticated, "the handle is not attached").into()),
        }
    }

    fn send_message(
        &self,
        request_id: u64,
        handle: u64,
        request: SendMessageRequest,
    ) -> Result<(), Error> {
        let caller = self.caller(handle)?;
        let draft = send_message::draft(&self.app, caller, messages::new_message(request)?)?;
        let responder = Responder::Stream {
            request_id,
            replies: self.replies.clone(),
        };
        self.app.lanes.submit(draft, responder);
        Ok(())
    }

    fn read(&self, request_id: u64, handle: u64, request: &MarkRoomAsRead) -> Result<(), Error> {
        self.hand_over(Work {
            request_id,
            user: self.caller(handle)?.acting_user()?,
            room: convert::id("room_id", &request.room_id)?,
            task: Task::Read(convert::seq(request.seq)),
        })
    }

    fn typing(&self, request_id: u64, handle: u64, request: &SetTyping) -> Result<(), Error> {
        self.hand_over(Work {
            request_id,
            user: self.caller(handle)?.acting_user()?,
            room: convert::id("room_id", &request.room_id)?,
            task: Task::Typing(request.active),
        })
    }

    fn delivered(&self, handle: u64, request: &MarkRoomAsDelivered) -> Result<(), Error> {
        let user = self.caller(handle)?.acting_user()?;
        let room = convert::id("room_id", &request.room_id)?;
        mark_room_as_delivered::mark_room_as_delivered(
            &self.app,
            user,
            room,
            convert::seq(request.seq),
        );
        Ok(())
    }

    fn hand_over(&self, work: Work) -> Result<(), Error> {
        let worker = usize::from(work.room.as_uuid().as_bytes()[15]) % self.workers.len();
        self.workers[worker]
            .try_send(work)
            .map_err(|_| Error::Unavailable("too many commands wait"))
    }
}

/// A command goes on in the trace of its frame, if that has one.
fn command_span(traceparent: Option<&str>) -> Span {
    if traceparent.is_none() {
        return Span::none();
    }
    let span = tracing::info_span!("chat.command");
    kith_telemetry::set_parent_from_traceparent(&span, traceparent);
    span
}

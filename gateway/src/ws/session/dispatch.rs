//! What each frame of an authenticated client leads to.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kith_api::chat::v1::{
    GetRoomEventsRequest, GetRoomEventsResponse, MarkRoomAsDelivered, MarkRoomAsRead, SetTyping,
    command,
};
use kith_auth::Caller;
use kith_error::{Failure, Reason};
use kith_ids::RoomId;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    BAD_FRAMES, Ending, Session,
    hello::{close_of_failure, expires_in},
    jobs::{Done, Job, Outcome},
    pace::TooFast,
};
use crate::{
    admission::Priority,
    wire,
    ws::{
        MAX_ANSWER, Node,
        close::Close,
        frames,
        framing::{Frame, Incoming},
        protocol::{self, ClientFrame, Notice, Refusal, Request},
        socket::Socket,
    },
};

impl<IO: AsyncRead + AsyncWrite + Unpin> Session<'_, IO> {
    /// Anything that a client sends is a sign of life, and costs something.
    pub(super) fn hear(&mut self, incoming: Incoming) -> Option<Ending> {
        self.timers.hear();
        let pace = match incoming {
            Incoming::Pong => return None,
            _ => self.pace.take(Instant::now()),
        };
        match (incoming, pace) {
            (_, Err(TooFast::Stop)) => Some(Ending::Ours(Close::RateLimited)),
            (Incoming::Text(text), Ok(())) => self.hear_text(&text),
            (Incoming::Text(text), Err(TooFast::Wait(wait))) => {
                let failure = Failure::new(Reason::RateLimited, "too many frames; slow down")
                    .with_retry_after(wait);
                let reference = match protocol::parse(&text) {
                    Ok(ClientFrame::Request(reference, _)) => Some(reference),
                    _ => None,
                };
                self.say(frames::err(reference.as_deref(), &failure));
                None
            }
            (Incoming::Ping(payload), Ok(())) => {
                self.say(Frame::pong(&payload));
                None
            }
            _ => None,
        }
    }

    fn hear_text(&mut self, text: &str) -> Option<Ending> {
        match protocol::parse(text) {
            Ok(ClientFrame::Request(reference, request)) => {
                self.request(reference, request);
                None
            }
            Ok(ClientFrame::Notice(notice)) => {
                self.notice(&notice);
                None
            }
            Ok(ClientFrame::Hello { reference, .. })
            | Err(Refusal::BadFields {
                reference,
                is_hello: true,
                ..
            }) => self.refuse(reference.as_deref(), "`hello` comes once"),
            Err(Refusal::BadFrame { reference, message }) => {
                self.refuse(reference.as_deref(), message)
            }
            Err(Refusal::BadFields {
                reference, failure, ..
            }) => {
                self.say(frames::err(reference.as_deref(), &failure));
                None
            }
        }
    }

    fn refuse(&mut self, reference: Option<&str>, message: &str) -> Option<Ending> {
        self.say(frames::err(
            reference,
            &Failure::new(Reason::BadFrame, message),
        ));
        self.bad_frames += 1;
        (self.bad_frames >= BAD_FRAMES).then_some(Ending::Told(Close::BadFrame))
    }

    fn request(&mut self, reference: String, request: Request) {
        match request {
            Request::Send(message) => match self.node.state.limits.message(self.socket().user_id) {
                Ok(()) => {
                    if let Ok(room_id) = message.room_id.parse() {
                        self.typing.sent(room_id);
                    }
                    self.command(&reference, command::Command::SendMessage(message));
                }
                Err(failure) => self.say(frames::err(Some(&reference), &failure)),
            },
            Request::Read { room_id, seq } => {
                let command = command::Command::MarkRoomAsRead(MarkRoomAsRead {
                    room_id: room_id.to_string(),
                    seq,
                });
                self.command(&reference, command);
            }
            Request::Watch { user_ids } => {
                if self.has_room(&reference, Priority::Presence) {
                    let presences = &self.node.presences;
                    presences.watch(self.socket(), reference, user_ids);
                }
            }
            Request::Status(status) => {
                if self.has_room(&reference, Priority::Presence) {
                    let presences = &self.node.presences;
                    presences.set_status(self.socket(), reference, status);
                }
            }
            Request::Ping => self.say(frames::ok(&reference, &frames::Nothing {})),
            Request::Fetch {
                room_id,
                after,
                limit,
            } => {
                let job = fetch(
                    self.node.clone(),
                    self.socket().clone(),
                    reference,
                    GetRoomEventsRequest {
                        room_id: room_id.to_string(),
                        after_seq: after,
                        limit,
                    },
                    room_id,
                );
                self.start(Box::pin(job));
            }
            Request::Reauth { token } => {
                let job =
                    reauthenticate(self.node.clone(), self.socket().clone(), reference, token);
                self.start(Box::pin(job));
            }
        }
    }

    /// Gives chat a command, unless too many wait for it already.
    fn command(&self, reference: &str, command: command::Command) {
        match self.node.state.admission.admit_send() {
            Ok(admitted) => {
                let sends = &self.node.sends;
                sends.request(self.socket(), reference, command, admitted);
            }
            Err(failure) => self.say(frames::err(Some(reference), &failure)),
        }
    }

    /// Whether the node has time for such a question; if not, the client is told.
    fn has_room(&self, reference: &str, priority: Priority) -> bool {
        let room = self.node.state.admission.has_room(priority);
        if let Err(failure) = &room {
            self.say(frames::err(Some(reference), failure));
        }
        room.is_ok()
    }

    fn notice(&mut self, notice: &Notice) {
        let command = match *notice {
            Notice::Delivered { room_id, seq } => {
                command::Command::MarkRoomAsDelivered(MarkRoomAsDelivered {
                    room_id: room_id.to_string(),
                    seq,
                })
            }
            Notice::Typing { room_id, active } => {
                let admission = &self.node.state.admission;
                if !self.typing.admit(room_id, active, Instant::now())
                    || admission.has_room(Priority::Presence).is_err()
                {
                    return;
                }
                command::Command::SetTyping(SetTyping {
                    room_id: room_id.to_string(),
                    active,
                })
            }
        };
        self.node.sends.notice(self.socket(), command);
    }

    /// Says again that the person writes, where they do: chat judges anew who may know.
    pub(super) fn type_again(&self, rooms: Vec<RoomId>) {
        for room_id in rooms {
            if self.typing.is_active(room_id) {
                let command = command::Command::SetTyping(SetTyping {
                    room_id: room_id.to_string(),
                    active: true,
                });
                self.node.sends.notice(self.socket(), command);
            }
        }
    }

    fn start(&mut self, job: Job) {
        self.socket().expect_answer();
        self.jobs.add(job);
    }

    /// The answer goes first: what a detached room sends again comes behind it.
    pub(super) fn finish_job(&mut self, done: Done) {
        self.answer(done.frame);
        match done.outcome {
            Outcome::Nothing => {}
            Outcome::Fetched { room_id, cursor } => {
                self.node.hub.rejoin_room(self.socket(), room_id, cursor);
            }
            Outcome::Renewed(expires_in) => self.timers.renew(expires_in),
        }
    }
}

async fn fetch(
    node: Arc<Node>,
    socket: Arc<Socket>,
    reference: String,
    request: GetRoomEventsRequest,
    room_id: RoomId,
) -> Done {
    let after = request.after_seq;
    let refused = |failure: &Failure| Done {
        frame: frames::err(Some(&reference), failure),
        outcome: Outcome::Nothing,
    };
    let page = match read_events(&node, &socket, request).await {
        Ok(page) => page,
        Err(failure) => return refused(&failure),
    };
    // After a restore the cursor and the page are of two logs: the same seq may be another event.
    if !node.hub.admits(page.epoch) {
        return refused(&Failure::unavailable(Duration::ZERO));
    }
    let cursor = page.events.last().map_or(after, |event| event.seq);
    let viewer = socket.user_id.to_string();
    let fetched = frames::Fetched {
        from_seq: page.from_seq,
        last_seq: page.last_seq,
        events: page
            .events
            .into_iter()
            .map(|event| wire::Event::new(event, Some(&viewer)))
            .collect(),
    };
    Done {
        frame: frames::ok(&reference, &fetched),
        outcome: if cursor >= page.last_seq {
            Outcome::Fetched { room_id, cursor }
        } else {
            Outcome::Nothing
        },
    }
}

async fn read_events(
    node: &Node,
    socket: &Socket,
    request: GetRoomEventsRequest,
) -> Result<GetRoomEventsResponse, Failure> {
    let _admitted = node.state.admission.admit(Priority::Ordinary)?;
    let (chat, caller) = (&node.state.chat, caller(socket));
    let answer = chat.repeat(|| async {
        let mut chat = chat.chat(&caller).max_decoding_message_size(MAX_ANSWER);
        chat.get_room_events(request.clone()).await
    });
    answer
        .await
        .map(tonic::Response::into_inner)
        .map_err(|status| Failure::from(&status))
}

/// A fresh token of the same person and session.
async fn reauthenticate(
    node: Arc<Node>,
    socket: Arc<Socket>,
    reference: String,
    token: String,
) -> Done {
    let refused = |failure: &Failure| Done {
        frame: frames::err(Some(&reference), failure),
        outcome: Outcome::Nothing,
    };
    let verified = match node.state.identity.verify_for_socket(&token).await {
        Ok(verified) => verified,
        Err(failure) => return refused(&as_auth_failed(failure)),
    };
    if verified.user_id != socket.user_id || verified.session_id != socket.session_id {
        return refused(&Failure::new(
            Reason::AuthFailed,
            "the token is of another user or session",
        ));
    }
    Done {
        frame: frames::ok(
            &reference,
            &frames::Reauthenticated {
                expires_at: verified.expires_at.into(),
            },
        ),
        outcome: Outcome::Renewed(expires_in(&node, &verified)),
    }
}

/// On the socket a token that does not hold is `auth_failed`.
fn as_auth_failed(failure: Failure) -> Failure {
    match close_of_failure(&failure) {
        Close::AuthFailed => Failure {
            reason: Reason::AuthFailed,
            ..failure
        },
        _ => failure,
    }
}

fn caller(socket: &Socket) -> Caller {
    Caller::User {
        user_id: socket.user_id,
        session_id: socket.session_id,
    }
}

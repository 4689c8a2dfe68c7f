//! The beginning of a socket: `hello` within its time, a token that holds, a place among the person's sockets; then one
//! snapshot of chat, `ready`, what the device missed, and a seat in everything.

use std::{sync::Arc, time::Duration};

use kith_api::chat::v1::{
    Cursors, Membership, SyncRequest, SyncResponse, UserEvent, user_event_body::Body,
};
use kith_auth::Caller;
use kith_delivery::{Told, in_telling_order};
use kith_error::{Failure, Reason};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::{BAD_FRAMES, Ending};
use crate::{
    identity::Verified,
    wire,
    ws::{
        MAX_ANSWER, Node,
        close::Close,
        close_of, frames,
        framing::{Frame, Incoming},
        protocol::{self, ClientFrame, Hello, Refusal, Resume},
        registry::Registered,
        socket::Socket,
        transport::Transport,
    },
};

/// How long a client may take to say who it is.
const HELLO: Duration = Duration::from_secs(10);

/// A socket whose `ready` is on its way.
pub(super) struct Opened {
    pub(super) registered: Registered,
    pub(super) expires_in: Duration,
    pub(super) bad_frames: u32,
}

/// Brings a connection to `ready`. `token` is the one of the `Authorization` header.
pub(super) async fn receive<IO>(
    transport: &mut Transport<IO>,
    node: &Arc<Node>,
    token: Option<String>,
) -> Result<Opened, Ending>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut bad_frames = 0;
    let hello = tokio::select! {
        hello = timeout(HELLO, await_hello(transport, &mut bad_frames)) => {
            hello.map_err(|_| Ending::Ours(Close::HelloTimeout))??
        }
        () = node.state.draining.signalled() => return Err(Ending::Ours(Close::Draining)),
    };
    let opening = open(transport, node, hello.token.or(token), hello.resume).await;
    opening
        .map(|(registered, expires_in)| Opened {
            registered,
            expires_in,
            bad_frames,
        })
        .map_err(|failure| {
            let close = close_of_failure(&failure);
            // All but one have their own words.
            if close != Close::Internal {
                return Ending::Ours(close);
            }
            transport.say(frames::err(None, &failure));
            Ending::Told(close)
        })
}

async fn await_hello<IO>(
    transport: &mut Transport<IO>,
    bad_frames: &mut u32,
) -> Result<Hello, Ending>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let text = match transport.next().await.map_err(Ending::Theirs)? {
            Incoming::Text(text) => text,
            Incoming::Ping(payload) => {
                transport.say(Frame::pong(&payload));
                continue;
            }
            _ => continue,
        };
        let (reference, message) = match protocol::parse(&text) {
            Ok(ClientFrame::Hello { hello, .. }) => return Ok(hello),
            Err(Refusal::BadFields {
                is_hello: true,
                failure,
                ..
            }) => {
                // A failed hello ends the connection, and the same again would fail again: stop.
                transport.say(frames::err(None, &failure));
                return Err(Ending::Told(Close::BadFrame));
            }
            Err(Refusal::BadFrame { reference, message }) => (reference, message),
            Ok(ClientFrame::Request(reference, _)) => (Some(reference), "`hello` comes first"),
            Ok(ClientFrame::Notice(_)) => (None, "`hello` comes first"),
            Err(Refusal::BadFields { reference, .. }) => (reference, "`hello` comes first"),
        };
        let failure = Failure::new(Reason::BadFrame, message);
        transport.say(frames::err(reference.as_deref(), &failure));
        *bad_frames += 1;
        if *bad_frames >= BAD_FRAMES {
            return Err(Ending::Told(Close::BadFrame));
        }
    }
}

async fn open<IO>(
    transport: &mut Transport<IO>,
    node: &Arc<Node>,
    token: Option<String>,
    resume: Option<Resume>,
) -> Result<(Registered, Duration), Failure>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let token = token.ok_or_else(|| Failure::new(Reason::AuthFailed, "no access token"))?;
    let verified = node.state.identity.verify_for_socket(&token).await?;
    let registered = node
        .registry
        .open(verified.user_id, verified.session_id)
        .ok_or_else(|| Failure::new(Reason::TooManyDevices, "too many open sockets"))?;
    // The session may have ended before the socket could be found by those who close it.
    if let Some(cause) = node.state.identity.revocation(verified.session_id) {
        let reason = match close_of(cause) {
            Close::AccountDisabled => Reason::AccountDisabled,
            _ => Reason::Revoked,
        };
        return Err(Failure::new(reason, "the session has ended"));
    }
    let socket = &registered.socket;
    // Known to be here before the client knows it: whoever is told of the client's `ready` sees its person.
    node.presences.opened(socket);
    let prepared = prepare(transport, node, socket, resume).await;
    if let Err(failure) = prepared {
        node.hub.leave(socket);
        node.presences.closed(socket);
        return Err(failure);
    }
    Ok((registered, expires_in(node, &verified)))
}

/// Subscribe, then read: what commits after the snapshot is either in a log that is followed already or found behind its
/// head. The seats fill the socket's queue, which is written only after `ready` and what was missed.
async fn prepare<IO>(
    transport: &mut Transport<IO>,
    node: &Arc<Node>,
    socket: &Arc<Socket>,
    resume: Option<Resume>,
) -> Result<(), Failure>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let is_foreign = matches!(resume, Some(Resume::ForeignEpoch));
    let cursors = match resume {
        Some(Resume::From(cursors)) => Some(cursors),
        _ => None,
    };
    let is_resuming = cursors.is_some();
    let snapshot = node
        .hub
        .open(socket, async || sync(node, socket, cursors).await)
        .await?;
    transport.say(ready(node, socket, &snapshot));
    if is_foreign || snapshot.cursor_invalid {
        let failure = Failure::new(
            Reason::CursorInvalid,
            "the cursors are not of this log; start from what `ready` says",
        );
        transport.say(frames::err(None, &failure));
    } else if is_resuming {
        tell_missed(transport, socket, snapshot);
    }
    Ok(())
}

async fn sync(
    node: &Node,
    socket: &Socket,
    cursors: Option<Cursors>,
) -> Result<SyncResponse, Failure> {
    // Many devices that come back at once must not take the database away from those that are here.
    let _permit = node.hub.reading_permit().await;
    let (chat, request) = (&node.state.chat, SyncRequest { cursors });
    let caller = Caller::User {
        user_id: socket.user_id,
        session_id: socket.session_id,
    };
    let answer = chat.repeat(|| async {
        let mut chat = chat.chat(&caller).max_decoding_message_size(MAX_ANSWER);
        chat.sync(request.clone()).await
    });
    answer
        .await
        .map(tonic::Response::into_inner)
        .map_err(|status| Failure::from(&status))
}

fn ready(node: &Node, socket: &Socket, snapshot: &SyncResponse) -> Frame {
    let head = |membership: &Membership| (membership.room_id.clone(), membership.last_seq);
    frames::ready(&frames::Ready {
        session_id: socket.session_id.to_string(),
        user_id: socket.user_id.to_string(),
        epoch: snapshot.epoch,
        useq: snapshot.useq,
        heartbeat_ms: u64::try_from(node.state.config.heartbeat.as_millis()).unwrap_or(u64::MAX),
        server_time: node.state.clock.now().into(),
        rooms: snapshot
            .memberships
            .iter()
            .take(frames::MAX_ROOMS)
            .map(head)
            .collect(),
        limits: frames::Limits::new(node.state.limits.frames_per_socket()),
    })
}

fn tell_missed<IO>(transport: &mut Transport<IO>, socket: &Socket, snapshot: SyncResponse)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let viewer = socket.user_id.to_string();
    let told = in_telling_order(
        snapshot.events,
        snapshot.user_events,
        |event| event.room_id.clone(),
        turn_of,
    );
    for missed in told {
        transport.say(match missed {
            Told::Room(event) => frames::event(&wire::Event::new(event, Some(&viewer))),
            Told::User(event) => frames::user(&wire::UserEvent::new(event)),
        });
    }
    transport.say(frames::resumed(&frames::Resumed {
        useq: snapshot.useq,
        too_long: snapshot.too_long.into_iter().map(Into::into).collect(),
        user_too_long: snapshot.user_too_long,
    }));
}

/// The room that an entry of a person's log begins or ends.
fn turn_of(event: &UserEvent) -> Option<(String, bool)> {
    match event.body.as_ref()?.body.as_ref()? {
        Body::RoomAdded(room) => Some((room.room_id.clone(), false)),
        Body::RoomRemoved(removed) => Some((removed.room_id.clone(), true)),
        _ => None,
    }
}

/// How a failed `hello` ends the connection.
pub(super) fn close_of_failure(failure: &Failure) -> Close {
    match failure.reason {
        Reason::TokenExpired => Close::TokenExpired,
        Reason::Unauthenticated | Reason::AuthFailed | Reason::Forbidden => Close::AuthFailed,
        Reason::Revoked => Close::Revoked,
        Reason::AccountDisabled => Close::AccountDisabled,
        Reason::TooManyDevices => Close::TooManyDevices,
        _ => Close::Internal,
    }
}

/// From now to the end of the token.
pub(super) fn expires_in(node: &Node, verified: &Verified) -> Duration {
    (verified.expires_at - node.state.clock.now())
        .to_std()
        .unwrap_or_default()
}

//! What accounts says to friends and chat: its calls out, encoded.

use kith_api::{chat::v1 as chat, chat::v1::user_event_body::Body, friends::v1 as friends};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_error::Failure;
use kith_ids::{SessionId, UserId};
use tonic::Status;

use super::convert;
use crate::{domain::user::User, store::outbox::Target};

/// Tells a sibling how users are now. It ignores versions that it knows.
pub(crate) async fn tell_users(
    target: Target,
    sibling: &Upstream,
    users: Vec<User>,
) -> Result<(), Failure> {
    let users = users.into_iter().map(convert::user).collect();
    let told = match target {
        Target::Friends => {
            let request = friends::ApplyUsersRequest { users };
            sibling.friends(&caller()).apply_users(request).await.err()
        }
        Target::Chat => {
            let request = chat::ApplyUsersRequest { users };
            let mut chat = sibling.chat_ingest(&caller());
            chat.apply_users(request).await.err()
        }
    };
    refusal(told)
}

/// Tells chat that sessions ended, for their users' own logs. It takes each session once.
pub(crate) async fn tell_sessions_ended(
    chat: &Upstream,
    ended: &[(UserId, SessionId)],
) -> Result<(), Failure> {
    let events = ended.iter().map(|(user_id, session_id)| {
        let revoked = chat::SessionRevoked {
            session_id: session_id.to_string(),
        };
        chat::SourcedUserEvent {
            user_id: user_id.to_string(),
            source_event_id: format!("session-{session_id}"),
            body: Some(chat::UserEventBody {
                body: Some(Body::SessionRevoked(revoked)),
            }),
        }
    });
    let request = chat::AppendUserEventsRequest {
        source: "accounts".to_owned(),
        events: events.collect(),
    };
    let mut chat = chat.chat_ingest(&caller());
    refusal(chat.append_user_events(request).await.err())
}

fn caller() -> Caller {
    Caller::node("accounts")
}

fn refusal(status: Option<Status>) -> Result<(), Failure> {
    status.map_or(Ok(()), |status| Err(Failure::from(&status)))
}

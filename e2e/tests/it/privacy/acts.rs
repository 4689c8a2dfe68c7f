//! What the actors of the matrix do, and how it went in a word.

use kith_sdk::{
    model::{RoomId, ServerFrame},
    outbox::fresh_client_id,
    rest::{ApiError, MessagePost, NewGroup, Paging, Requested, Window},
};

use super::{Actor, Other};
use crate::contacts::Salt;

/// Does it, and says in a word how it went.
pub(super) async fn run(act: &str, actor: &Actor, other: &Other, room: RoomId) -> String {
    let api = &actor.person.api;
    let text = || MessagePost {
        client_id: fresh_client_id(),
        text: "hello".to_owned(),
        reply_to: None,
    };
    match act {
        "see profile" => api.user(other.new.id()).await.unwrap().relation,
        "open a room" => word(api.direct_room(other.new.id()).await),
        "write" => word(api.post_message(room, &text()).await),
        "write live" => {
            let device = actor.person.device().await;
            match device.send(room, "hello").await {
                Ok(_) => "yes".to_owned(),
                Err(error) => short(error.code()),
            }
        }
        "read old" => word(api.messages(room, Window::Newest, None).await),
        "type" => yes(types(actor, other, room).await),
        "type in group" => yes(types(actor, other, actor.shared).await),
        "find" => {
            let everybody = Paging::default();
            let found = api.search_users(&other.new.username, &everybody).await;
            let found = found.unwrap().items;
            yes(found.iter().any(|user| user.id == other.new.id()))
        }
        "be suggested" => {
            let suggested = api.suggestions(&Paging::default()).await.unwrap().items;
            yes(suggested.iter().any(|one| one.user.id == other.new.id()))
        }
        "match contact" => {
            let contact = format!("tel:{}", other.setting);
            let salt = Salt::read(&actor.person).await;
            yes(!salt.ask(&actor.person, &[&contact]).await.is_empty())
        }
        "make a group" => {
            let group = NewGroup {
                name: "With them".to_owned(),
                participant_ids: vec![other.new.id()],
                client_id: None,
            };
            word(api.create_group(&group).await)
        }
        "add to group" => word(api.add_participants(actor.group, &[other.new.id()]).await),
        "ask" => word(
            api.request_friend(other.new.id(), None)
                .await
                .map(|asked| assert!(matches!(asked, Requested::Pending(_)))),
        ),
        unknown => panic!("the table has an unknown act: {unknown}"),
    }
}

/// Whether the other one sees that the actor writes.
async fn types(actor: &Actor, other: &Other, room: RoomId) -> bool {
    let writing = actor.person.device().await;
    let listening = other.old.device().await;

    writing.link.typing(room, true).unwrap();
    // Done after what came before it in this room; and what comes after that reaches the other one later.
    writing.link.read(room, 1).await.unwrap();
    let last = kith_e2e::post(&other.old, other.alone, "that was it").await;
    listening.wait_event(other.alone, last.seq).await;

    listening.frames().iter().any(|frame| {
        matches!(frame, ServerFrame::Typing(typing)
            if typing.active && typing.room_id == room && typing.user_id == actor.person.id())
    })
}

fn yes(holds: bool) -> String {
    if holds { "yes" } else { "no" }.to_owned()
}

fn word<T>(answer: Result<T, ApiError>) -> String {
    answer.map_or_else(|error| short(error.code()), |_| "yes".to_owned())
}

fn short(code: Option<&str>) -> String {
    match code {
        Some("not_allowed_by_privacy") => "privacy".to_owned(),
        code => code.unwrap_or("nothing").to_owned(),
    }
}

//! What a device lacks, in one answer.

use std::collections::HashMap;

use axum::{Json as Answer, extract::State};
use kith_api::chat::v1::{Cursors, SyncRequest};
use kith_error::{Failure, Reason};
use kith_ids::RoomId;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    error::Problem,
    extract::{Caller, Json},
    read::{Fields, Read},
    state::AppState,
    upstream::repeatable,
    wire,
};

/// Cursors of one call.
const ROOMS: usize = 500;

/// What a device has applied, as in `resume`.
#[derive(ToSchema)]
#[schema(as = SyncRequest)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sync {
    /// That of `ready`, of any room or of the last sync.
    #[schema(value_type = u64)]
    epoch: Epoch,
    useq: u64,
    /// Room id to last applied seq, 0 for none; at most 500.
    rooms: HashMap<String, u64>,
}

/// An epoch as a client gives it back.
#[derive(Clone, Copy)]
enum Epoch {
    Known(u64),
    /// No number of ours: of another installation, or of another time.
    Foreign,
}

impl Read for Sync {
    fn read(fields: &mut Fields) -> Self {
        let epoch = fields.required("epoch");
        Self {
            epoch: epoch.map_or(Epoch::Foreign, |value| epoch_of(fields, &value)),
            useq: fields.seq("useq"),
            rooms: rooms(fields),
        }
    }
}

/// What the caller's device lacks, and where everything stands.
#[utoipa::path(
    post, path = "/api/v1/chat/sync", tag = "chat", request_body = Sync,
    responses((status = 200, body = wire::Sync)),
)]
pub(crate) async fn sync(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<Sync>,
) -> Result<Answer<wire::Sync>, Problem> {
    let call = SyncRequest {
        cursors: Some(body.cursors()?),
    };
    let answer = repeatable(&state.chat, || async {
        let mut chat = state.chat.chat(&caller.context);
        chat.sync(call.clone()).await
    })
    .await?;
    if answer.cursor_invalid {
        return Err(cursor_invalid().into());
    }
    Ok(Answer(wire::Sync::for_viewer(answer, &caller.user)))
}

impl Sync {
    fn cursors(self) -> Result<Cursors, Failure> {
        match self.epoch {
            Epoch::Foreign => Err(cursor_invalid()),
            Epoch::Known(epoch) => Ok(Cursors {
                epoch,
                useq: self.useq,
                room_seqs: self.rooms,
            }),
        }
    }
}

/// Any number or text is an epoch, if not one of ours.
fn epoch_of(fields: &mut Fields, value: &Value) -> Epoch {
    let known = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => {
            fields.wrong("epoch", "invalid", "must be a number");
            None
        }
    };
    known.map_or(Epoch::Foreign, Epoch::Known)
}

fn rooms(fields: &mut Fields) -> HashMap<String, u64> {
    let given = match fields.required("rooms") {
        None => return HashMap::new(),
        Some(Value::Object(given)) => given,
        Some(_) => {
            fields.wrong("rooms", "invalid", "must be an object of room ids and seqs");
            return HashMap::new();
        }
    };
    if given.len() > ROOMS {
        fields.wrong("rooms", "too_long", "must have at most 500 rooms");
        return HashMap::new();
    }
    let mut rooms = HashMap::with_capacity(given.len());
    for (index, (room, seq)) in given.into_iter().enumerate() {
        // A bad key is named by its place: it is the client's own text, of any length.
        let name = format!("rooms[{index}]");
        let room = fields.id_of::<RoomId>(&name, &Value::String(room));
        let seq = fields.seq_of(&name, &seq);
        rooms.extend(room.zip(seq));
    }
    rooms
}

fn cursor_invalid() -> Failure {
    Failure::new(
        Reason::CursorInvalid,
        "the cursors are of another epoch or beyond a log; start without them",
    )
}

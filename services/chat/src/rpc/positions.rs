//! Read and delivered positions.

use kith_api::chat::v1::{
    self, GetMessageReceiptsRequest, GetMessageReceiptsResponse, MarkMessageAsReadRequest,
    MarkMessageAsReadResponse,
};
use kith_api::common::v1::PageResponse;
use tonic::Request;

use super::convert::{acting_user, id};
use crate::{
    Error,
    app::{
        App,
        get_message_receipts::{self, MessageReceipt},
        mark_message_as_read,
    },
    wire::{room::count, seq, timestamp},
};

pub(super) async fn mark_message_as_read(
    app: &App,
    request: Request<MarkMessageAsReadRequest>,
) -> Result<MarkMessageAsReadResponse, Error> {
    let caller = acting_user(&request)?;
    let message = id("message_id", &request.get_ref().message_id)?;
    let position = mark_message_as_read::mark_message_as_read(app, caller, message).await?;
    Ok(MarkMessageAsReadResponse {
        room_id: position.room_id.to_string(),
        last_read_seq: seq(position.last_read_seq),
        unread_count: count(position.unread_count),
    })
}

pub(super) async fn get_message_receipts(
    app: &App,
    request: Request<GetMessageReceiptsRequest>,
) -> Result<GetMessageReceiptsResponse, Error> {
    let caller = acting_user(&request)?;
    let request = request.into_inner();
    let message = id("message_id", &request.message_id)?;
    let page = request.page.unwrap_or_default();
    let wanted = (page.page_size, page.page_token.as_str());
    let page = get_message_receipts::get_message_receipts(app, caller, message, wanted).await?;
    Ok(GetMessageReceiptsResponse {
        receipts: page.receipts.iter().map(receipt).collect(),
        page: Some(PageResponse {
            next_page_token: page.next.unwrap_or_default(),
        }),
    })
}

fn receipt(receipt: &MessageReceipt) -> v1::MessageReceipt {
    v1::MessageReceipt {
        user_id: receipt.user_id.to_string(),
        delivery_time: receipt.delivered_at.map(timestamp),
        read_time: receipt.read_at.map(timestamp),
    }
}

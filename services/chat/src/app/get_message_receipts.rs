//! Tells who of the others got and read a message, and when.

use chrono::{DateTime, Utc};
use kith_ids::{MessageId, UserId};
use kith_postgres::page;

use crate::{
    Error,
    app::App,
    domain::coalesce::Mark,
    store::positions::{self, MessagePlace, ReceiptRow, WantedReceipts},
};

/// How one of the others stands on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageReceipt {
    pub(crate) user_id: UserId,
    pub(crate) delivered_at: Option<DateTime<Utc>>,
    pub(crate) read_at: Option<DateTime<Utc>>,
}

/// A page of receipts, and the cursor of the next.
#[derive(Debug)]
pub(crate) struct ReceiptPage {
    pub(crate) receipts: Vec<MessageReceipt>,
    pub(crate) next: Option<String>,
}

/// Everybody but the sender who can see the message, by time of joining. Of those who hide what they read, and to those who hide it themselves,
/// only the arrival is told; of those across a block nothing.
pub(crate) async fn get_message_receipts(
    app: &App,
    caller: UserId,
    message: MessageId,
    (page_size, page_token): (u32, &str),
) -> Result<ReceiptPage, Error> {
    let scope = format!("receipts:{message}:{caller}");
    let size = page::size(page_size);
    let mut db = app.pool.acquire().await?;
    let place = positions::find_message(&mut db, message, caller)
        .await?
        .ok_or(Error::MessageNotFound)?;
    let after = app.cursors.decode::<(i64, UserId)>(&scope, page_token)?;
    let wanted = WantedReceipts {
        message: place,
        viewer: caller,
        after: after.unwrap_or(WantedReceipts::START),
        most: i64::from(size) + 1,
    };
    let mut rows = positions::list_receipts(&mut db, wanted).await?;
    let more = page::has_more(&mut rows, size);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| app.cursors.encode(&scope, &(last.joined_seq, last.user_id)));
    let receipts = rows.iter().map(|row| receipt(app, caller, place, row));
    Ok(ReceiptPage {
        receipts: receipts.collect(),
        next,
    })
}

fn receipt(app: &App, caller: UserId, place: MessagePlace, row: &ReceiptRow) -> MessageReceipt {
    let pending = app.positions.find(place.room_id, row.user_id);
    let reached = |mark: Option<Mark>| {
        mark.filter(|mark| mark.seq >= place.seq)
            .map(|mark| mark.at)
    };
    let read_at = row.read_at.or_else(|| reached(pending.read));
    let delivered_at = row.delivered_at.or_else(|| reached(pending.delivered));
    // The stored arrival is that of the newest advance; what was read before that had arrived by then.
    let delivered_at = match (delivered_at, read_at) {
        (Some(delivered), Some(read)) => Some(delivered.min(read)),
        (delivered, read) => delivered.or(read),
    };
    let is_self = row.user_id == caller;
    MessageReceipt {
        user_id: row.user_id,
        delivered_at: delivered_at.filter(|_| is_self || !row.blocked),
        read_at: read_at.filter(|_| is_self || (row.read_receipts && !row.blocked)),
    }
}

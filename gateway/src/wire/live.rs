//! What is shown live and never replayed: receipts and typing.

use kith_api::chat::v1;
use serde::Serialize;

use super::Time;

/// Somebody's position moved; the `receipt` frame without its `t`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Receipt {
    pub(crate) room_id: String,
    pub(crate) user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivered_seq: Option<u64>,
    pub(crate) at: Time,
}

/// Somebody writes; the `typing` frame without its `t`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Typing {
    pub(crate) room_id: String,
    pub(crate) user_id: String,
    pub(crate) active: bool,
}

impl From<v1::Receipt> for Receipt {
    fn from(receipt: v1::Receipt) -> Self {
        Self {
            room_id: receipt.room_id,
            user_id: receipt.user_id,
            read_seq: receipt.read_seq,
            delivered_seq: receipt.delivered_seq,
            at: Time::required(receipt.time),
        }
    }
}

impl From<v1::Typing> for Typing {
    fn from(typing: v1::Typing) -> Self {
        Self {
            room_id: typing.room_id,
            user_id: typing.user_id,
            active: typing.active,
        }
    }
}

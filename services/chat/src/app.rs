//! What the use cases need; one use case a file below.

pub(crate) mod ack_feed;
pub(crate) mod add_participants;
pub(crate) mod append_user_events;
pub(crate) mod apply_pairs;
pub(crate) mod apply_read_receipts;
pub(crate) mod apply_users;
pub(crate) mod consume_feed;
pub(crate) mod create_direct_chat_room;
pub(crate) mod create_group_chat_room;
pub(crate) mod delete_feed_consumer;
pub(crate) mod feed;
pub(crate) mod get_chat_room;
pub(crate) mod get_companions;
pub(crate) mod get_feed_consumers;
pub(crate) mod get_heads;
pub(crate) mod get_message_receipts;
pub(crate) mod get_participants;
pub(crate) mod get_room_events;
pub(crate) mod get_room_messages;
pub(crate) mod get_user_chat_rooms;
pub(crate) mod judge_additions;
pub(crate) mod learn_users;
pub(crate) mod mark_message_as_read;
pub(crate) mod mark_room_as_delivered;
pub(crate) mod mark_rooms_as_read;
pub(crate) mod positions;
pub(crate) mod relay_feed;
pub(crate) mod remove_participant;
pub(crate) mod room_views;
pub(crate) mod send_message;
pub(crate) mod set_typing;
pub(crate) mod stays;
pub(crate) mod sync;
pub(crate) mod update_chat_room;
pub(crate) mod update_participant_role;
pub(crate) mod update_room_settings;
pub(crate) mod user_events;
pub(crate) mod watch_rooms;
pub(crate) mod write_positions;
pub(crate) mod write_positions_together;

use std::sync::Arc;

use kith_auth::CallerSigner;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_postgres::page::Cursors;
use kith_runtime::Tasks;
use sqlx::PgPool;
use tokio::sync::{Semaphore, watch};

use crate::{Config, fanout::Fanout, lanes::Lanes};

/// The service's state. Shared by all calls.
pub(crate) struct App {
    pub(crate) pool: PgPool,
    /// For resumes and what gateways ask; the lanes have theirs of it.
    pub(crate) reserved: PgPool,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) tasks: Tasks,
    /// Makes and reads page cursors.
    pub(crate) cursors: Cursors,
    /// Verifies the callers that sockets attach.
    pub(crate) signer: CallerSigner,
    /// Keys the hash of message bodies, so that a deleted text cannot be guessed from it.
    pub(crate) body_key: [u8; 32],
    /// To the gateways' streams and the other chat nodes; call it after the commit.
    pub(crate) fanout: Fanout,
    /// The log's epoch, as far as this node has heard.
    pub(crate) epoch: watch::Receiver<u64>,
    /// Where sends are batched.
    pub(crate) lanes: Lanes,
    /// Read and delivered positions on their way into the tables.
    pub(crate) positions: positions::Positions,
    /// The relay of the feed, and who listens to it.
    pub(crate) feed: feed::Feed,
    /// Devices that come back.
    pub(crate) syncs: sync::Syncs,
    /// Places for streams of rooms.
    pub(crate) watchers: Arc<Semaphore>,
    pub(crate) accounts: Upstream,
    pub(crate) friends: Upstream,
}

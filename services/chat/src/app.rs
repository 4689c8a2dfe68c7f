//! What the use cases need; one use case a file below.

pub(crate) mod get_room_events;
pub(crate) mod get_room_messages;
pub(crate) mod send_message;
pub(crate) mod set_typing;
pub(crate) mod sync;

use kith_auth::CallerSigner;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_postgres::page::Cursors;
use kith_runtime::Tasks;
use sqlx::PgPool;
use tokio::sync::watch;

use crate::{Config, fanout::Fanout, lanes::Lanes};

/// The service's state. Shared by all calls.
pub(crate) struct App {
    pub(crate) pool: PgPool,
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
    /// Where sends are batched.
    pub(crate) lanes: Lanes,
    /// The log's epoch as this node last saw it.
    pub(crate) epoch: watch::Receiver<u64>,
    pub(crate) accounts: Upstream,
    pub(crate) friends: Upstream,
}

impl App {
    /// The log's epoch as this node last saw it.
    pub(crate) fn epoch(&self) -> u64 {
        *self.epoch.borrow()
    }
}

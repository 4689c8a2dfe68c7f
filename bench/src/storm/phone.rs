//! A device as an app has it: the SDK's client, which connects, comes back, resumes and repairs by itself. It has to show each event of a room once and
//! in order.

use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use kith_sdk::{
    client::{Client, Update, Updates},
    model::Session,
    rest::Api,
    store::MemoryStore,
};

use super::tally::{Cursors, Shared, lock};

/// A device, and where it reads.
pub(super) struct Phone {
    servers: [Api; 2],
    session: Session,
    shared: Arc<Shared>,
    cursors: Arc<Mutex<Cursors>>,
}

impl Phone {
    pub(super) fn new(servers: [Api; 2], session: &Session, shared: &Arc<Shared>) -> Self {
        Self {
            servers,
            session: session.clone(),
            shared: Arc::clone(shared),
            cursors: shared.cursors(),
        }
    }

    /// Is switched on, and stays.
    pub(super) async fn live(self) -> anyhow::Result<()> {
        let store = MemoryStore::default();
        let (client, updates) = Client::sign_in(&self.servers, &self.session, store).await?;
        tokio::join!(self.listen(updates), self.count(client));
        Ok(())
    }

    async fn listen(&self, mut updates: Updates) {
        while let Some(update) = updates.next().await {
            let mut cursors = lock(&self.cursors);
            match update {
                Update::StartOver(ready) => {
                    let heads = ready.rooms.iter();
                    cursors.rooms = heads.map(|(room, seq)| (room.to_string(), *seq)).collect();
                }
                Update::Event(event) => {
                    self.shared
                        .apply(&mut cursors, &event.room_id.to_string(), event.seq);
                }
                Update::Skipped { room, last_seq } => {
                    cursors.rooms.insert(room.to_string(), last_seq);
                }
                _ => {}
            }
        }
    }

    async fn count(&self, client: Client) {
        while let Ok(link) = client.live().await {
            // The client has not noticed its end yet.
            if link.closed().now_or_never().is_some() {
                tokio::task::yield_now().await;
                continue;
            }
            self.shared.count_live();
            link.closed().await;
            self.shared.count_lost();
        }
    }
}

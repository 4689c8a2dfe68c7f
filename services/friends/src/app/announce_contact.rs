//! Tells those who wait for somebody that they can be matched now.

use std::collections::BTreeSet;

use kith_ids::UserId;

use super::{App, Result, notices::Notices};
use crate::{
    domain::{contact::HASH_LENGTH, event::UserEvent, privacy::Permission},
    store::{
        self, contacts,
        outbox::{self, Entry},
        people, privacy,
    },
};

/// People told in one transaction.
const BATCH: i64 = 100;

impl App {
    /// Tells everybody who waits, may find them, and is no friend yet. Who is told waits no more, so that a repetition tells nobody twice, and
    /// whoever opts in and out again and again is news once.
    pub(crate) async fn announce_contact(&self, entry: &Entry) -> Result<()> {
        let joined = entry.user;
        let digests: Vec<Vec<u8>> = entry
            .payload
            .chunks_exact(HASH_LENGTH)
            .map(<[u8]>::to_vec)
            .collect();
        let mut after = None;
        loop {
            let mut tx = store::begin(&self.pool).await?;
            // They may have opted out again, or be gone.
            let here = contacts::list_matches(&mut tx, self.salt_key(), &digests, i64::MAX).await?;
            let here = here.into_iter().filter(|one| one.user == joined);
            let digests: Vec<Vec<u8>> = here.map(|one| one.digest).collect();
            let waiting =
                contacts::lock_waiting(&mut tx, self.salt_key(), &digests, after, BATCH).await?;
            let Some(last) = waiting.last().copied() else {
                outbox::delete(&mut tx, &[entry.id]).await?;
                store::commit(tx).await?;
                return Ok(());
            };
            let mut notices = Notices::new(self);
            let mut told = Vec::new();
            for waiter in waiting.into_iter().collect::<BTreeSet<_>>() {
                let targets = privacy::list_targets(&mut tx, waiter, &[joined], true).await?;
                let Some(target) = targets.first() else {
                    continue;
                };
                if !target.settings.permits(Permission::Find, target.closeness) {
                    continue;
                }
                told.push(waiter);
                if target.closeness.friends {
                    continue;
                }
                if let Some(person) = people::find(&mut tx, waiter, joined).await? {
                    notices.event(waiter, &UserEvent::ContactJoined(person));
                }
            }
            contacts::delete_waiting(&mut tx, &digests, &told).await?;
            notices.write(&mut tx).await?;
            store::commit(tx).await?;
            self.wake.notify_one();
            after = Some(last);
        }
    }

    /// Withdraws every wish to be told.
    pub(crate) async fn remove_awaited_contacts(&self, user: UserId) -> Result<()> {
        let mut conn = store::acquire(&self.pool).await?;
        Ok(contacts::delete_awaited(&mut conn, user).await?)
    }
}

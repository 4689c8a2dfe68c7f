//! Changing privacy settings.

use kith_ids::UserId;

use super::{App, Result, notices::Notices};
use crate::{
    domain::{
        event::UserEvent,
        privacy::{Privacy, PrivacyChange},
        visibility::VisibilityChange,
    },
    error::Error,
    store::{
        self, findable,
        outbox::Kind,
        privacy::{self, VersionedPrivacy},
        users,
    },
};

impl App {
    /// Changes settings; what chat must heed holds there before this returns.
    pub(crate) async fn update_privacy_settings(
        &self,
        user: UserId,
        change: PrivacyChange,
    ) -> Result<Privacy> {
        self.know_users(&[user]).await?;

        let mut tx = store::begin(&self.pool).await?;
        // Alone: acts on this person's pairs hold them shared, so each is judged either before this change and judged again
        // below, or by it.
        let profile = users::lock(&mut tx, user)
            .await?
            .filter(|profile| !profile.deleted)
            .ok_or(Error::UserNotFound)?;
        let before = privacy::find(&mut tx, user).await?;
        let after = VersionedPrivacy {
            settings: before.settings.with(change),
            version: before.version + 1,
        };
        let mut notices = Notices::new(self);
        if after.settings != before.settings {
            privacy::update_settings(&mut tx, user, &after).await?;
            notices.event(user, &UserEvent::PrivacyUpdated(after.settings));
            if after.settings.searchable != before.settings.searchable {
                findable::update_entries(&mut tx, &[(profile, after.settings.searchable)]).await?;
            }
            if after.settings.direct_messages != before.settings.direct_messages {
                notices.recompute(user);
            }
            if sees_other(before.settings, after.settings) {
                notices.visibility(VisibilityChange::Of(user));
            }
            if after.settings.read_receipts != before.settings.read_receipts {
                notices.read_receipts(user);
            }
        }
        notices.write(&mut tx).await?;
        store::commit(tx).await?;

        self.wake.notify_one();
        if sees_other(before.settings, after.settings) {
            self.tell_presence_soon(VisibilityChange::Of(user)).await;
        }
        // Also when nothing changed: the call may be the repetition of one that did not reach chat.
        self.finish_now(Kind::Recompute, user, async || {
            self.recompute_pairs(user).await
        })
        .await?;
        self.finish_now(Kind::ReadReceipts, user, async || {
            self.tell_read_receipts(user).await
        })
        .await?;
        Ok(after.settings)
    }

    /// Tells chat whether a person shows what they read, as it is now.
    pub(crate) async fn tell_read_receipts(&self, user: UserId) -> Result<()> {
        let now = privacy::find(&mut *store::acquire(&self.pool).await?, user).await?;
        self.siblings
            .apply_read_receipts(user, now.settings.read_receipts, now.version)
            .await
    }
}

/// Whether others see something else of the person's presence now.
fn sees_other(before: Privacy, after: Privacy) -> bool {
    before.presence != after.presence || before.last_seen != after.last_seen
}

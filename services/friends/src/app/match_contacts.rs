//! Contact matching: opting in and out, asking who of one's contacts is here, and waiting for the others.

use std::collections::{HashMap, HashSet};

use kith_ids::UserId;

use super::{App, Result, notices::Notices};
use crate::{
    domain::{
        contact::{Budget, ContactHash, MAX_ASKED, MAX_AWAITED},
        person::Person,
        privacy::Permission,
    },
    error::Error,
    store::{self, contacts, people, privacy},
};

/// What the salt's text and the digests at rest are made for.
const SALT: &str = "friends contact salt";
const DIGEST: &str = "friends contact digest";

/// What clients hash contacts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Salt {
    pub id: u32,
    pub value: [u8; 32],
}

impl App {
    /// The salt, how many contacts the caller is matched by, and for how many they wait.
    pub(crate) async fn get_contact_salt(&self, user: UserId) -> Result<(Salt, u32, u32)> {
        let mut conn = store::acquire(&self.pool).await?;
        let own = contacts::find_count(&mut conn, user, self.salt_key()).await?;
        let awaited = contacts::find_awaited_count(&mut conn, user, self.salt_key()).await?;
        let id = self.contacts.salt_id;
        let value = self.cluster_key.tag(SALT, &id.to_be_bytes());
        Ok((Salt { id, value }, own, awaited))
    }

    /// Opts in with these contacts and no others; gives how many they are. Who waits for one that is new is told after the commit: looked for
    /// before it, somebody who begins to wait meanwhile could be missed.
    pub(crate) async fn register_contacts(
        &self,
        user: UserId,
        salt_id: u32,
        hashes: &[ContactHash],
    ) -> Result<u32> {
        self.require_salt(salt_id)?;
        self.know_users(&[user]).await?;
        let digests = self.digests(hashes);
        let mut tx = store::begin(&self.pool).await?;
        let before = contacts::list_own(&mut tx, user, self.salt_key()).await?;
        contacts::update_own(&mut tx, user, self.salt_key(), &digests).await?;
        let count = contacts::find_count(&mut tx, user, self.salt_key()).await?;
        let mut new = digests;
        new.retain(|digest| !before.contains(digest));
        if !new.is_empty() {
            let mut notices = Notices::new(self);
            notices.contact_joined(user, &new);
            notices.write(&mut tx).await?;
        }
        store::commit(tx).await?;
        Ok(count)
    }

    /// Opts out.
    pub(crate) async fn remove_contacts(&self, user: UserId) -> Result<()> {
        Ok(contacts::delete(&mut *store::acquire(&self.pool).await?, user).await?)
    }

    /// Who of these contacts is here, opted in, and lets the caller find them. Keeps nothing but how many were asked about, unless the caller asks
    /// to be told when one of the others joins.
    pub(crate) async fn match_contacts(
        &self,
        user: UserId,
        salt_id: u32,
        hashes: &[ContactHash],
        notify: bool,
    ) -> Result<Vec<(ContactHash, Person)>> {
        self.require_salt(salt_id)?;
        self.know_users(&[user]).await?;
        self.spend(user, hashes.len()).await?;

        let digests = self.digests(hashes);
        if notify {
            // Before it is looked who is here: who joins in between is met by the one or the other.
            self.await_contacts(user, &digests).await?;
        }
        let found = self.find_contacts(user, &digests).await?;
        if notify {
            let here: Vec<Vec<u8>> = found.iter().map(|(digest, _)| digest.clone()).collect();
            let mut conn = store::acquire(&self.pool).await?;
            contacts::delete_waiting(&mut conn, &here, &[user]).await?;
        }
        let hash_of: HashMap<&[u8], ContactHash> = digests
            .iter()
            .map(Vec::as_slice)
            .zip(hashes.iter().copied())
            .collect();
        Ok(found
            .into_iter()
            .filter_map(|(digest, person)| Some((*hash_of.get(digest.as_slice())?, person)))
            .collect())
    }

    /// Remembers for whom somebody waits; of very many, the latest.
    async fn await_contacts(&self, user: UserId, digests: &[Vec<u8>]) -> Result<()> {
        let mut tx = store::begin(&self.pool).await?;
        contacts::insert_awaited(&mut tx, user, self.salt_key(), digests, self.now()).await?;
        contacts::delete_awaited_beyond(&mut tx, user, self.salt_key(), MAX_AWAITED).await?;
        store::commit(tx).await?;
        Ok(())
    }

    async fn find_contacts(
        &self,
        user: UserId,
        digests: &[Vec<u8>],
    ) -> Result<Vec<(Vec<u8>, Person)>> {
        let mut conn = store::acquire(&self.pool).await?;
        let limit = i64::try_from(MAX_ASKED).unwrap_or(i64::MAX);
        let found = contacts::list_matches(&mut conn, self.salt_key(), digests, limit).await?;
        let ids: HashSet<UserId> = found.iter().map(|one| one.user).collect();
        let ids: Vec<UserId> = ids.into_iter().collect();
        let visible: Vec<UserId> = privacy::list_targets(&mut conn, user, &ids, true)
            .await?
            .into_iter()
            .filter(|target| target.settings.permits(Permission::Find, target.closeness))
            .map(|target| target.id)
            .collect();
        let people: HashMap<UserId, Person> = people::list(&mut conn, user, &visible)
            .await?
            .into_iter()
            .map(|person| (person.id, person))
            .collect();
        Ok(found
            .into_iter()
            .filter_map(|one| Some((one.digest, people.get(&one.user)?.clone())))
            .collect())
    }

    /// Takes from the day's budget: without one, an account could ask about every number there is.
    async fn spend(&self, user: UserId, count: usize) -> Result<()> {
        if !self.contacts.limits_enabled {
            return Ok(());
        }
        let (now, most) = (self.now(), self.contacts.hashes_per_day);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let mut tx = store::begin(&self.pool).await?;
        let before = contacts::lock_budget(&mut tx, user, now).await?;
        let after = Budget::ask(Some(before), count, most, now).map_err(|until| {
            let retry_after = (until - now).to_std().unwrap_or_default();
            Error::TooManyContacts { retry_after }
        })?;
        contacts::update_budget(&mut tx, user, after).await?;
        store::commit(tx).await?;
        Ok(())
    }

    fn require_salt(&self, salt_id: u32) -> Result<()> {
        if salt_id == self.contacts.salt_id {
            Ok(())
        } else {
            Err(Error::SaltChanged)
        }
    }

    pub(super) fn salt_key(&self) -> i32 {
        i32::try_from(self.contacts.salt_id).unwrap_or(i32::MAX)
    }

    /// What is kept of hashes: without the cluster's key nobody can tell which contact a digest stands for.
    fn digests(&self, hashes: &[ContactHash]) -> Vec<Vec<u8>> {
        hashes
            .iter()
            .map(|hash| self.cluster_key.tag(DIGEST, hash).to_vec())
            .collect()
    }
}

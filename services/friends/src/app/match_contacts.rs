//! Contact matching: opting in and out, and asking who of one's contacts is here.

use std::collections::{HashMap, HashSet};

use kith_ids::UserId;

use super::{App, Result};
use crate::{
    domain::{
        contact::{Budget, ContactHash, MAX_ASKED},
        person::Person,
        privacy::Permission,
    },
    error::Error,
    store::{self, contacts, privacy},
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
    /// The salt, and how many contacts the caller is matched by.
    pub(crate) async fn get_contact_salt(&self, user: UserId) -> Result<(Salt, u32)> {
        let mut conn = store::acquire(&self.pool).await?;
        let count = contacts::find_count(&mut conn, user, self.salt_key()).await?;
        let id = self.contacts.salt_id;
        let value = self.cluster_key.tag(SALT, &id.to_be_bytes());
        Ok((Salt { id, value }, count))
    }

    /// Opts in with these contacts and no others; gives how many they are.
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
        contacts::update_own(&mut tx, user, self.salt_key(), &digests).await?;
        let count = contacts::find_count(&mut tx, user, self.salt_key()).await?;
        store::commit(tx).await?;
        Ok(count)
    }

    /// Opts out.
    pub(crate) async fn remove_contacts(&self, user: UserId) -> Result<()> {
        Ok(contacts::delete(&mut *store::acquire(&self.pool).await?, user).await?)
    }

    /// Who of these contacts is here, opted in, and lets the caller find them. Keeps nothing but how many were asked about.
    pub(crate) async fn match_contacts(
        &self,
        user: UserId,
        salt_id: u32,
        hashes: &[ContactHash],
    ) -> Result<Vec<(ContactHash, Person)>> {
        self.require_salt(salt_id)?;
        self.know_users(&[user]).await?;
        self.spend(user, hashes.len()).await?;

        let digests = self.digests(hashes);
        let hash_of: HashMap<&[u8], ContactHash> = digests
            .iter()
            .map(Vec::as_slice)
            .zip(hashes.iter().copied())
            .collect();
        let mut conn = store::acquire(&self.pool).await?;
        let limit = i64::try_from(MAX_ASKED).unwrap_or(i64::MAX);
        let found = contacts::list_matches(&mut conn, self.salt_key(), &digests, limit).await?;
        let ids: HashSet<UserId> = found.iter().map(|one| one.user).collect();
        let ids: Vec<UserId> = ids.into_iter().collect();
        let visible: Vec<UserId> = privacy::list_targets(&mut conn, user, &ids, true)
            .await?
            .into_iter()
            .filter(|target| target.settings.permits(Permission::Find, target.closeness))
            .map(|target| target.id)
            .collect();
        let people: HashMap<UserId, Person> = contacts::list_people(&mut conn, user, &visible)
            .await?
            .into_iter()
            .map(|person| (person.id, person))
            .collect();
        Ok(found
            .iter()
            .filter_map(|one| {
                let hash = hash_of.get(one.digest.as_slice())?;
                Some((*hash, people.get(&one.user)?.clone()))
            })
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

    fn salt_key(&self) -> i32 {
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

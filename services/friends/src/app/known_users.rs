//! Knowing people: whether somebody exists is accounts' word; what is shown of them comes from the projection, which this brings up to date.

use std::collections::{HashMap, HashSet};

use kith_ids::UserId;
use sqlx::PgConnection;

use super::{App, Result, notices::Notices};
use crate::{
    domain::{
        event::UserEvent,
        person::Profile,
        privacy::{Audience, Privacy},
    },
    error::Error,
    store::{
        self,
        findable::{self, Findable},
        people, privacy, users,
    },
};

impl App {
    /// Asks accounts about these people, and refreshes the projection; `not_found` unless all exist.
    pub(super) async fn require_users(&self, ids: &[UserId]) -> Result<()> {
        let profiles = self.siblings.get_users(ids).await?;
        let all_exist = ids
            .iter()
            .all(|id| profiles.iter().any(|profile| profile.id == *id));
        if !all_exist {
            return Err(Error::UserNotFound);
        }
        self.refresh_users(profiles).await
    }

    /// Makes sure that the projection has these people, asking accounts about unknown ones only.
    pub(super) async fn know_users(&self, ids: &[UserId]) -> Result<()> {
        let known = users::list_versions(&mut *store::acquire(&self.pool).await?, ids).await?;
        let unknown: Vec<UserId> = ids
            .iter()
            .filter(|id| known.iter().all(|(known, _)| known != *id))
            .copied()
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let profiles = self.siblings.get_users(&unknown).await?;
        self.refresh_users(profiles).await
    }

    /// Takes newer versions of people into the projection; a person's own devices learn of their changed profile.
    pub(super) async fn refresh_users(&self, mut profiles: Vec<Profile>) -> Result<()> {
        let ids: Vec<UserId> = profiles.iter().map(|profile| profile.id).collect();
        let known: HashMap<UserId, i64> =
            users::list_versions(&mut *store::acquire(&self.pool).await?, &ids)
                .await?
                .into_iter()
                .collect();
        profiles.retain(|profile| {
            known
                .get(&profile.id)
                .is_none_or(|version| *version < profile.version)
        });
        if profiles.is_empty() {
            return Ok(());
        }
        // In id order, like every lock on several users.
        profiles.sort_unstable_by_key(|profile| (profile.id, profile.version));
        let added = self.add_users(&profiles, &known).await?;
        profiles.retain(|profile| !added.contains(&(profile.id, profile.version)));
        if profiles.is_empty() {
            return Ok(());
        }

        let mut tx = store::begin(&self.pool).await?;
        let mut notices = Notices::new(self);
        for profile in profiles {
            if replace(&mut tx, &profile).await?
                && let Some(person) = people::find(&mut tx, profile.id, profile.id).await?
            {
                notices.event(profile.id, &UserEvent::ProfileUpdated(person));
            }
        }
        notices.write(&mut tx).await?;
        store::commit(tx).await?;
        self.wake.notify_one();
        Ok(())
    }
}

impl App {
    /// Adds people who were not known, all in two short statements: an import brings thousands, while others ask for the same
    /// ones. Gives the versions that are there now; whom somebody else added meanwhile is not among them.
    async fn add_users(
        &self,
        profiles: &[Profile],
        known: &HashMap<UserId, i64>,
    ) -> Result<HashSet<(UserId, i64)>> {
        let new: Vec<Profile> = profiles
            .iter()
            .filter(|profile| !known.contains_key(&profile.id))
            .cloned()
            .map(|profile| {
                if profile.deleted {
                    profile.without_personal_data()
                } else {
                    profile
                }
            })
            .collect();
        if new.is_empty() {
            return Ok(HashSet::new());
        }
        let mut tx = store::begin(&self.pool).await?;
        let added = users::insert_all(&mut tx, &new).await?;
        let mut added: HashSet<(UserId, i64)> = added.into_iter().collect();
        // Nobody has settings before they are known.
        let searchable = Privacy::default().searchable;
        let findable: Vec<Findable> = new
            .into_iter()
            .filter(|profile| added.remove(&(profile.id, profile.version)))
            .map(|profile| (profile, searchable))
            .collect();
        findable::insert_entries(&mut tx, &findable).await?;
        store::commit(tx).await?;
        Ok(findable
            .into_iter()
            .map(|(profile, _)| (profile.id, profile.version))
            .collect())
    }
}

/// Writes what the search knows of people whose rows are held.
pub(super) async fn index(conn: &mut PgConnection, profiles: Vec<Profile>) -> Result<()> {
    let ids: Vec<UserId> = profiles.iter().map(|profile| profile.id).collect();
    let known: HashMap<UserId, Audience> = privacy::list_searchable(conn, &ids)
        .await?
        .into_iter()
        .collect();
    let default = Privacy::default().searchable;
    let people: Vec<Findable> = profiles
        .into_iter()
        .map(|profile| {
            let searchable = known.get(&profile.id).copied().unwrap_or(default);
            (profile, searchable)
        })
        .collect();
    Ok(findable::update_entries(conn, &people).await?)
}

/// Writes a profile unless a newer one is there; true when the person themselves would see a difference.
async fn replace(conn: &mut PgConnection, profile: &Profile) -> Result<bool> {
    let profile = if profile.deleted {
        profile.clone().without_personal_data()
    } else {
        profile.clone()
    };
    loop {
        let Some(before) = users::lock(conn, profile.id).await? else {
            if users::insert(conn, &profile).await? {
                // Nobody has settings before they are known.
                let searchable = Privacy::default().searchable;
                findable::insert_entries(conn, &[(profile, searchable)]).await?;
                return Ok(false);
            }
            // Somebody else added them between the two statements: look again.
            continue;
        };
        if before.version >= profile.version {
            return Ok(false);
        }
        users::update_profile(conn, &profile).await?;
        index(conn, vec![profile.clone()]).await?;
        return Ok(!profile.deleted && !profile.looks_like(&before));
    }
}

//! People whom the caller may know.

use std::collections::{BTreeSet, HashMap};

use kith_ids::UserId;
use sqlx::PgConnection;

use super::{App, Page, PageWanted, Result};
use crate::{
    domain::{
        person::{Person, fold},
        suggestion::{self, Signs, Suggestion, SuggestionKey},
    },
    error::Error,
    store::{self, people, suggestions},
};

impl App {
    /// People whom the caller may know, most likely ones first. Shared groups are chat's word; without chat the rest still speaks.
    pub(crate) async fn get_friend_suggestions(
        &self,
        viewer: UserId,
        wanted: &PageWanted,
    ) -> Result<Page<Suggestion>> {
        let scope = format!("suggestions:{viewer}");
        let after = self.window::<SuggestionKey>(&scope, wanted)?.after;
        self.know_users(&[viewer]).await?;
        // Before a connection is taken: nothing holds one while chat is asked.
        let companions = self.siblings.get_companions(viewer).await;

        let mut conn = store::acquire(&self.pool).await?;
        let own = people::find(&mut conn, viewer, viewer)
            .await?
            .ok_or(Error::UserNotFound)?;
        let interests: Vec<String> = own.interests.iter().map(|word| fold(word)).collect();
        let locale = own.own.map(|own| own.locale).unwrap_or_default();
        let signs = suggestions::list_signs(&mut conn, viewer, &companions, &interests).await?;

        let now = self.now();
        let mut ranked: Vec<(SuggestionKey, Signs)> = signs
            .into_iter()
            .map(|signs| (signs.key(&locale, now), signs))
            .filter(|(key, _)| after.is_none_or(|after| *key > after))
            .collect();
        ranked.sort_unstable_by_key(|(key, _)| *key);
        let page = self.page(&scope, wanted, ranked, |(key, _)| *key);
        let signs: Vec<Signs> = page.items.into_iter().map(|(_, signs)| signs).collect();
        Ok(Page {
            items: describe(&mut conn, viewer, signs, &interests).await?,
            next_token: page.next_token,
        })
    }
}

/// Shows people with some of the shared friends: one look for who shares whom, and one for all who are shown.
async fn describe(
    conn: &mut PgConnection,
    viewer: UserId,
    signs: Vec<Signs>,
    interests: &[String],
) -> Result<Vec<Suggestion>> {
    if signs.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<UserId> = signs.iter().map(|signs| signs.user).collect();
    let shared = suggestions::list_shared_friends(conn, viewer, &ids).await?;
    let shown: BTreeSet<UserId> = ids
        .iter()
        .copied()
        .chain(shared.iter().map(|(_, friend)| *friend))
        .collect();
    let shown: Vec<UserId> = shown.into_iter().collect();
    let shown = people::list(conn, viewer, &shown).await?.into_iter();
    let shown: HashMap<UserId, Person> = shown.map(|person| (person.id, person)).collect();
    Ok(signs
        .into_iter()
        .filter_map(|signs| {
            let person = shown.get(&signs.user)?.clone();
            let friends = shared.iter().filter(|(id, _)| *id == signs.user);
            Some(Suggestion {
                mutual_friends: friends
                    .filter_map(|(_, friend)| shown.get(friend).cloned())
                    .collect(),
                reason: suggestion::reason(&person, signs.groups, interests),
                person,
            })
        })
        .collect())
}

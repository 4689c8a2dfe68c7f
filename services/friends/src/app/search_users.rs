//! Finding people by name.

use std::cmp::Reverse;

use kith_ids::UserId;
use sqlx::PgConnection;

use super::{App, Page, PageWanted, Result};
use crate::{
    domain::{
        person::Person,
        search::{Fit, HitKey, SearchQuery, containing},
    },
    store::{
        self, people,
        search::{self, Candidate, Stretch, Viewer},
    },
};

/// Candidates of the looks that are sorted here instead of by an index.
const UNSORTED: i64 = 500;

/// One page's search: looks into the index until the page is full.
struct Search<'a> {
    conn: &'a mut PgConnection,
    viewer: UserId,
    query: &'a SearchQuery,
    /// Where the page before ended.
    after: Option<HitKey>,
    /// Hits wanted.
    wanted: usize,
    /// Everybody of the viewer's circle who matches; they are looked up first and by nothing else.
    circle: Vec<HitKey>,
}

impl App {
    /// People by a part of a name, best first, as [`HitKey`] orders them.
    pub(crate) async fn search_users(
        &self,
        viewer: UserId,
        query: &SearchQuery,
        wanted: &PageWanted,
    ) -> Result<Page<Person>> {
        let scope = format!("search:{viewer}:{}", query.phrase());
        let window = self.window(&scope, wanted)?;
        let mut conn = store::acquire(&self.pool).await?;
        let mut search = Search {
            conn: &mut conn,
            viewer,
            query,
            after: window.after,
            wanted: usize::try_from(window.limit).unwrap_or(0),
            circle: Vec::new(),
        };
        let keys = search.run().await?;
        let hits = self.page(&scope, wanted, keys, HitKey::clone);
        let ids: Vec<UserId> = hits.items.iter().map(|key| key.user).collect();
        Ok(Page {
            items: people::list_in_order(&mut conn, viewer, &ids).await?,
            next_token: hits.next_token,
        })
    }
}

impl Search<'_> {
    /// The next hits, in order: each fit's circle, then its others.
    async fn run(&mut self) -> Result<Vec<HitKey>> {
        let near = search::list_near(self.conn, self.viewer, self.query).await?;
        self.circle = near
            .into_iter()
            .map(|candidate| self.key_of(candidate, None))
            .collect();
        self.circle.sort_unstable();
        let near: Vec<UserId> = self.circle.iter().map(|key| key.user).collect();

        let mut hits = Vec::new();
        let together = self.find_together(&near).await?;
        for fit in [Fit::Start, Fit::Word, Fit::Inside, Fit::Alike] {
            if hits.len() >= self.wanted || self.after.as_ref().is_some_and(|key| key.fit > fit) {
                continue;
            }
            let circle = self.circle.iter().filter(|key| key.fit == fit);
            hits.extend(circle.filter(|key| self.is_next(key)).cloned());
            if hits.len() < self.wanted {
                let missing = self.wanted - hits.len();
                let others = match &together {
                    Some(found) if fit != Fit::Alike => found.clone(),
                    _ => self.find_others(fit, &near, missing).await?,
                };
                let others = others.into_iter();
                hits.extend(others.filter(|key| key.fit == fit && self.is_next(key)));
            }
        }
        hits.truncate(self.wanted);
        Ok(hits)
    }

    /// People outside the circle whom the query fits so, at least as many as are missing, in order.
    async fn find_others(
        &mut self,
        fit: Fit,
        near: &[UserId],
        missing: usize,
    ) -> Result<Vec<HitKey>> {
        let query = self.query;
        let viewer = Viewer {
            id: self.viewer,
            near,
        };
        let found = match fit {
            Fit::Start | Fit::Word => {
                let after = self.after.as_ref();
                let after = after.filter(|key| key.fit == fit && key.near == Reverse(0));
                let stretch = Stretch {
                    inner: fit == Fit::Word,
                    after: after.map(|key| (key.text.clone(), key.user)),
                    limit: i64::try_from(missing).unwrap_or(i64::MAX),
                };
                let found = search::list_by_word(self.conn, viewer, query, stretch).await?;
                // In the order of the index already.
                return Ok(found
                    .into_iter()
                    .map(|(candidate, word)| self.key_of(candidate, Some((fit, word))))
                    .collect());
            }
            // All parts inside such a word were found as words.
            Fit::Inside if query.has_inner_parts() || !query.has_piece() => Vec::new(),
            Fit::Inside => {
                let begun = containing(&format!(" {}", query.phrase()));
                search::list_inside(self.conn, viewer, query, Some(&begun)).await?
            }
            Fit::Alike => search::list_alike(self.conn, viewer, query).await?,
        };
        Ok(self.sorted(found))
    }

    /// A query of several words: no index has an order for it, so some of those who fit exactly are found at once and sorted. None for one word.
    async fn find_together(&mut self, near: &[UserId]) -> Result<Option<Vec<HitKey>>> {
        let query = self.query;
        let viewer = Viewer {
            id: self.viewer,
            near,
        };
        if query.is_one_word() {
            return Ok(None);
        }
        if query.has_piece() {
            let found = search::list_inside(self.conn, viewer, query, None).await?;
            return Ok(Some(self.sorted(found)));
        }
        // Two letters each, as in most Japanese names: those of whom the longest begins a word.
        let mut found = Vec::new();
        for inner in [false, true] {
            let stretch = Stretch {
                inner,
                after: None,
                limit: UNSORTED,
            };
            let words = search::list_by_word(self.conn, viewer, query, stretch).await?;
            found.extend(words.into_iter().map(|(candidate, _)| candidate));
        }
        let mut keys = self.sorted(found);
        keys.dedup_by_key(|key| key.user);
        Ok(Some(keys))
    }

    fn sorted(&self, candidates: Vec<Candidate>) -> Vec<HitKey> {
        let keys = candidates.into_iter();
        let mut keys: Vec<HitKey> = keys.map(|found| self.key_of(found, None)).collect();
        keys.sort_unstable();
        keys
    }

    /// Where a candidate comes; `place` when the index has told.
    fn key_of(&self, candidate: Candidate, place: Option<(Fit, String)>) -> HitKey {
        let (fit, text) = place.unwrap_or_else(|| {
            let fit = self.query.fit(
                &candidate.username,
                &candidate.name_key,
                &candidate.search_text,
            );
            (fit, candidate.name_key)
        });
        HitKey {
            fit,
            near: Reverse(candidate.near),
            text,
            user: candidate.user,
        }
    }

    /// Whether it was not on an earlier page.
    fn is_next(&self, key: &HitKey) -> bool {
        self.after.as_ref().is_none_or(|after| key > after)
    }
}

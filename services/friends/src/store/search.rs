//! The looks into `friends.findable`, each bounded. What they find is a candidate: how well it fits is the domain's word.

use kith_ids::UserId;
use sqlx::PgConnection;

use super::Result;
use crate::domain::search::{FRIEND, SearchQuery};

/// Candidates of a look that has no order of its own: beyond so many, some are as good as others.
const SOME: i64 = 500;
/// Above every character that a name can hold, so that a range up to it holds all words that begin alike.
const LAST: char = char::MAX;

/// Somebody whose names may fit.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub user: UserId,
    pub username: String,
    pub name_key: String,
    pub search_text: String,
    /// [`FRIEND`] for a friend; the number of shared friends for the rest of the circle; 0 for everybody else.
    pub near: u32,
}

/// Who looks, and who is in their circle and so was found already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Viewer<'a> {
    pub id: UserId,
    pub near: &'a [UserId],
}

/// A stretch of the words in their order.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    /// Words inside names instead of those that begin one.
    pub inner: bool,
    /// Not what comes up to this word of this person.
    pub after: Option<(String, UserId)>,
    pub limit: i64,
}

struct Row {
    user_id: UserId,
    username: String,
    name_key: String,
    search_text: String,
}

impl Row {
    /// Somebody outside the viewer's circle.
    fn stranger(self) -> Candidate {
        Candidate {
            user: self.user_id,
            username: self.username,
            name_key: self.name_key,
            search_text: self.search_text,
            near: 0,
        }
    }
}

/// Those of the viewer's circle whose names match, exactly or alike.
#[tracing::instrument(name = "db.search.list_near", skip_all)]
pub(crate) async fn list_near(
    conn: &mut PgConnection,
    viewer: UserId,
    query: &SearchQuery,
) -> Result<Vec<Candidate>> {
    let [first, second, third] = three(query.spellings().unwrap_or_default());
    let rows = sqlx::query!(
        r#"
        SELECT
            user_id AS "user_id!: UserId",
            username AS "username!",
            name_key AS "name_key!",
            search_text AS "search_text!",
            shared
        FROM friends.find_near($1, $2, $3, $4, $5)
        "#,
        viewer as UserId,
        &query.patterns(),
        first.as_deref(),
        second.as_deref(),
        third.as_deref(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Candidate {
            user: row.user_id,
            username: row.username,
            name_key: row.name_key,
            search_text: row.search_text,
            near: row.shared.map_or(FRIEND, super::count),
        })
        .collect())
}

/// Others by what the query's longest word begins, with that word, in the order of the words. Whoever's whole name begins with the query is left
/// out among the inner words.
#[tracing::instrument(name = "db.search.list_by_word", skip_all)]
pub(crate) async fn list_by_word(
    conn: &mut PgConnection,
    viewer: Viewer<'_>,
    query: &SearchQuery,
    stretch: Stretch,
) -> Result<Vec<(Candidate, String)>> {
    let (after_word, after_user) = stretch.after.unzip();
    let first = query.longest();
    let rows = sqlx::query!(
        r#"
        SELECT
            user_id AS "user_id!: UserId",
            username AS "username!",
            name_key AS "name_key!",
            search_text AS "search_text!",
            word AS "word!"
        FROM friends.find_by_word($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        viewer.id as UserId,
        viewer.near as _,
        stretch.inner,
        first,
        format!("{first}{LAST}"),
        after_word,
        after_user as Option<UserId>,
        &query.patterns(),
        stretch.inner.then_some(query.phrase()),
        stretch.limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let candidate = Candidate {
                user: row.user_id,
                username: row.username,
                name_key: row.name_key,
                search_text: row.search_text,
                near: 0,
            };
            (candidate, row.word)
        })
        .collect())
}

/// Others with every word of the query somewhere in their names; `unless_begun` leaves out those of whom it begins a word.
#[tracing::instrument(name = "db.search.list_inside", skip_all)]
pub(crate) async fn list_inside(
    conn: &mut PgConnection,
    viewer: Viewer<'_>,
    query: &SearchQuery,
    unless_begun: Option<&str>,
) -> Result<Vec<Candidate>> {
    let [first, second, third] = three(query.patterns());
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT
            user_id AS "user_id!: UserId",
            username AS "username!",
            name_key AS "name_key!",
            search_text AS "search_text!"
        FROM friends.find_inside($1, $2, $3, $4, $5, $6, $7)
        "#,
        viewer.id as UserId,
        viewer.near as _,
        first,
        second,
        third,
        unless_begun,
        SOME,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Row::stranger).collect())
}

/// Others who have every word of the query but for a slip.
#[tracing::instrument(name = "db.search.list_alike", skip_all)]
pub(crate) async fn list_alike(
    conn: &mut PgConnection,
    viewer: Viewer<'_>,
    query: &SearchQuery,
) -> Result<Vec<Candidate>> {
    let Some(spellings) = query.spellings() else {
        return Ok(Vec::new());
    };
    let [first, second, third] = three(spellings);
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT
            user_id AS "user_id!: UserId",
            username AS "username!",
            name_key AS "name_key!",
            search_text AS "search_text!"
        FROM friends.find_alike($1, $2, $3, $4, $5, $6, $7)
        "#,
        viewer.id as UserId,
        viewer.near as _,
        first.as_deref(),
        second.as_deref(),
        third.as_deref(),
        &query.patterns(),
        SOME,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Row::stranger).collect())
}

/// What belongs to each of a query's words, of which there are three at most.
fn three<T>(words: Vec<T>) -> [Option<T>; 3] {
    let mut words = words.into_iter();
    [words.next(), words.next(), words.next()]
}

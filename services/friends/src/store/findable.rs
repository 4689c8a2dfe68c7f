//! `friends.findable` with its words and interests: who can be found, and by what.

use std::collections::BTreeSet;

use kith_ids::UserId;
use sqlx::PgConnection;

use super::Result;
use crate::domain::{
    person::{Profile, fold},
    privacy::Audience,
    search::SearchEntry,
};

/// Somebody as the search must know them.
pub(crate) type Findable = (Profile, Audience);

/// The columns of the three tables, one list each, so that many people are one statement.
#[derive(Debug, Default)]
struct Rows {
    users: Vec<UserId>,
    in_circle: Vec<bool>,
    usernames: Vec<String>,
    name_keys: Vec<String>,
    search_texts: Vec<String>,
    /// Array literals: a list of lists must be a rectangle.
    spellings: Vec<String>,
    words_of: Vec<UserId>,
    inner: Vec<bool>,
    words: Vec<String>,
    interests_of: Vec<UserId>,
    interests: Vec<String>,
}

impl Rows {
    fn add(&mut self, profile: &Profile, in_circle: bool) {
        let entry = SearchEntry::of(&profile.username, &profile.display_name);
        // Once each, also when two differ by an accent only.
        let interests: BTreeSet<String> = profile.interests.iter().map(|word| fold(word)).collect();
        let spellings: Vec<String> = entry.spellings.iter().map(i32::to_string).collect();
        self.users.push(profile.id);
        self.in_circle.push(in_circle);
        self.usernames.push(profile.username.clone());
        self.name_keys.push(entry.name_key);
        self.search_texts.push(entry.search_text);
        self.spellings.push(format!("{{{}}}", spellings.join(",")));
        for (inner, word) in entry.words {
            self.words_of.push(profile.id);
            self.inner.push(inner);
            self.words.push(word);
        }
        for interest in interests {
            self.interests_of.push(profile.id);
            self.interests.push(interest);
        }
    }
}

/// Writes what the search knows of these people, whether it knew them or not; whoever must not be found is not in it afterwards. Their rows in
/// `users` must be held.
#[tracing::instrument(name = "db.findable.update_entries", skip_all)]
pub(crate) async fn update_entries(conn: &mut PgConnection, people: &[Findable]) -> Result<()> {
    let ids: Vec<UserId> = people.iter().map(|(profile, _)| profile.id).collect();
    delete(conn, &ids).await?;
    insert_entries(conn, people).await
}

/// The same for people of whom the search cannot know yet.
#[tracing::instrument(name = "db.findable.insert_entries", skip_all)]
pub(crate) async fn insert_entries(conn: &mut PgConnection, people: &[Findable]) -> Result<()> {
    let mut rows = Rows::default();
    for (profile, searchable) in people {
        if !profile.deleted && !profile.disabled && *searchable != Audience::Nobody {
            rows.add(profile, *searchable == Audience::FriendsOfFriends);
        }
    }
    if rows.users.is_empty() {
        return Ok(());
    }
    insert(conn, &rows).await
}

async fn delete(conn: &mut PgConnection, users: &[UserId]) -> Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM friends.findable
        WHERE user_id = ANY ($1)
        "#,
        users as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One statement for the three tables: people who are added are held until it is done.
async fn insert(conn: &mut PgConnection, rows: &Rows) -> Result<()> {
    sqlx::query!(
        r#"
        WITH people AS (
            INSERT INTO friends.findable
                (user_id, in_circle, username, name_key, search_text, spellings)
            SELECT
                t.user_id,
                t.in_circle,
                t.username,
                t.name_key,
                t.search_text,
                t.spellings::integer[]
            FROM unnest($1::uuid[], $2::bool[], $3::text[], $4::text[], $5::text[], $6::text[])
                AS t (user_id, in_circle, username, name_key, search_text, spellings)
        ),
        words AS (
            INSERT INTO friends.findable_words (inner_word, word, user_id)
            SELECT t.inner_word, t.word, t.user_id
            FROM unnest($7::bool[], $8::text[], $9::uuid[]) AS t (inner_word, word, user_id)
        )
        INSERT INTO friends.findable_interests (interest, user_id)
        SELECT t.interest, t.user_id
        FROM unnest($10::text[], $11::uuid[]) AS t (interest, user_id)
        "#,
        &rows.users as _,
        &rows.in_circle,
        &rows.usernames,
        &rows.name_keys,
        &rows.search_texts,
        &rows.spellings,
        &rows.inner,
        &rows.words,
        &rows.words_of as _,
        &rows.interests,
        &rows.interests_of as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

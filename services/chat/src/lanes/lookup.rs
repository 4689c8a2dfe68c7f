//! What the drafts of a batch need from the database before they are appended: the messages they answer, the people they
//! name. Most need nothing, and then nothing is asked.

use kith_ids::UserId;
use sqlx::PgConnection;

use crate::{
    domain::message::{Draft, mentioned_names},
    store::messages::{Entry, list_named, list_replied},
};

pub(super) async fn entries<'a>(
    db: &mut PgConnection,
    drafts: &'a [Draft],
) -> Result<Vec<Entry<'a>>, sqlx::Error> {
    let mut entries: Vec<Entry<'a>> = drafts
        .iter()
        .map(|draft| Entry {
            draft,
            mention_ids: Vec::new(),
            reply_to: None,
        })
        .collect();
    add_replies(db, &mut entries).await?;
    add_mentions(db, &mut entries).await?;
    for draft in drafts {
        if let Some(at) = draft.create_time {
            crate::store::imports::update_creation_time(db, draft.room_id, at).await?;
        }
    }
    Ok(entries)
}

async fn add_replies(db: &mut PgConnection, entries: &mut [Entry<'_>]) -> Result<(), sqlx::Error> {
    let asking: Vec<&Draft> = entries
        .iter()
        .map(|entry| entry.draft)
        .filter(|draft| draft.reply_to.is_some())
        .collect();
    if asking.is_empty() {
        return Ok(());
    }
    let found = list_replied(db, &asking).await?;
    for entry in entries {
        entry.reply_to = entry.draft.reply_to.and_then(|id| {
            found
                .get(&(entry.draft.room_id, entry.draft.sender_id, id))
                .cloned()
        });
    }
    Ok(())
}

async fn add_mentions(db: &mut PgConnection, entries: &mut [Entry<'_>]) -> Result<(), sqlx::Error> {
    let (mut rooms, mut names) = (Vec::new(), Vec::new());
    for Entry { draft, .. } in entries
        .iter()
        .filter(|entry| entry.draft.text.contains('@'))
    {
        for name in mentioned_names(&draft.text) {
            rooms.push(draft.room_id);
            names.push(name);
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let found = list_named(db, &rooms, &names).await?;
    for entry in entries
        .iter_mut()
        .filter(|entry| entry.draft.text.contains('@'))
    {
        for name in mentioned_names(&entry.draft.text) {
            if let Some(user) = found.get(&(entry.draft.room_id, name)) {
                push_once(&mut entry.mention_ids, *user);
            }
        }
    }
    Ok(())
}

fn push_once(ids: &mut Vec<UserId>, id: UserId) {
    if !ids.contains(&id) {
        ids.push(id);
    }
}

//! `friends.people`: people as one viewer may see them.

use std::collections::HashMap;

use kith_ids::UserId;
use sqlx::PgConnection;

use super::Result;
use crate::domain::person::Person;

/// Reads a [`Person`] out of a row that joined `friends.people`.
macro_rules! person {
    ($row:ident) => {{
        let relation = $crate::domain::person::Relation::from_word(&$row.relation)
            .ok_or($crate::store::inconsistent("people", "relation"))?;
        $crate::domain::person::Person {
            id: $row.user_id,
            username: $row.username,
            display_name: $row.display_name,
            avatar_url: $row.avatar_url,
            bio: $row.bio,
            interests: $row.interests,
            friends_count: $crate::store::count($row.friends_count),
            mutual_friends_count: $crate::store::count($row.mutual_friends_count),
            relation,
            own: (relation == $crate::domain::person::Relation::Myself).then(|| {
                $crate::domain::person::Own {
                    locale: $row.locale,
                    create_time: $row.user_create_time,
                }
            }),
        }
    }};
}
pub(super) use person;

/// These people as the viewer sees them; unknown ones are left out.
#[tracing::instrument(name = "db.people.list", skip_all)]
pub(crate) async fn list(
    conn: &mut PgConnection,
    viewer: UserId,
    ids: &[UserId],
) -> Result<Vec<Person>> {
    let rows = sqlx::query!(
        r#"
        SELECT
            p.user_id AS "user_id!: UserId",
            p.username AS "username!",
            p.display_name AS "display_name!",
            p.avatar_url,
            p.bio AS "bio!",
            p.interests AS "interests!",
            p.locale AS "locale!",
            p.create_time AS "user_create_time!",
            p.friends_count AS "friends_count!",
            p.mutual_friends_count AS "mutual_friends_count!",
            p.relation AS "relation!"
        FROM friends.people($1, $2) p
        "#,
        viewer as UserId,
        ids as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| Ok(person!(row))).collect()
}

/// The same, in the order of the ids.
pub(crate) async fn list_in_order(
    conn: &mut PgConnection,
    viewer: UserId,
    ids: &[UserId],
) -> Result<Vec<Person>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = list(conn, viewer, ids).await?.into_iter();
    let mut found: HashMap<UserId, Person> = found.map(|person| (person.id, person)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// One person as the viewer sees them.
pub(crate) async fn find(
    conn: &mut PgConnection,
    viewer: UserId,
    id: UserId,
) -> Result<Option<Person>> {
    Ok(list(conn, viewer, &[id]).await?.pop())
}

//! Brings users of another system, many in one transaction.

use std::collections::HashSet;

use kith_auth::Caller;
use kith_error::Violation;
use kith_ids::UserId;
use kith_postgres::ResultExt as _;

use super::App;
use crate::{
    domain::{
        import::{GivenUser, NewcomerUser, Outcome},
        password,
    },
    error::Error,
    hashing,
    store::{imported_users, outbox},
};

/// Most rows of a call.
const MAX_ROWS: usize = 500;

/// Makes those who are not known yet; gives what became of each, in order. One bad row does not hold up the others.
#[tracing::instrument(name = "accounts.import_users", skip_all, fields(users.count = given.len()))]
pub(crate) async fn import_users(
    app: &App,
    caller: &Caller,
    given: Vec<GivenUser>,
    dry_run: bool,
) -> Result<Vec<Outcome>, Error> {
    caller.require_trusted()?;
    if given.len() > MAX_ROWS {
        return Err(Error::Invalid(vec![Violation::new(
            "users",
            "too_long",
            "at most 500 rows",
        )]));
    }
    let external_ids: Vec<String> = given.iter().map(|user| user.external_id.clone()).collect();
    let mut tx = app.pool.begin().await?;
    let known: HashSet<String> = imported_users::list(&mut tx, &external_ids)
        .await?
        .into_iter()
        .map(|(external_id, _)| external_id)
        .collect();
    let (mut rows, newcomers) = sort_out(app, given, &known);
    let made = imported_users::insert(&mut tx, &newcomers, password::NONE, app.now())
        .await
        .on_constraint(imported_users::EXTERNAL_ID_KEY)?
        .ok_or(Error::Overtaken)?;
    let made: HashSet<UserId> = made.into_iter().map(|(_, id)| id).collect();
    for row in &mut rows {
        if row.id.is_some_and(|id| !made.contains(&id)) {
            row.outcome = Outcome::refused(
                "username",
                "username_taken",
                "the name is, or was, somebody's",
            );
        }
    }
    let outcomes = rows.into_iter().map(|row| row.outcome).collect();
    if dry_run {
        // Dropped, and with it everything written.
        return Ok(outcomes);
    }
    let made: Vec<UserId> = made.into_iter().collect();
    outbox::insert_users_changed(&mut tx, &made, app.now()).await?;
    tx.commit().await?;

    app.news.user_changed();
    metrics::counter!("kith_accounts_imported_users_total").increment(made.len() as u64);
    Ok(outcomes)
}

/// What is known of a row, and the id that a newcomer gets.
struct Row {
    outcome: Outcome,
    id: Option<UserId>,
}

/// What is clear before anything is written, and the newcomers.
fn sort_out(
    app: &App,
    given: Vec<GivenUser>,
    known: &HashSet<String>,
) -> (Vec<Row>, Vec<(UserId, NewcomerUser)>) {
    let mut seen = HashSet::new();
    let mut newcomers = Vec::new();
    let rows = given
        .into_iter()
        .map(|user| {
            let row = |outcome| Row { outcome, id: None };
            if known.contains(&user.external_id) {
                return row(Outcome::Unchanged);
            }
            if !seen.insert(user.external_id.clone()) {
                return row(Outcome::refused(
                    "id",
                    "duplicate",
                    "this id occurred before",
                ));
            }
            match user.check(hashing::check_foreign) {
                Ok(newcomer) => {
                    let id: UserId = app.clock.new_id().into();
                    newcomers.push((id, newcomer));
                    Row {
                        outcome: Outcome::Created,
                        id: Some(id),
                    }
                }
                Err(violations) => row(Outcome::Refused(violations)),
            }
        })
        .collect();
    (rows, newcomers)
}

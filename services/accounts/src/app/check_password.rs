//! Is this the password? Asked with a budget of wrong answers for each thing that can be guessed at, and at the same cost whether or not there is
//! anything to compare with.

use secrecy::SecretString;

use super::App;
use crate::{
    config::delta,
    domain::{
        failure_budget::{FailureBudget, Subject},
        password,
    },
    error::Error,
    hashing::Turn,
    store::login_failures,
};

/// Verifies a password against a hash, or against nobody's. Gives the turn back, so that a new password can be hashed in it.
///
/// The budget is read when it is this call's turn to hash and a failure is written before the turn is given up. So guesses made at once
/// exceed the budget by no more than the hashes that run at once.
pub(super) async fn check(
    app: &App,
    subject: Subject,
    given: &SecretString,
    hash: Option<&str>,
) -> Result<Turn, Error> {
    // Who has no password yet is refused like an unknown user, after the same work.
    let hash = hash.filter(|hash| *hash != password::NONE);
    let turn = app.hasher.turn().await?;
    let (budget, now) = (budget(app), app.now());
    if app.config.limits_enabled {
        let failures = login_failures::find(&mut *app.pool.acquire().await?, subject).await?;
        if let Some(retry_after) = budget.wait(failures, now) {
            metrics::counter!("kith_accounts_passwords_checked_total", "outcome" => "limited")
                .increment(1);
            return Err(Error::TooManyFailures { retry_after });
        }
    }
    let (turn, holds) = turn
        .verify(given, hash.unwrap_or(app.hasher.dummy()))
        .await?;
    if holds && hash.is_some() {
        metrics::counter!("kith_accounts_passwords_checked_total", "outcome" => "right")
            .increment(1);
        return Ok(turn);
    }
    // Counted with the limits off too, so that both settings do the same work.
    let mut db = app.pool.acquire().await?;
    login_failures::insert(&mut db, subject, now, budget.oldest_start(now)).await?;
    metrics::counter!("kith_accounts_passwords_checked_total", "outcome" => "wrong").increment(1);
    Err(Error::InvalidCredentials)
}

/// The configured budget.
pub(super) fn budget(app: &App) -> FailureBudget {
    FailureBudget {
        failures: app.config.login_failures,
        window: delta(app.config.login_failure_window),
    }
}

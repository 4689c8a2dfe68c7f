//! `kith user`, `kith key`, `kith epoch`, `kith keys`.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use kith_auth::Scope;
use kith_clock::Clock;
use secrecy::ExposeSecret as _;

use crate::cli::{Command, EpochCommand, KeyCommand, KeysCommand, UserCommand};
use crate::config::Config;
use crate::place::Storage;
use crate::say::{complain, say};

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let storage = Storage::reach(config).await?;
    let outcome = run_on(config, &storage, command).await;
    storage.stop().await;
    outcome
}

async fn run_on(config: &Config, storage: &Storage, command: Command) -> anyhow::Result<()> {
    match command {
        Command::User(command) => user(config, storage, command).await,
        Command::Key(command) => key(config, storage, command).await,
        Command::Epoch(EpochCommand::Bump) => {
            let epoch = kith_chat::operator::bump_epoch(&storage.pool_of("chat")?).await?;
            say(&format!(
                "the log's epoch is {epoch}; every device starts afresh"
            ));
            Ok(())
        }
        Command::Keys(KeysCommand::Rotate) => rotate(config, storage).await,
        Command::Config(_) | Command::Doctor(_) | Command::Demo(_) | Command::Import(_) => Ok(()),
    }
}

async fn user(config: &Config, storage: &Storage, command: UserCommand) -> anyhow::Result<()> {
    let (pool, clock) = (accounts_pool(config, storage)?, Clock::system());
    match command {
        UserCommand::Disable { name } => {
            let ended = kith_accounts::operator::disable_user(&pool, &clock, &name).await?;
            let sessions = if ended == 1 { "session" } else { "sessions" };
            say(&format!("{name} is disabled; {ended} {sessions} ended"));
        }
        UserCommand::Enable { name } => {
            kith_accounts::operator::enable_user(&pool, &clock, &name).await?;
            say(&format!("{name} may log in again"));
        }
        UserCommand::Password { name } => {
            let accounts = &config.accounts;
            let password =
                kith_accounts::operator::reset_password(&pool, &clock, accounts, &name).await?;
            // The one place where it is shown: only its hash is kept.
            say(password.expose_secret());
        }
    }
    Ok(())
}

async fn key(config: &Config, storage: &Storage, command: KeyCommand) -> anyhow::Result<()> {
    let (pool, clock) = (accounts_pool(config, storage)?, Clock::system());
    match command {
        KeyCommand::Create { who, scopes } => {
            let scopes = read_scopes(&scopes)?;
            let key =
                kith_accounts::operator::create_service_key(&pool, &clock, who.name(), &scopes)
                    .await?;
            // The one place where a key is shown: it cannot be found again.
            say(key.expose_secret());
        }
        KeyCommand::List => {
            let keys = kith_accounts::operator::list_service_keys(&pool).await?;
            if keys.is_empty() {
                complain("there is no key yet; `kith key create NAME` makes one");
            }
            let second = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ");
            for key in keys {
                let (scopes, made) = (key.scopes.join(","), second(key.created_at));
                let state = key.revoked_at.map_or_else(
                    || "holds".to_owned(),
                    |at| format!("revoked {}", second(at)),
                );
                say(&format!("{}  {scopes}  made {made}  {state}", key.name));
            }
        }
        KeyCommand::Revoke { who } => {
            kith_accounts::operator::revoke_service_key(&pool, &clock, who.name()).await?;
            say(&format!("the key {} holds no more", who.name()));
        }
    }
    Ok(())
}

/// Nothing named: everything.
fn read_scopes(words: &[String]) -> anyhow::Result<Vec<Scope>> {
    if words.is_empty() {
        return Ok(vec![Scope::All]);
    }
    let read = words.iter().map(|word| {
        Scope::from_word(word).with_context(|| {
            let known = Scope::EVERY.map(Scope::word).join(", ");
            format!("`{word}` is no scope; there are {known}")
        })
    });
    read.collect()
}

async fn rotate(config: &Config, storage: &Storage) -> anyhow::Result<()> {
    let pool = accounts_pool(config, storage)?;
    let secret = config.secrets.key.as_ref();
    let kid = kith_accounts::operator::rotate_signing_keys(&pool, &Clock::system(), secret).await?;
    say(&format!(
        "the key {kid} is published now and signs in five minutes"
    ));
    Ok(())
}

fn accounts_pool(config: &Config, storage: &Storage) -> anyhow::Result<sqlx::PgPool> {
    anyhow::ensure!(
        config.is_embedded() || config.database.url_of("accounts").is_some(),
        "no database was given for accounts"
    );
    storage
        .pool_of("accounts")
        .context("the database of accounts")
}

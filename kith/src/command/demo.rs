//! `kith demo`: a small believable community in a running instance, made through the same gRPC as any other backend would
//! use, with a service key. Everything it makes has a name of its own, so that a run that was interrupted is finished by
//! the next one, and a finished one is found.

mod community;
mod people;
mod speaker;
mod talk;

use std::net::SocketAddr;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use kith_auth::CallerSigner;
use kith_clock::Clock;
use secrecy::SecretString;

use crate::config::Config;
use crate::node::cluster_key;
use crate::place::{self, DEMO_LOGINS, INTERNAL_ADDRESS, PUBLIC_ADDRESS, Storage};
use crate::say::say;
use community::Community;
use speaker::Speaker;

/// What everybody in the demo logs in with.
const PASSWORD: &str = "demo-password";
/// The key that a run makes for itself, and revokes at its end.
const KEY_NAME: &str = "kith-demo";
/// How far back the oldest message lies.
const MONTHS: i64 = 4;

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let address = internal_address(config)?;
    let storage = Storage::reach(config).await?;
    let outcome = with_key(config, &storage, address).await;
    storage.stop().await;
    outcome
}

fn internal_address(config: &Config) -> anyhow::Result<SocketAddr> {
    let folder = config.folder();
    place::read_address(&folder, INTERNAL_ADDRESS).with_context(|| {
        format!(
            "no instance runs on {0}; start it first: kith --data {0}",
            folder.display()
        )
    })
}

/// Runs with a service key of its own, which ends with the run.
async fn with_key(config: &Config, storage: &Storage, address: SocketAddr) -> anyhow::Result<()> {
    let (pool, clock) = (storage.pool_of("accounts")?, Clock::system());
    // One that an interrupted run left behind.
    let _ = kith_accounts::operator::revoke_service_key(&pool, &clock, KEY_NAME).await;
    let key: SecretString =
        kith_accounts::operator::create_service_key(&pool, &clock, KEY_NAME).await?;
    let signer = CallerSigner::new(cluster_key(config, storage).await?, clock.clone());
    let speaker = Speaker::connect(address, &key, signer)?;
    let outcome = fill(speaker, clock.now()).await;
    kith_accounts::operator::revoke_service_key(&pool, &clock, KEY_NAME).await?;
    let made = outcome.with_context(|| format!("the instance at {address} refused"))?;
    say(if made {
        "\nThe demo community is there."
    } else {
        "The demo community is there already."
    });
    leave_logins(config)?;
    print_logins(config);
    Ok(())
}

/// Makes what is not there yet; false when all of it was.
async fn fill(speaker: Speaker, now: DateTime<Utc>) -> anyhow::Result<bool> {
    let mut community = Community::new(speaker, now);
    if community.is_complete(PASSWORD).await? {
        return Ok(false);
    }
    say("Making 20 people …");
    community.make_people(PASSWORD).await?;
    say("Making friends …");
    let friendships = community.make_friends().await?;
    say(&format!("… {friendships} friendships. Opening rooms …"));
    let rooms = community.open_rooms().await?;
    say(&format!(
        "… {} rooms. Talking, over the last {MONTHS} months …",
        rooms.len()
    ));
    let messages = community.talk(rooms).await?;
    say(&format!("… {messages} messages."));
    community.complete().await?;
    Ok(true)
}

/// The web client's first page offers them.
fn leave_logins(config: &Config) -> anyhow::Result<()> {
    let usernames: Vec<&str> = people::PEOPLE.iter().map(|it| it.username).collect();
    let logins = serde_json::json!({ "usernames": usernames, "password": PASSWORD });
    place::write(&config.folder(), DEMO_LOGINS, &logins.to_string())
}

fn print_logins(config: &Config) {
    let address = place::read_address(&config.folder(), PUBLIC_ADDRESS);
    let address = address.unwrap_or(config.server.listen);
    say(&format!(
        "Log in on http://{address} as any of these, with the password `{PASSWORD}`:
"
    ));
    for row in people::PEOPLE.chunks(5) {
        let names: Vec<String> = row
            .iter()
            .map(|person| format!("{:<10}", person.username))
            .collect();
        say(&format!("  {}", names.join(" ").trim_end()));
    }
}

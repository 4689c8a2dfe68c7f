//! `kith demo`: a small believable community in a running instance, made through the same gRPC as any other backend would
//! use, with a service key. Everything it makes has a name of its own, so that a run that was interrupted is finished by
//! the next one, and a finished one is found.

mod community;
mod people;
mod talk;
mod visits;

use std::net::SocketAddr;

use kith_clock::Clock;

use super::speaker;
use crate::config::Config;
use crate::place::{self, DEMO_LOGINS, PUBLIC_ADDRESS};
use crate::say::say;
use community::Community;
use visits::Visits;

/// What everybody in the demo logs in with.
const PASSWORD: &str = "demo-password";
/// The key that a run makes for itself, and revokes at its end.
const KEY_NAME: &str = "kith-demo";
/// How far back the oldest message lies.
const MONTHS: i64 = 4;

pub(super) async fn run(config: &Config, stay: bool) -> anyhow::Result<()> {
    let made = speaker::with_speaker(config, KEY_NAME, async |speaker| {
        let mut community = Community::new(speaker.clone(), Clock::system().now());
        fill(&mut community).await
    })
    .await?;
    let visits = if made || stay {
        Some(Visits::begin(gateway(config)).await?)
    } else {
        None
    };
    say(if made {
        "\nThe demo community is there."
    } else {
        "The demo community is there already."
    });
    leave_logins(config)?;
    print_logins(config);
    match visits {
        Some(visits) if stay => {
            say("\nThey come and go until this command is ended.");
            visits.stay().await
        }
        Some(visits) => visits.end().await,
        None => Ok(()),
    }
}

/// Makes what is not there yet; false when all of it was.
async fn fill(community: &mut Community) -> anyhow::Result<bool> {
    if community.is_complete(PASSWORD).await? {
        return Ok(false);
    }
    say("Making 28 people …");
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

/// Where devices reach this node.
fn gateway(config: &Config) -> SocketAddr {
    let address = place::read_address(&config.folder(), PUBLIC_ADDRESS);
    place::reachable(address.unwrap_or(config.server.listen))
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

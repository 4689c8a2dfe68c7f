//! Lets people of the demo be here, each with a device of the SDK: all have looked in once, some say something of themselves, and while
//! `kith demo --stay` runs some are here, some are away, and some come and go.

use std::{net::SocketAddr, slice::from_ref, time::Duration};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kith_sdk::{
    client::Client,
    rest::{Api, ApiError, Credentials},
    store::MemoryStore,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{PASSWORD, people::PEOPLE};

/// For a device to be connected, and for a login that the node put off.
const PATIENCE: Duration = Duration::from_secs(30);
/// Before a login is tried again that the node has put off without a time.
const PAUSE: Duration = Duration::from_secs(1);
/// Somebody comes or goes this often.
const COMING: Duration = Duration::from_secs(20);
/// Logins at once: each costs the node a password hash.
const AT_ONCE: usize = 2;

/// What somebody does while the demo stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    Here,
    Away,
    ComesAndGoes,
    /// Has looked in, and left.
    Gone,
}

/// What people say of themselves, by place among the people.
const SAYINGS: [(usize, &str); 7] = [
    (1, "Training for April"),
    (4, "Reading, call me instead"),
    (9, "On the train, bad signal"),
    (11, "At the market until noon"),
    (15, "Knee-deep in compost"),
    (19, "Planning. Always planning."),
    (26, "Coffee first"),
];

/// Everybody, logged in.
pub(super) struct Visits {
    server: Api,
    visitors: Vec<Visitor>,
}

/// Somebody, what their device keeps, and the device while it is switched on.
struct Visitor {
    place: usize,
    store: MemoryStore,
    device: Client,
    is_here: bool,
}

/// The first one is who tries the demo out, so they come by themselves.
const fn habit(place: usize) -> Habit {
    match (place, place % 5) {
        (0, _) => Habit::Gone,
        (_, 1 | 3) => Habit::Here,
        (_, 4) => Habit::Away,
        (_, 2) => Habit::ComesAndGoes,
        _ => Habit::Gone,
    }
}

impl Visits {
    /// Everybody logs in, looks in, and says what they have to say.
    pub(super) async fn begin(gateway: SocketAddr) -> anyhow::Result<Self> {
        let server = Api::new(&format!("http://{gateway}"))?;
        let visitors = stream::iter(0..PEOPLE.len())
            .map(|place| Visitor::come(&server, place))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Self { server, visitors })
    }

    /// Everybody leaves.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        for mut visitor in self.visitors {
            visitor.leave().await;
            // What an ended device was is no session of theirs any more.
            visitor.device.api().logout().await?;
        }
        Ok(())
    }

    /// Lets people come and go until this process is told to end. A node that is away meanwhile finds them again when it is back.
    pub(super) async fn stay(mut self) -> anyhow::Result<()> {
        for place in places(Habit::Gone) {
            self.visitors[place].leave().await;
        }
        let mut restless = places(Habit::ComesAndGoes).into_iter().cycle();
        let mut comings = interval(COMING);
        comings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut terminate = signal(SignalKind::terminate())?;
        loop {
            tokio::select! {
                _ = comings.tick() => if let Some(place) = restless.next() {
                    self.visitors[place].come_or_go(&self.server).await?;
                },
                _ = tokio::signal::ctrl_c() => break,
                _ = terminate.recv() => break,
            }
        }
        // A node that ends at the same time need not be told.
        let _ = timeout(PATIENCE, self.end()).await;
        Ok(())
    }
}

impl Visitor {
    /// Logs in, connects, and says what they have to say of themselves.
    async fn come(server: &Api, place: usize) -> anyhow::Result<Self> {
        let username = PEOPLE[place].username;
        let credentials = Credentials {
            username: username.to_owned(),
            password: PASSWORD.to_owned(),
            device_name: Some("kith demo".to_owned()),
        };
        let coming = async {
            let session = loop {
                match server.login(&credentials).await {
                    Ok(session) => break session,
                    Err(error) => sleep(put_off(error)?).await,
                }
            };
            let store = MemoryStore::default();
            // They are here to be seen, and read nothing.
            let (device, _) = Client::sign_in(from_ref(server), &session, store.clone()).await?;
            let visitor = Self {
                place,
                store,
                device,
                is_here: true,
            };
            visitor.say_how_it_is().await?;
            anyhow::Ok(visitor)
        };
        timeout(PATIENCE, coming)
            .await
            .with_context(|| format!("{username} does not get in"))?
            .with_context(|| username)
    }

    async fn say_how_it_is(&self) -> anyhow::Result<()> {
        let status = match habit(self.place) {
            Habit::Away => "away",
            Habit::Here | Habit::ComesAndGoes | Habit::Gone => "online",
        };
        let saying = SAYINGS.iter().find(|(whose, _)| *whose == self.place);
        let link = self.device.live().await?;
        link.status_with(status, saying.map(|(_, text)| *text))
            .await?;
        Ok(())
    }

    async fn leave(&mut self) {
        self.device.stop().await;
        self.is_here = false;
    }

    async fn come_or_go(&mut self, server: &Api) -> anyhow::Result<()> {
        if self.is_here {
            self.leave().await;
        } else {
            (self.device, _) = Client::restore(from_ref(server), self.store.clone()).await?;
            self.is_here = true;
        }
        Ok(())
    }
}

/// How long to wait before the same login, or what is wrong with it.
fn put_off(error: ApiError) -> Result<Duration, ApiError> {
    match error.problem() {
        Some(problem) if problem.retryable || problem.status == 429 => {
            Ok(error.retry_after().unwrap_or(PAUSE))
        }
        _ => Err(error),
    }
}

fn places(wanted: Habit) -> Vec<usize> {
    let everybody = 0..PEOPLE.len();
    everybody.filter(|place| habit(*place) == wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::demo::people::friends;

    #[test]
    fn the_first_ones_friends_do_different_things() {
        let friends: Vec<usize> = friends()
            .into_iter()
            .filter_map(|(one, other)| (one == 0).then_some(other))
            .collect();

        for wanted in [Habit::Here, Habit::Away, Habit::ComesAndGoes] {
            assert!(
                friends.iter().any(|friend| habit(*friend) == wanted),
                "{wanted:?}"
            );
        }
        assert!(SAYINGS.iter().all(|(place, _)| *place < PEOPLE.len()));
    }
}

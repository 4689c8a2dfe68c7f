//! Lets people of the demo be here, as a gateway of their devices would: all have looked in once, some say something of themselves, and while
//! `kith demo --stay` runs some are here, some are away, and some come and go.

use std::time::Duration;

use anyhow::{Context as _, bail};
use kith_api::presence::v1::{
    AttachRequest, AttachResponse, Beat, Choice, Connect, Custom, Disconnect, Report, SetStatus,
    answer::Result as Answered, news::News, report::Report as Kind,
};
use kith_auth::Caller;
use kith_client::Upstream;
use kith_clock::Clock;
use kith_ids::UserId;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

/// Longer than presence gathers what it writes.
const SETTLE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(10);
/// Somebody comes or goes this often.
const COMING: Duration = Duration::from_secs(20);
/// How often it beats until the service has said how often.
const BEAT: Duration = Duration::from_secs(5);
/// Requests on their way.
const REQUESTS: usize = 16;

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

/// A stream to presence that is open.
pub(super) struct Visits {
    node: Upstream,
    people: Vec<UserId>,
    requests: mpsc::Sender<AttachRequest>,
    news: Streaming<AttachResponse>,
    beat: Duration,
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
    /// Everybody looks in, and says what they have to say.
    pub(super) async fn begin(node: Upstream, people: Vec<UserId>) -> anyhow::Result<Self> {
        let (requests, outgoing) = mpsc::channel(REQUESTS);
        let mut client = node.presence_stream(&Caller::node("demo"));
        let opening = client.attach(ReceiverStream::new(outgoing));
        let news = timeout(PATIENCE, opening)
            .await
            .context("presence does not answer")??;
        let mut visits = Self {
            node,
            people,
            requests,
            news: news.into_inner(),
            beat: BEAT,
        };
        let everybody = 0..visits.people.len();
        let mut reports: Vec<Kind> = everybody
            .clone()
            .filter_map(|place| visits.coming(place))
            .collect();
        reports.extend(everybody.map(status_of));
        let answers = visits.people.len();
        visits.send(reports).await?;
        timeout(PATIENCE, visits.wait_for(answers))
            .await
            .context("presence does not answer")??;
        sleep(SETTLE).await;
        Ok(visits)
    }

    /// Everybody leaves.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        let everybody = (0..self.people.len()).map(leaving).collect();
        self.send(everybody).await?;
        sleep(SETTLE).await;
        Ok(())
    }

    /// Lets people come and go until this process is told to end.
    pub(super) async fn stay(mut self) -> anyhow::Result<()> {
        let gone = self.places(Habit::Gone).into_iter().map(leaving);
        self.send(gone.collect()).await?;
        let restless = self.places(Habit::ComesAndGoes);
        let mut here = vec![true; self.people.len()];
        let mut turn = 0;
        let (mut beats, mut comings) = (interval(self.beat), interval(COMING));
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        comings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut terminate = signal(SignalKind::terminate())?;
        loop {
            tokio::select! {
                _ = beats.tick() => self.send(vec![Kind::Beat(Beat {})]).await?,
                _ = comings.tick(), if !restless.is_empty() => {
                    let place = restless[turn % restless.len()];
                    turn += 1;
                    here[place] = !here[place];
                    let report = if here[place] { self.coming(place) } else { Some(leaving(place)) };
                    self.send(report.into_iter().collect()).await?;
                }
                news = self.news.message() => if !matches!(news, Ok(Some(_))) {
                    bail!("the instance has ended");
                },
                _ = tokio::signal::ctrl_c() => break,
                _ = terminate.recv() => break,
            }
        }
        // An instance that ends at the same time need not be told.
        let _ = self.end().await;
        Ok(())
    }

    fn places(&self, wanted: Habit) -> Vec<usize> {
        let everybody = 0..self.people.len();
        everybody.filter(|place| habit(*place) == wanted).collect()
    }

    fn coming(&self, place: usize) -> Option<Kind> {
        let user_id = *self.people.get(place)?;
        // A device of theirs, though of no session.
        let session_id = Clock::system().new_id().into();
        let caller = self.node.sign(&Caller::User {
            user_id,
            session_id,
        });
        Some(Kind::Connect(Connect {
            socket_id: place as u64,
            caller,
        }))
    }

    async fn send(&mut self, reports: Vec<Kind>) -> anyhow::Result<()> {
        let reports = reports.into_iter();
        let request = AttachRequest {
            reports: reports.map(|kind| Report { report: Some(kind) }).collect(),
        };
        self.requests
            .send(request)
            .await
            .context("the instance has ended")
    }

    /// Waits for so many answers.
    async fn wait_for(&mut self, mut answers: usize) -> anyhow::Result<()> {
        while answers > 0 {
            let response = self.news.message().await?;
            for news in response.context("the instance has ended")?.news {
                match news.news {
                    Some(News::Answer(answer)) => match answer.result {
                        Some(Answered::Failure(failure)) => bail!("presence refused: {failure:?}"),
                        _ => answers -= 1,
                    },
                    Some(News::Welcome(welcome)) => {
                        self.beat = Duration::from_millis(welcome.beat_interval_ms);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn leaving(place: usize) -> Kind {
    Kind::Disconnect(Disconnect {
        socket_id: place as u64,
    })
}

fn status_of(place: usize) -> Kind {
    let choice = match habit(place) {
        Habit::Away => Choice::Away,
        Habit::Here | Habit::ComesAndGoes | Habit::Gone => Choice::Online,
    };
    let saying = SAYINGS.iter().find(|(whose, _)| *whose == place);
    Kind::SetStatus(SetStatus {
        request_id: place as u64,
        socket_id: place as u64,
        choice: choice.into(),
        custom: saying.map(|(_, text)| Custom {
            text: (*text).to_owned(),
            expire_time: None,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::demo::people::{PEOPLE, friends};

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

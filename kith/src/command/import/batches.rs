//! Sends rows in batches, a few at once, and hands the answers to the report.

use std::{
    collections::{HashMap, HashSet},
    pin::Pin,
};

use anyhow::Context as _;
use futures::{Future, StreamExt as _, stream::FuturesUnordered};
use kith_api::{
    accounts::v1::{FindImportedUsersRequest, ImportUsersRequest, NewImportedUser},
    common::v1::{ImportOutcome, ImportResult},
    friends::v1::{
        ImportFriendRequestsRequest, ImportFriendshipsRequest, NewFriendRequest, NewFriendship,
    },
};
use tonic::Status;

use super::{
    record::{Link, LinkKind},
    report::{Place, Report, Subject},
    rows::Flaw,
};
use crate::command::speaker::{Speaker, patiently};

/// Users of one call: the most that accounts takes.
const USERS: usize = 500;
/// Pairs of one call. Each holds a lock in the database until its batch is written, and those are limited.
const LINKS: usize = 250;
/// Calls at once: enough to keep one database busy, few enough to leave connections for everybody else.
const AT_ONCE: usize = 3;

type Answered = anyhow::Result<Vec<(Place, Subject, ImportResult)>>;
type Call = Pin<Box<dyn Future<Output = Answered>>>;

/// What waits to be sent, and what is on its way.
pub(super) struct Batches {
    speaker: Speaker,
    dry_run: bool,
    users: Vec<(Place, NewImportedUser)>,
    friendships: Vec<Waiting>,
    requests: Vec<Waiting>,
    calls: FuturesUnordered<Call>,
}

/// A pair, and which of the two is a user of these files.
struct Waiting {
    place: Place,
    link: Link,
    known: [bool; 2],
}

impl Batches {
    pub(super) fn new(speaker: Speaker, dry_run: bool) -> Self {
        Self {
            speaker,
            dry_run,
            users: Vec::new(),
            friendships: Vec::new(),
            requests: Vec::new(),
            calls: FuturesUnordered::new(),
        }
    }

    pub(super) async fn user(
        &mut self,
        place: Place,
        user: NewImportedUser,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        self.users.push((place, user));
        if self.users.len() >= USERS {
            self.send_users();
            self.make_room(AT_ONCE, report).await?;
        }
        Ok(())
    }

    pub(super) async fn link(
        &mut self,
        place: Place,
        link: Link,
        known: [bool; 2],
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let kind = link.kind;
        let waiting = Waiting { place, link, known };
        let batch = match kind {
            LinkKind::Friends => &mut self.friendships,
            LinkKind::Request => &mut self.requests,
        };
        batch.push(waiting);
        if batch.len() >= LINKS {
            self.send_links(kind);
            self.make_room(AT_ONCE, report).await?;
        }
        Ok(())
    }

    /// Sends what is left and waits for every answer.
    pub(super) async fn finish(&mut self, report: &mut Report) -> anyhow::Result<()> {
        self.send_users();
        self.send_links(LinkKind::Friends);
        self.send_links(LinkKind::Request);
        self.make_room(0, report).await
    }

    /// Waits until fewer calls than `most` are under way, or none.
    async fn make_room(&mut self, most: usize, report: &mut Report) -> anyhow::Result<()> {
        while self.calls.len() >= most.max(1) {
            let Some(answered) = self.calls.next().await else {
                return Ok(());
            };
            for (place, subject, result) in answered? {
                report.answered(place, subject, &result)?;
            }
        }
        Ok(())
    }

    fn send_users(&mut self) {
        let batch = std::mem::take(&mut self.users);
        if !batch.is_empty() {
            self.calls
                .push(Box::pin(users(self.speaker.clone(), batch, self.dry_run)));
        }
    }

    fn send_links(&mut self, kind: LinkKind) {
        let batch = std::mem::take(match kind {
            LinkKind::Friends => &mut self.friendships,
            LinkKind::Request => &mut self.requests,
        });
        if !batch.is_empty() {
            let call = links(self.speaker.clone(), kind, batch, self.dry_run);
            self.calls.push(Box::pin(call));
        }
    }
}

async fn users(speaker: Speaker, batch: Vec<(Place, NewImportedUser)>, dry_run: bool) -> Answered {
    let (places, users): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let request = ImportUsersRequest { users, dry_run };
    let answer =
        patiently(async || speaker.user_import().import_users(request.clone()).await).await;
    let results = answer
        .map_err(|status| readable(&status))
        .context("importing users")?;
    let results = results.into_inner().results;
    let answered = places.into_iter().zip(results);
    Ok(answered
        .map(|(place, result)| (place, Subject::User, result))
        .collect())
}

async fn links(speaker: Speaker, kind: LinkKind, batch: Vec<Waiting>, dry_run: bool) -> Answered {
    let subject = match kind {
        LinkKind::Friends => Subject::Friendship,
        LinkKind::Request => Subject::Request,
    };
    let ids = resolve(&speaker, &batch).await?;
    let mut answered = Vec::with_capacity(batch.len());
    let mut found = Vec::with_capacity(batch.len());
    for Waiting { place, link, known } in batch {
        let ends = [ids.get(&link.from).cloned(), ids.get(&link.to).cloned()];
        match ends {
            [Some(from), Some(to)] => found.push((place, link, from, to)),
            _ if dry_run && (0..2).all(|end| ends[end].is_some() || known[end]) => {
                answered.push((place, subject, created()));
            }
            [from, _] => {
                let field = if from.is_none() { "id" } else { "friend_id" };
                answered.push((place, subject, unknown(field)));
            }
        }
    }
    if dry_run {
        let found = found.into_iter();
        answered.extend(found.map(|(place, ..)| (place, subject, created())));
        return Ok(answered);
    }
    let places: Vec<Place> = found.iter().map(|(place, ..)| *place).collect();
    let results = send(&speaker, kind, found)
        .await
        .map_err(|status| readable(&status))
        .context("importing friendships")?;
    let sent = places.into_iter().zip(results);
    answered.extend(sent.map(|(place, result)| (place, subject, result)));
    Ok(answered)
}

/// Who these people are in Kith.
async fn resolve(speaker: &Speaker, batch: &[Waiting]) -> anyhow::Result<HashMap<String, String>> {
    let ids: HashSet<&String> = batch
        .iter()
        .flat_map(|waiting| [&waiting.link.from, &waiting.link.to])
        .collect();
    let request = FindImportedUsersRequest {
        external_ids: ids.into_iter().cloned().collect(),
    };
    let call = async || {
        speaker
            .user_import()
            .find_imported_users(request.clone())
            .await
    };
    let answer = patiently(call).await.map_err(|status| readable(&status));
    let users = answer.context("looking for users")?.into_inner().users;
    Ok(users
        .into_iter()
        .map(|user| (user.external_id, user.user_id))
        .collect())
}

async fn send(
    speaker: &Speaker,
    kind: LinkKind,
    found: Vec<(Place, Link, String, String)>,
) -> Result<Vec<ImportResult>, Status> {
    if kind == LinkKind::Friends {
        let friendships = found.into_iter().map(|(_, link, from, to)| NewFriendship {
            user_id: from,
            friend_id: to,
            since_time: link.since,
        });
        let request = ImportFriendshipsRequest {
            friendships: friendships.collect(),
        };
        let call = async || {
            speaker
                .graph_import()
                .import_friendships(request.clone())
                .await
        };
        return Ok(patiently(call).await?.into_inner().results);
    }
    let requests = found
        .into_iter()
        .map(|(_, link, from, to)| NewFriendRequest {
            user_id: from,
            friend_id: to,
            note: link.note,
        });
    let request = ImportFriendRequestsRequest {
        requests: requests.collect(),
    };
    let call = async || {
        speaker
            .graph_import()
            .import_friend_requests(request.clone())
            .await
    };
    Ok(patiently(call).await?.into_inner().results)
}

fn created() -> ImportResult {
    ImportResult {
        outcome: ImportOutcome::Created.into(),
        violations: Vec::new(),
    }
}

fn unknown(field: &str) -> ImportResult {
    let flaw = Flaw::new(field, "not_found", "no imported user has this id");
    ImportResult {
        outcome: ImportOutcome::Refused.into(),
        violations: vec![flaw.into()],
    }
}

/// A status as a sentence.
fn readable(status: &Status) -> anyhow::Error {
    anyhow::anyhow!("the instance answered: {}", status.message())
}

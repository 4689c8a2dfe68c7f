//! `kith.friends.v1.GraphImportService`: reads rows, asks the use case, writes what became of each.

use chrono::DateTime;
use kith_api::{
    common::v1::{FieldViolation, ImportOutcome, ImportResult},
    friends::v1::{self as wire, graph_import_service_server::GraphImportService},
};
use kith_ids::UserId;
use tonic::{Request, Response, Status};

use super::{Answer, decode::Fields, open};
use crate::{
    app::App,
    domain::{
        import::{Link, Outcome},
        request::NOTE_MAX,
    },
    error::Error,
};

/// Most rows of a call.
const MAX_ROWS: usize = 500;

/// The import over gRPC.
#[derive(Debug, Clone)]
pub(crate) struct GraphImport {
    app: App,
}

impl GraphImport {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl GraphImportService for GraphImport {
    async fn import_friendships(
        &self,
        request: Request<wire::ImportFriendshipsRequest>,
    ) -> Answer<wire::ImportFriendshipsResponse> {
        let rows = open_for_import(request)?.friendships;
        check_count("friendships", rows.len())?;
        let read = rows
            .into_iter()
            .map(|row| link(&row.user_id, &row.friend_id, row.since_time, String::new()));
        let (links, results) = split(read);

        let outcomes = self.app.import_friendships(links).await?;

        Ok(Response::new(wire::ImportFriendshipsResponse {
            results: join(results, outcomes),
        }))
    }

    async fn import_friend_requests(
        &self,
        request: Request<wire::ImportFriendRequestsRequest>,
    ) -> Answer<wire::ImportFriendRequestsResponse> {
        let rows = open_for_import(request)?.requests;
        check_count("requests", rows.len())?;
        let read = rows
            .into_iter()
            .map(|row| link(&row.user_id, &row.friend_id, None, row.note));
        let (links, results) = split(read);

        let outcomes = self.app.import_friend_requests(links).await?;

        Ok(Response::new(wire::ImportFriendRequestsResponse {
            results: join(results, outcomes),
        }))
    }
}

fn open_for_import<T>(request: Request<T>) -> Result<T, Status> {
    let (caller, message) = open(request)?;
    caller.require_trusted()?;
    Ok(message)
}

fn check_count(field: &str, count: usize) -> Result<(), Error> {
    let mut fields = Fields::default();
    let counted = fields.at_most(field, count, MAX_ROWS);
    fields.all(counted)
}

/// A row that can be judged, or what is wrong with it: one bad row does not hold up the others.
fn link(
    from: &str,
    to: &str,
    since: Option<prost_types::Timestamp>,
    note: String,
) -> Result<Link, Outcome> {
    let id = |field, text: &str| {
        text.parse::<UserId>()
            .map_err(|_| Outcome::refused(field, "invalid", "not an id"))
    };
    if note.chars().count() > NOTE_MAX {
        return Err(Outcome::refused(
            "note",
            "too_long",
            "at most 280 characters",
        ));
    }
    if note.contains('\0') {
        return Err(Outcome::refused("note", "invalid", "no NUL characters"));
    }
    Ok(Link {
        from: id("id", from)?,
        to: id("friend_id", to)?,
        // Before 1970 there were no friendships of this kind, and the database cannot keep every time that a message can.
        since: since.filter(|time| time.seconds >= 0).and_then(|time| {
            DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).unwrap_or(0))
        }),
        note,
    })
}

/// The rows to judge, and for each row of the request its result if there is one already.
fn split(read: impl Iterator<Item = Result<Link, Outcome>>) -> (Vec<Link>, Vec<Option<Outcome>>) {
    let mut links = Vec::new();
    let results = read
        .map(|row| match row {
            Ok(link) => {
                links.push(link);
                None
            }
            Err(outcome) => Some(outcome),
        })
        .collect();
    (links, results)
}

fn join(results: Vec<Option<Outcome>>, outcomes: Vec<Outcome>) -> Vec<ImportResult> {
    let mut outcomes = outcomes.into_iter();
    results
        .into_iter()
        .map(|result| encode(result.or_else(|| outcomes.next())))
        .collect()
}

fn encode(outcome: Option<Outcome>) -> ImportResult {
    let (word, violations) = match outcome {
        Some(Outcome::Created) => (ImportOutcome::Created, Vec::new()),
        Some(Outcome::Refused(violation)) => (ImportOutcome::Refused, vec![violation]),
        Some(Outcome::Unchanged) | None => (ImportOutcome::Unchanged, Vec::new()),
    };
    ImportResult {
        outcome: word.into(),
        violations: violations
            .into_iter()
            .map(|one| FieldViolation {
                field: one.field,
                code: one.code,
                message: one.message,
            })
            .collect(),
    }
}

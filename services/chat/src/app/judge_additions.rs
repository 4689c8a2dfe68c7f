//! May these people be brought into a group? Accounts says who exists, friends who may be added; one refusal refuses all,
//! and every refused one is named.

use std::collections::HashSet;

use kith_api::friends::v1::{CheckPermissionRequest, Permission};
use kith_auth::Caller;
use kith_error::{Failure, Reason, Violation};
use kith_ids::UserId;
use sqlx::PgConnection;

use super::learn_users::learn_users;
use crate::{
    Error,
    app::App,
    store::{pairs, users},
};

/// People to be added, each with the place where the caller wrote them.
#[derive(Debug, Clone)]
pub(crate) struct Additions {
    /// The field of the list.
    pub(crate) field: &'static str,
    pub(crate) people: Vec<(usize, UserId)>,
}

impl Additions {
    /// The people of a list, each once and without those who need no adding.
    pub(crate) fn new(field: &'static str, listed: &[UserId], but: &[UserId]) -> Self {
        let mut seen: HashSet<UserId> = but.iter().copied().collect();
        let people = listed
            .iter()
            .copied()
            .enumerate()
            .filter(|&(_, user)| seen.insert(user))
            .collect();
        Self { field, people }
    }

    /// Their ids, as the caller ordered them.
    pub(crate) fn ids(&self) -> Vec<UserId> {
        self.people.iter().map(|&(_, user)| user).collect()
    }

    /// Refuses the call, naming everybody who is not among those for whom it could go on.
    pub(crate) fn require_all(&self, among: &HashSet<UserId>, reason: Reason) -> Result<(), Error> {
        let (code, message) = match reason {
            Reason::NotFound => ("not_found", "there is no such person"),
            _ => (
                "not_allowed_by_privacy",
                "their privacy settings do not allow this",
            ),
        };
        let violations: Vec<Violation> = self
            .people
            .iter()
            .filter(|(_, user)| !among.contains(user))
            .map(|(place, user)| {
                let field = format!("{}[{place}]", self.field);
                Violation::new(field, code, format!("{user}: {message}"))
            })
            .collect();
        if violations.is_empty() {
            return Ok(());
        }
        Err(Error::Said(Failure {
            violations,
            ..Failure::new(reason, message)
        }))
    }
}

/// Locks those who are added, and refuses the call if one of them is gone, or a block came between them and `actor`, since
/// the siblings were asked. Whoever is deleted or blocks from now on waits until they are in.
pub(crate) async fn lock_additions(
    tx: &mut PgConnection,
    actor: UserId,
    additions: &Additions,
) -> Result<(), Error> {
    let ids = additions.ids();
    let mut open: HashSet<UserId> = users::lock(tx, &ids).await?.into_iter().collect();
    additions.require_all(&open, Reason::NotFound)?;
    for blocked in pairs::list_blocked(tx, actor, &ids).await? {
        open.remove(&blocked);
    }
    additions.require_all(&open, Reason::NotAllowedByPrivacy)
}

/// Refuses the call unless `actor` may add all of them.
pub(crate) async fn judge_additions(
    app: &App,
    actor: UserId,
    additions: &Additions,
) -> Result<(), Error> {
    let ids = additions.ids();
    if ids.is_empty() {
        return Ok(());
    }
    let existing = learn_users(app, &ids).await?;
    additions.require_all(&existing, Reason::NotFound)?;
    let request = CheckPermissionRequest {
        actor_id: actor.to_string(),
        target_ids: ids.iter().map(UserId::to_string).collect(),
        permission: Permission::AddToGroup.into(),
    };
    let mut friends = app.friends.friends(&Caller::node("chat"));
    let answer = friends.check_permission(request).await?.into_inner();
    let allowed: HashSet<UserId> = answer
        .allowed_ids
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    additions.require_all(&allowed, Reason::NotAllowedByPrivacy)
}

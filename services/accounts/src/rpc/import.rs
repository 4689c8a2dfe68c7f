//! `kith.accounts.v1.UserImportService`: decodes, calls the use case, encodes.

use std::sync::Arc;

use kith_api::{
    accounts::v1::{self as proto, user_import_service_server::UserImportService},
    common::v1::{FieldViolation, ImportOutcome, ImportResult},
};
use kith_auth::RequestExt as _;
use tonic::Request;

use super::{Answer, answer};
use crate::{
    app::{App, find_imported_users::find_imported_users, import_users::import_users},
    domain::import::{GivenUser, Outcome},
};

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct ImportRpc {
    app: Arc<App>,
}

impl ImportRpc {
    /// Serves the import.
    pub(crate) const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl UserImportService for ImportRpc {
    async fn import_users(
        &self,
        request: Request<proto::ImportUsersRequest>,
    ) -> Answer<proto::ImportUsersResponse> {
        let caller = request.caller()?.clone();
        let proto::ImportUsersRequest { users, dry_run } = request.into_inner();
        let given = users.into_iter().map(given).collect();
        let outcomes = import_users(&self.app, &caller, given, dry_run).await;
        answer(outcomes.map(|outcomes| proto::ImportUsersResponse {
            results: outcomes.into_iter().map(result).collect(),
        }))
    }

    async fn find_imported_users(
        &self,
        request: Request<proto::FindImportedUsersRequest>,
    ) -> Answer<proto::FindImportedUsersResponse> {
        let caller = request.caller()?.clone();
        let external_ids = request.into_inner().external_ids;
        let found = find_imported_users(&self.app, &caller, &external_ids).await;
        answer(found.map(|found| {
            proto::FindImportedUsersResponse {
                users: found
                    .into_iter()
                    .map(|(external_id, user_id)| proto::ImportedUser {
                        external_id,
                        user_id: user_id.to_string(),
                    })
                    .collect(),
            }
        }))
    }
}

fn given(user: proto::NewImportedUser) -> GivenUser {
    GivenUser {
        external_id: user.external_id,
        username: user.username,
        display_name: user.display_name,
        password_hash: user.password_hash,
    }
}

fn result(outcome: Outcome) -> ImportResult {
    let (outcome, violations) = match outcome {
        Outcome::Created => (ImportOutcome::Created, Vec::new()),
        Outcome::Unchanged => (ImportOutcome::Unchanged, Vec::new()),
        Outcome::Refused(violations) => (ImportOutcome::Refused, violations),
    };
    ImportResult {
        outcome: outcome.into(),
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

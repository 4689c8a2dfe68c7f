//! `kith.friends.v1.ContactService`: reads hashes, asks the use case, writes the answer.

use kith_api::friends::v1::{self as wire, contact_service_server::ContactService};
use tonic::{Request, Response};

use super::{Answer, convert, decode::Fields, open_for_user};
use crate::{
    app::App,
    domain::contact::{ContactHash, MAX_ASKED, MAX_OWN},
};

/// Contact matching over gRPC.
#[derive(Debug, Clone)]
pub(crate) struct Contacts {
    app: App,
}

impl Contacts {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl ContactService for Contacts {
    async fn get_contact_salt(
        &self,
        request: Request<wire::GetContactSaltRequest>,
    ) -> Answer<wire::GetContactSaltResponse> {
        let (user, _) = open_for_user(request)?;

        let (salt, registered_count, awaited_count) = self.app.get_contact_salt(user).await?;

        let digits = salt.value.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let value = digits
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect();
        Ok(Response::new(wire::GetContactSaltResponse {
            salt: Some(wire::ContactSalt {
                salt_id: salt.id,
                value,
            }),
            registered_count,
            awaited_count,
        }))
    }

    async fn register_contacts(
        &self,
        request: Request<wire::RegisterContactsRequest>,
    ) -> Answer<wire::RegisterContactsResponse> {
        let (user, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let hashes = fields.hashes(&message.hashes, MAX_OWN);
        let hashes = fields.all(hashes)?;

        let registered_count = self
            .app
            .register_contacts(user, message.salt_id, &hashes)
            .await?;

        Ok(Response::new(wire::RegisterContactsResponse {
            registered_count,
        }))
    }

    async fn remove_contacts(
        &self,
        request: Request<wire::RemoveContactsRequest>,
    ) -> Answer<wire::RemoveContactsResponse> {
        let (user, _) = open_for_user(request)?;

        self.app.remove_contacts(user).await?;

        Ok(Response::new(wire::RemoveContactsResponse {}))
    }

    async fn remove_awaited_contacts(
        &self,
        request: Request<wire::RemoveAwaitedContactsRequest>,
    ) -> Answer<wire::RemoveAwaitedContactsResponse> {
        let (user, _) = open_for_user(request)?;

        self.app.remove_awaited_contacts(user).await?;

        Ok(Response::new(wire::RemoveAwaitedContactsResponse {}))
    }

    async fn match_contacts(
        &self,
        request: Request<wire::MatchContactsRequest>,
    ) -> Answer<wire::MatchContactsResponse> {
        let (user, message) = open_for_user(request)?;
        let mut fields = Fields::default();
        let hashes = fields.hashes(&message.hashes, MAX_ASKED);
        let hashes: Vec<ContactHash> = fields.all(hashes)?;

        let matches = self
            .app
            .match_contacts(user, message.salt_id, &hashes, message.notify)
            .await?;

        Ok(Response::new(wire::MatchContactsResponse {
            matches: matches
                .into_iter()
                .map(|(hash, person)| wire::ContactMatch {
                    hash: hash.to_vec().into(),
                    user: Some(convert::person(person)),
                })
                .collect(),
        }))
    }
}

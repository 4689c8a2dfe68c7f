//! Speaks gRPC to a running instance with a service key, for itself or on a person's behalf.

use kith_api::accounts::v1::accounts_service_client::AccountsServiceClient;
use kith_api::chat::v1::chat_service_client::ChatServiceClient;
use kith_api::friends::v1::friends_service_client::FriendsServiceClient;
use secrecy::{ExposeSecret as _, SecretString};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::node::ON_BEHALF_OF;

/// A channel and a key. Cheap to clone.
#[derive(Clone)]
pub(super) struct Speaker {
    channel: Channel,
    authorization: MetadataValue<Ascii>,
}

/// Adds the key, and the person.
#[derive(Clone)]
pub(super) struct Credentials {
    authorization: MetadataValue<Ascii>,
    on_behalf_of: Option<MetadataValue<Ascii>>,
}

pub(super) type Spoken = InterceptedService<Channel, Credentials>;

impl Speaker {
    pub(super) fn connect(address: &str, key: &SecretString) -> anyhow::Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?
            .tcp_nodelay(true)
            .connect_lazy();
        let mut authorization: MetadataValue<Ascii> =
            format!("Bearer {}", key.expose_secret()).parse()?;
        authorization.set_sensitive(true);
        Ok(Self {
            channel,
            authorization,
        })
    }

    pub(super) fn accounts(&self) -> AccountsServiceClient<Spoken> {
        AccountsServiceClient::with_interceptor(self.channel.clone(), self.credentials(None))
    }

    pub(super) fn accounts_as(&self, person: &str) -> AccountsServiceClient<Spoken> {
        AccountsServiceClient::with_interceptor(
            self.channel.clone(),
            self.credentials(Some(person)),
        )
    }

    pub(super) fn friends_as(&self, person: &str) -> FriendsServiceClient<Spoken> {
        FriendsServiceClient::with_interceptor(self.channel.clone(), self.credentials(Some(person)))
    }

    pub(super) fn chat_as(&self, person: &str) -> ChatServiceClient<Spoken> {
        ChatServiceClient::with_interceptor(self.channel.clone(), self.credentials(Some(person)))
    }

    fn credentials(&self, person: Option<&str>) -> Credentials {
        Credentials {
            authorization: self.authorization.clone(),
            // An id is ASCII; one that is not would be refused by the node anyway.
            on_behalf_of: person.and_then(|id| id.parse().ok()),
        }
    }
}

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.authorization.clone());
        if let Some(person) = &self.on_behalf_of {
            request.metadata_mut().insert(ON_BEHALF_OF, person.clone());
        }
        Ok(request)
    }
}

//! Speaks gRPC to a running instance with a service key, for itself or on a person's behalf.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use kith_api::accounts::v1::accounts_service_client::AccountsServiceClient;
use kith_api::accounts::v1::user_import_service_client::UserImportServiceClient;
use kith_api::accounts::v1::{LoginRequest, LoginResponse};
use kith_api::chat::v1::chat_service_client::ChatServiceClient;
use kith_api::friends::v1::friends_service_client::FriendsServiceClient;
use kith_api::friends::v1::graph_import_service_client::GraphImportServiceClient;
use kith_auth::{Caller, CallerSigner, Scope};
use kith_client::{Dial, Upstream};
use kith_clock::Clock;
use kith_error::{Failure, Reason};
use secrecy::{ExposeSecret as _, SecretString};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::config::Config;
use crate::node::{ON_BEHALF_OF, cluster_key};
use crate::place::{self, INTERNAL_ADDRESS, Storage};

const DEADLINE: Duration = Duration::from_secs(10);
/// How often a busy node is asked again.
const ATTEMPTS: u32 = 12;

/// A channel and a key. Cheap to clone.
#[derive(Clone)]
pub(in crate::command) struct Speaker {
    channel: Channel,
    authorization: MetadataValue<Ascii>,
    /// Log-ins are for nodes alone, and the person who runs this command is as trusted as one.
    node: Upstream,
}

/// Adds the key, and the person.
#[derive(Clone)]
pub(in crate::command) struct Credentials {
    authorization: MetadataValue<Ascii>,
    on_behalf_of: Option<MetadataValue<Ascii>>,
}

pub(in crate::command) type Spoken = InterceptedService<Channel, Credentials>;

impl Speaker {
    pub(in crate::command) fn connect(
        address: SocketAddr,
        dial: &Dial,
        key: &SecretString,
        signer: CallerSigner,
    ) -> anyhow::Result<Self> {
        let uri = format!("{}://{address}", dial.scheme()).parse()?;
        // The instance is on this machine, whatever its address.
        let channel = dial.endpoint(uri, "localhost")?.connect_lazy();
        let mut authorization: MetadataValue<Ascii> =
            format!("Bearer {}", key.expose_secret()).parse()?;
        authorization.set_sensitive(true);
        let node = Upstream::new(channel.clone(), signer, DEADLINE);
        Ok(Self {
            channel,
            authorization,
            node,
        })
    }

    pub(in crate::command) fn user_import(&self) -> UserImportServiceClient<Spoken> {
        UserImportServiceClient::with_interceptor(self.channel.clone(), self.credentials(None))
    }

    pub(in crate::command) fn graph_import(&self) -> GraphImportServiceClient<Spoken> {
        GraphImportServiceClient::with_interceptor(self.channel.clone(), self.credentials(None))
    }

    pub(in crate::command) fn accounts(&self) -> AccountsServiceClient<Spoken> {
        AccountsServiceClient::with_interceptor(self.channel.clone(), self.credentials(None))
    }

    /// Logs in; none when nobody has this name and password.
    pub(in crate::command) async fn login(
        &self,
        request: LoginRequest,
    ) -> Result<Option<LoginResponse>, Status> {
        match self
            .node
            .accounts(&Caller::node("demo"))
            .login(request)
            .await
        {
            Ok(answer) => Ok(Some(answer.into_inner())),
            Err(status) if Failure::from(&status).reason == Reason::InvalidCredentials => Ok(None),
            Err(status) => Err(status),
        }
    }

    pub(in crate::command) fn accounts_as(&self, person: &str) -> AccountsServiceClient<Spoken> {
        AccountsServiceClient::with_interceptor(
            self.channel.clone(),
            self.credentials(Some(person)),
        )
    }

    pub(in crate::command) fn friends_as(&self, person: &str) -> FriendsServiceClient<Spoken> {
        FriendsServiceClient::with_interceptor(self.channel.clone(), self.credentials(Some(person)))
    }

    pub(in crate::command) fn chat_as(&self, person: &str) -> ChatServiceClient<Spoken> {
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

/// Runs something against the running instance, with a service key of its own that ends with it.
pub(in crate::command) async fn with_speaker<T>(
    config: &Config,
    key_name: &str,
    work: impl AsyncFnOnce(Speaker) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = config.folder();
    let address = place::read_address(&folder, INTERNAL_ADDRESS).with_context(|| {
        format!(
            "no instance runs on {0}; start it first: kith --data {0}",
            folder.display()
        )
    })?;
    let storage = Storage::reach(config).await?;
    let outcome = with_key(config, &storage, key_name, address, work).await;
    storage.stop().await;
    outcome
}

async fn with_key<T>(
    config: &Config,
    storage: &Storage,
    key_name: &str,
    address: SocketAddr,
    work: impl AsyncFnOnce(Speaker) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let (pool, clock) = (storage.pool_of("accounts")?, Clock::system());
    // One that an interrupted run left behind.
    let _ = kith_accounts::operator::revoke_service_key(&pool, &clock, key_name).await;
    let key =
        kith_accounts::operator::create_service_key(&pool, &clock, key_name, &[Scope::All]).await?;
    let signer = CallerSigner::new(cluster_key(config, storage).await?, clock.clone());
    // Judged when the configuration was loaded.
    let dial = Dial::new(config.certificates().unwrap_or_default());
    let outcome = match Speaker::connect(address, &dial, &key, signer) {
        Ok(speaker) => work(speaker).await,
        Err(error) => Err(error),
    };
    kith_accounts::operator::revoke_service_key(&pool, &clock, key_name).await?;
    outcome.with_context(|| format!("the instance at {address} refused"))
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

/// Repeats a call that the node could not answer right now, as every caller should; each call of the demo may be repeated.
pub(in crate::command) async fn patiently<T>(
    call: impl AsyncFn() -> Result<T, Status>,
) -> Result<T, Status> {
    let mut pause = Duration::from_millis(200);
    for _ in 0..ATTEMPTS {
        match call().await {
            Err(status) if Failure::from(&status).is_retryable() => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(3));
            }
            answer => return answer,
        }
    }
    call().await
}

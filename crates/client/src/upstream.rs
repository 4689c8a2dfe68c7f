//! One of our services, as its callers hold it.

use std::{net::SocketAddr, time::Duration};

use kith_api::{
    accounts::v1::accounts_service_client::AccountsServiceClient,
    chat::v1::{
        chat_service_client::ChatServiceClient, delivery_service_client::DeliveryServiceClient,
        feed_service_client::FeedServiceClient, ingest_service_client::IngestServiceClient,
        room_service_client::RoomServiceClient,
    },
    friends::v1::{
        contact_service_client::ContactServiceClient, friends_service_client::FriendsServiceClient,
        graph_import_service_client::GraphImportServiceClient,
    },
    presence::v1::presence_service_client::PresenceServiceClient,
};
use kith_auth::{CALLER_METADATA, Caller, CallerSigner};
use tonic::{
    Request, Response, Status,
    metadata::MetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use crate::{Members, Nodes, Way, doubt::Doubts, retry::Retries, wire::Wire};

/// What a sync of 10,000 events may weigh; tonic's own bound is 4 MiB.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// A channel to a service, with everything that a call must carry. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Upstream {
    channel: Channel,
    doubts: Doubts,
    nodes: Nodes,
    signer: CallerSigner,
    deadline: Duration,
    retries: Retries,
}

/// Attaches deadline, trace context and caller to each call.
#[derive(Debug, Clone)]
pub struct Attached {
    context: String,
    deadline: Option<Duration>,
}

/// What a call keeps for itself of its caller's time: enough to say that the other did not answer.
const MARGIN: Duration = Duration::from_millis(20);

/// A channel that attaches them.
pub type Intercepted = InterceptedService<Wire, Attached>;

impl Upstream {
    /// Calls over `channel`, signed by `signer`, each given up after `deadline`.
    pub fn new(channel: Channel, signer: CallerSigner, deadline: Duration) -> Self {
        Self {
            nodes: Nodes::alone(channel.clone()),
            channel,
            doubts: Doubts::default(),
            signer,
            deadline,
            retries: Retries::new(),
        }
    }

    /// Follows the members of its channel: tells them of lost connections, so that they look at their addresses, and knows each by itself.
    pub fn following(self, members: &Members) -> Self {
        Self {
            doubts: members.doubts(),
            nodes: members.nodes(),
            ..self
        }
    }

    /// Knows that there are other nodes beside the one in this process, which its channel leads to and which listens for them at `listen`.
    pub fn beside(self, others: &Members, listen: SocketAddr) -> Self {
        Self {
            nodes: others.nodes().and_own(self.channel.clone(), listen),
            ..self
        }
    }

    /// The nodes of the service, each by itself.
    pub fn nodes(&self) -> Nodes {
        self.nodes.clone()
    }

    /// The same service by the way to one of its nodes.
    pub fn over(&self, way: &Way) -> Self {
        Self {
            channel: way.channel.clone(),
            ..self.clone()
        }
    }

    /// Makes a call to this service that may be repeated, and a second time when the service is unavailable: for the gateway alone, so that
    /// attempts do not multiply from hop to hop. Second attempts are a tenth of all calls at most, and share the caller's time with the first.
    pub async fn repeat<T, F>(&self, call: impl FnMut() -> F) -> Result<Response<T>, Status>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        self.retries.repeat(&self.doubts, call).await
    }

    /// The accounts service, for this caller.
    pub fn accounts(&self, caller: &Caller) -> AccountsServiceClient<Intercepted> {
        AccountsServiceClient::with_interceptor(self.wire(), self.attached(caller))
    }

    /// The accounts service for calls that stream until they are ended: without a deadline.
    pub fn accounts_stream(&self, caller: &Caller) -> AccountsServiceClient<Intercepted> {
        AccountsServiceClient::with_interceptor(self.wire(), self.attached_for_ever(caller))
    }

    /// The friends service, for this caller.
    pub fn friends(&self, caller: &Caller) -> FriendsServiceClient<Intercepted> {
        FriendsServiceClient::with_interceptor(self.wire(), self.attached(caller))
    }

    /// Contact matching, for this caller.
    pub fn contacts(&self, caller: &Caller) -> ContactServiceClient<Intercepted> {
        ContactServiceClient::with_interceptor(self.wire(), self.attached(caller))
    }

    /// The import of another system's graph, for this caller.
    pub fn graph_import(&self, caller: &Caller) -> GraphImportServiceClient<Intercepted> {
        GraphImportServiceClient::with_interceptor(self.wire(), self.attached(caller))
    }

    /// The chat service, for this caller.
    pub fn chat(&self, caller: &Caller) -> ChatServiceClient<Intercepted> {
        ChatServiceClient::with_interceptor(self.wire(), self.attached(caller))
            .max_decoding_message_size(MAX_ANSWER)
    }

    /// What other Kith services tell chat.
    pub fn chat_ingest(&self, caller: &Caller) -> IngestServiceClient<Intercepted> {
        IngestServiceClient::with_interceptor(self.wire(), self.attached(caller))
    }

    /// Chat's delivery reads, with the deadline.
    pub fn delivery(&self, caller: &Caller) -> DeliveryServiceClient<Intercepted> {
        DeliveryServiceClient::with_interceptor(self.wire(), self.attached(caller))
    }

    /// Chat's delivery streams, without a deadline.
    pub fn delivery_stream(&self, caller: &Caller) -> DeliveryServiceClient<Intercepted> {
        DeliveryServiceClient::with_interceptor(self.wire(), self.attached_for_ever(caller))
    }

    /// The feed's calls, with the deadline.
    pub fn feed(&self, caller: &Caller) -> FeedServiceClient<Intercepted> {
        FeedServiceClient::with_interceptor(self.wire(), self.attached(caller))
    }

    /// The feed's stream, without a deadline.
    pub fn feed_stream(&self, caller: &Caller) -> FeedServiceClient<Intercepted> {
        FeedServiceClient::with_interceptor(self.wire(), self.attached_for_ever(caller))
    }

    /// Rooms as they are, live, without a deadline.
    pub fn rooms_stream(&self, caller: &Caller) -> RoomServiceClient<Intercepted> {
        RoomServiceClient::with_interceptor(self.wire(), self.attached_for_ever(caller))
    }

    /// The presence service, for this caller.
    pub fn presence(&self, caller: &Caller) -> PresenceServiceClient<Intercepted> {
        PresenceServiceClient::with_interceptor(self.wire(), self.attached(caller))
    }

    /// Presence's stream, without a deadline.
    pub fn presence_stream(&self, caller: &Caller) -> PresenceServiceClient<Intercepted> {
        PresenceServiceClient::with_interceptor(self.wire(), self.attached_for_ever(caller))
    }

    /// The signed context of a caller, for `Attach`.
    pub fn sign(&self, caller: &Caller) -> String {
        self.signer.sign(caller)
    }

    fn wire(&self) -> Wire {
        Wire::new(self.channel.clone(), self.doubts.clone())
    }

    fn attached(&self, caller: &Caller) -> Attached {
        Attached {
            context: self.signer.sign(caller),
            deadline: Some(self.deadline),
        }
    }

    fn attached_for_ever(&self, caller: &Caller) -> Attached {
        Attached {
            context: self.signer.sign(caller),
            deadline: None,
        }
    }
}

impl Interceptor for Attached {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let context = MetadataValue::try_from(&self.context)
            .map_err(|_| Status::internal("the caller context is not metadata"))?;
        request.metadata_mut().insert(CALLER_METADATA, context);
        kith_telemetry::inject_into_metadata(request.metadata_mut());
        if let Some(deadline) = self.deadline {
            request.set_timeout(shortened(deadline)?);
        }
        Ok(request)
    }
}

/// The deadline, or what is left of the call in which this one is made: deadlines shrink from hop to hop.
fn shortened(deadline: Duration) -> Result<Duration, Status> {
    let Some(left) = kith_runtime::time_left() else {
        return Ok(deadline);
    };
    left.checked_sub(MARGIN)
        .filter(|left| !left.is_zero())
        .map(|left| left.min(deadline))
        .ok_or_else(|| Status::deadline_exceeded("there is no time left to ask another service"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(5);

    /// What a call tells the other service of its time, made in one that has so much left itself.
    async fn told(left: Option<Duration>) -> Result<Duration, Status> {
        let mut attached = Attached {
            context: "signed".to_owned(),
            deadline: Some(DEADLINE),
        };
        let request = kith_runtime::within(left, async { attached.call(Request::new(())) }).await?;
        let told = request.metadata().get("grpc-timeout").unwrap();
        let micros = told.to_str().unwrap().strip_suffix('u').unwrap();
        Ok(Duration::from_micros(micros.parse().unwrap()))
    }

    #[tokio::test]
    async fn deadlines_shrink_from_hop_to_hop() {
        assert_eq!(told(None).await.unwrap(), DEADLINE);
        assert_eq!(told(Some(DEADLINE * 2)).await.unwrap(), DEADLINE);
        let less = told(Some(Duration::from_secs(2))).await.unwrap();
        assert!(
            less + MARGIN <= Duration::from_secs(2) && less > Duration::from_secs(1),
            "{less:?}"
        );
        for nothing in [Duration::ZERO, MARGIN] {
            let refused = told(Some(nothing)).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::DeadlineExceeded);
        }
    }
}

//! The internal port as load balancers and other backends use it: standard health checks, and reflection instead of files.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpStream;

use rustix::process::Signal;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::running::Kith;

#[expect(
    clippy::disallowed_methods,
    reason = "comes as a load balancer does, without a caller"
)]
async fn channel(node: &Kith) -> Channel {
    let address = format!("http://{}", node.internal_address());
    Endpoint::from_shared(address)
        .unwrap()
        .connect()
        .await
        .unwrap()
}

async fn reflect(channel: Channel, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    answer.message_response.unwrap()
}

#[tokio::test]
async fn health_says_serving_and_stops_saying_so_while_the_node_leaves() {
    let home = tempfile::tempdir().unwrap();
    let mut node = Kith::start(&home.path().join("data"));
    let mut health = HealthClient::new(channel(&node).await);
    let of = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    // Half a request keeps the drain waiting.
    let mut half = TcpStream::connect(&node.address).unwrap();
    half.write_all(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{").unwrap();

    let now = health.check(of("")).await.unwrap().into_inner();
    let unknown = health.check(of("kith.nothing.v1.Service")).await;
    let mut watch = health.watch(of("")).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap();
    node.signal(Signal::TERM);
    let second = watch.message().await.unwrap().unwrap();
    let asked = health.check(of("")).await.unwrap().into_inner();
    drop(half);
    let status = node.ended();

    assert_eq!(now.status(), ServingStatus::Serving);
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    assert_eq!(
        (first.status(), second.status()),
        (ServingStatus::Serving, ServingStatus::NotServing)
    );
    assert_eq!(asked.status(), ServingStatus::NotServing);
    assert!(status.success(), "{}", node.log());
}

#[tokio::test]
async fn each_service_of_the_node_has_its_health() {
    let home = tempfile::tempdir().unwrap();
    let node = Kith::start(&home.path().join("data"));
    let mut health = HealthClient::new(channel(&node).await);

    for service in [
        "kith.accounts.v1.AccountsService",
        "kith.friends.v1.FriendsService",
        "kith.chat.v1.ChatService",
    ] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = health.check(request).await.unwrap().into_inner();

        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
}

#[tokio::test]
async fn reflection_lists_the_services_and_describes_their_methods() {
    let home = tempfile::tempdir().unwrap();
    let node = Kith::start(&home.path().join("data"));
    let channel = channel(&node).await;

    let listed = reflect(channel.clone(), MessageRequest::ListServices(String::new())).await;
    let symbol = MessageRequest::FileContainingSymbol("kith.chat.v1.ChatService".to_owned());
    let described = reflect(channel.clone(), symbol).await;
    let unknown = MessageRequest::FileContainingSymbol("kith.nothing.v1.Nothing".to_owned());

    let MessageResponse::ListServicesResponse(listed) = listed else {
        panic!("{listed:?}");
    };
    let names: BTreeSet<_> = listed.service.into_iter().map(|it| it.name).collect();
    for name in [
        "grpc.health.v1.Health",
        "kith.accounts.v1.AccountsService",
        "kith.friends.v1.FriendsService",
        "kith.chat.v1.ChatService",
    ] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    let MessageResponse::FileDescriptorResponse(files) = described else {
        panic!("{described:?}");
    };
    let texts = files.file_descriptor_proto.iter();
    assert!(
        texts
            .map(|bytes| String::from_utf8_lossy(bytes))
            .any(|text| text.contains("SendMessage"))
    );
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(unknown),
    };
    let refused = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::once(request))
        .await;
    let code = match refused {
        Err(status) => status.code(),
        Ok(answers) => match answers.into_inner().message().await {
            Err(status) => status.code(),
            Ok(answer) => panic!("{answer:?}"),
        },
    };
    assert_eq!(code, Code::NotFound);
}

#[tokio::test]
async fn clients_of_the_older_reflection_list_the_same_services() {
    use tonic_reflection::pb::v1alpha::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let home = tempfile::tempdir().unwrap();
    let node = Kith::start(&home.path().join("data"));
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };

    let mut answers = ServerReflectionClient::new(channel(&node).await)
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap();

    let Some(MessageResponse::ListServicesResponse(listed)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let names: BTreeSet<_> = listed.service.into_iter().map(|it| it.name).collect();
    assert!(names.contains("kith.chat.v1.ChatService"), "{names:?}");
}

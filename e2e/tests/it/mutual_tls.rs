//! Nodes that show each other certificates: they work together, and nobody else gets in.

use http_body_util::BodyExt as _;
use kith_e2e::{
    Node, Person, Postgres, Redis, Settings, befriend, direct_room, eventually, free_port,
};
use tonic::{
    Code, Status,
    body::Body,
    codegen::http::{Request, Response},
    transport::{Channel, ClientTlsConfig, Endpoint},
};
use tower::{Service as _, ServiceExt as _};

use self::authority::{Authority, Files};

mod authority;

/// Of a node with all roles.
const NAMES: [&str; 6] = [
    "localhost",
    "accounts.kith.internal",
    "friends.kith.internal",
    "chat.kith.internal",
    "presence.kith.internal",
    "gateway.kith.internal",
];
const INGEST: &str = "/kith.chat.v1.IngestService/AppendUserEvents";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const ROOMS: &str = "/kith.chat.v1.ChatService/GetUserChatRooms";
const SOMEBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// A caller of a node's internal port.
fn caller(node: &Node, tls: ClientTlsConfig) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(format!("https://{}", node.internal_address()))?;
    let channel = endpoint.tls_config(tls)?.connect_lazy();
    Ok(channel)
}

/// How a call with an empty message ends.
async fn call(channel: &Channel, path: &str, key: Option<&str>) -> Code {
    let mut request = Request::post(format!("https://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(key) = key {
        request = request
            .header("authorization", format!("Bearer {key}"))
            .header("kith-on-behalf-of", SOMEBODY);
    }
    let nothing = tonic::codegen::Bytes::from_static(&[0; 5]);
    let body = Body::new(http_body_util::Full::new(nothing));
    match send(channel, request.body(body).unwrap()).await {
        Ok(answer) => {
            Status::from_header_map(answer.headers()).map_or(Code::Ok, |status| status.code())
        }
        Err(error) => Status::from_error(error.into()).code(),
    }
}

async fn send(
    channel: &Channel,
    request: Request<Body>,
) -> Result<Response<Body>, tonic::transport::Error> {
    let mut channel = channel.clone();
    channel.ready().await?.call(request).await
}

async fn lone_node(files: &Files) -> Node {
    Node::start_with(files.told(Settings::default())).await
}

#[tokio::test]
async fn roles_apart_work_together_over_mutual_tls() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let authority = Authority::new();
    let ports = [free_port(), free_port(), free_port()];
    let address = |place: usize| format!("https://localhost:{}", ports[place]);
    let node = |roles: &str, place: usize| {
        let listen = format!("127.0.0.1:{}", ports[place]);
        let settings = Settings::default()
            .with_postgres(&postgres.url())
            .with_redis(&redis.url())
            .with("KITH__NODE__ROLES", roles)
            .with("KITH__SERVER__INTERNAL_LISTEN", &listen)
            .with("KITH__UPSTREAM__ACCOUNTS", &address(0))
            .with("KITH__UPSTREAM__FRIENDS", &address(0))
            .with("KITH__UPSTREAM__PRESENCE", &address(0))
            .with("KITH__UPSTREAM__CHAT", &address(1));
        // Each names its own roles and no others.
        let names = roles.split(',').map(|role| format!("{role}.kith.internal"));
        let names: Vec<String> = names.chain(["localhost".to_owned()]).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        authority
            .issue(&format!("node-{place}"), &names)
            .told(settings)
    };
    let _people = Node::start_with(node("accounts,friends,presence", 0)).await;
    let _chat = Node::start_with(node("chat", 1)).await;
    let gateway = Node::start_with(node("gateway", 2)).await;

    let [ann, bob] = Person::sign_up_all(&gateway, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let (anns, bobs) = (ann.device().await, bob.device().await);
    let sent = anns.send(room, "behind closed doors").await.unwrap();

    bobs.wait_event(room, sent.message.seq).await;
    bobs.assert_sound();
}

#[tokio::test]
async fn a_whole_node_sends_to_another_one_over_mutual_tls() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let authority = Authority::new();
    let files = authority.issue("node", &NAMES);
    let settings = || {
        let settings = Settings::default().with_postgres(&postgres.url());
        files.told(settings.with_redis(&redis.url()))
    };
    let other = Node::start_with(settings()).await;
    let address = other.internal_address();
    let url = format!("https://localhost:{}", address.rsplit(':').next().unwrap());
    // It is not told of itself: all that its sockets send is the other one's.
    let node = Node::start_with(settings().with("KITH__UPSTREAM__CHAT", &url)).await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    befriend(&ann, &bob).await;
    let room = direct_room(&ann, &bob).await.id;
    let anns = ann.device().await;
    let stranger = caller(&other, authority.trusting()).unwrap();

    eventually("the other node stores what is sent", async || {
        anns.send(room, "elsewhere").await.unwrap();
        let metrics = Request::get("https://localhost/metrics").body(Body::empty());
        let metrics = send(&stranger, metrics.unwrap()).await.ok()?;
        let page = metrics.into_body().collect().await.ok()?.to_bytes();
        let page = String::from_utf8_lossy(&page).into_owned();
        page.contains("\nkith_chat_messages_total ").then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_a_certificate_there_is_health_and_nothing_else() {
    let authority = Authority::new();
    let files = authority.issue("node", &NAMES);
    let node = lone_node(&files).await;
    let key = node
        .operate(&["key", "create", "trainer", "--scope", "chat"])
        .await;
    let key = Some(key.trim());
    let stranger = caller(&node, authority.trusting()).unwrap();

    let metrics = Request::get("https://localhost/metrics").body(Body::empty());
    let metrics = send(&stranger, metrics.unwrap()).await.unwrap();

    assert_eq!(metrics.status(), 200);
    assert_eq!(call(&stranger, HEALTH, None).await, Code::Ok);
    for path in [ROOMS, REFLECTION] {
        for key in [None, key] {
            assert_eq!(
                call(&stranger, path, key).await,
                Code::Unauthenticated,
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_certificate_opens_the_door_and_a_key_says_to_what() {
    let authority = Authority::new();
    let files = authority.issue("node", &NAMES);
    let node = lone_node(&files).await;
    let mut keys = Vec::new();
    for scope in ["chat", "friends"] {
        let made = node
            .operate(&["key", "create", scope, "--scope", scope])
            .await;
        keys.push(made.trim().to_owned());
    }
    let backend = authority.issue("backend", &["backend.kith.internal"]);
    let backend = backend.identity();
    let backend = caller(&node, authority.trusting().identity(backend)).unwrap();

    assert_eq!(call(&backend, REFLECTION, None).await, Code::Ok);
    assert_eq!(call(&backend, ROOMS, None).await, Code::Unauthenticated);
    assert_eq!(
        call(&backend, ROOMS, Some(&keys[1])).await,
        Code::PermissionDenied
    );
    assert_eq!(call(&backend, ROOMS, Some(&keys[0])).await, Code::Ok);
}

#[tokio::test]
async fn a_certificate_opens_what_its_role_calls_and_nothing_else() {
    let authority = Authority::new();
    let node = lone_node(&authority.issue("node", &NAMES)).await;
    let peer = |file: &str, name: &str| {
        let shown = authority.issue(file, &["localhost", name]).identity();
        caller(&node, authority.trusting().identity(shown)).unwrap()
    };
    let gateway = peer("gateway", "gateway.kith.internal");
    let accounts = peer("accounts", "accounts.kith.internal");
    let nobody = peer("nobody", "gateway.example.org");

    // Let through, they are asked for the cluster's signature.
    let by_role = [
        (&gateway, ROOMS, Code::Unauthenticated),
        (&gateway, INGEST, Code::PermissionDenied),
        (&accounts, INGEST, Code::Unauthenticated),
        (&accounts, ROOMS, Code::PermissionDenied),
        (&nobody, ROOMS, Code::PermissionDenied),
        (&nobody, REFLECTION, Code::PermissionDenied),
        (&nobody, HEALTH, Code::Ok),
    ];
    for (peer, path, code) in by_role {
        assert_eq!(call(peer, path, None).await, code, "{path}");
    }
}

#[tokio::test]
async fn a_node_calls_with_renewed_certificates_without_a_restart() {
    let (postgres, redis) = (Postgres::start().await, Redis::start().await);
    let (old, new) = (Authority::new(), Authority::new());
    let (of_services, of_gateway) = (old.issue("services", &NAMES), old.issue("gateway", &NAMES));
    let port = free_port();
    let settings = |files: &Files, roles: &str| {
        let settings = Settings::default()
            .with_postgres(&postgres.url())
            .with_redis(&redis.url())
            .with("KITH__NODE__ROLES", roles);
        files.told(settings)
    };
    let services = settings(&of_services, "accounts,friends,chat,presence").with(
        "KITH__SERVER__INTERNAL_LISTEN",
        &format!("127.0.0.1:{port}"),
    );
    let mut services = Node::start_with(services).await;
    let upstreams = ["ACCOUNTS", "FRIENDS", "CHAT", "PRESENCE"];
    let gateway = upstreams
        .iter()
        .fold(settings(&of_gateway, "gateway"), |settings, service| {
            let address = format!("https://localhost:{port}");
            settings.with(&format!("KITH__UPSTREAM__{service}"), &address)
        });
    let gateway = Node::start_with(gateway).await;
    let ann = Person::sign_up(&gateway, "ann").await;

    // Nothing that the old authority has signed is worth anything to the services that come back.
    services.stop().await;
    new.renew(&of_services, &NAMES);
    new.renew(&of_gateway, &NAMES);
    let _services = services.restart().await;

    eventually("the gateway calls with its new certificate", async || {
        ann.api.me().await.ok()
    })
    .await;
}

#[tokio::test]
async fn a_node_whose_certificate_lacks_one_of_its_roles_does_not_start() {
    let authority = Authority::new();
    let files = authority.issue("node", &["localhost", "chat.kith.internal"]);

    let (status, said) = Node::refuses_to_start(files.told(Settings::default())).await;

    assert!(!status.success());
    assert!(
        said.contains("gateway.kith.internal") && !said.contains("chat.kith.internal"),
        "{said}"
    );
}

#[tokio::test]
async fn certificates_of_another_authority_open_nothing_either_way() {
    let (authority, other) = (Authority::new(), Authority::new());
    let node = lone_node(&authority.issue("node", &NAMES)).await;
    let foreign = other.issue("foreign", &NAMES).identity();

    let shown = caller(&node, authority.trusting().identity(foreign)).unwrap();
    let trusted = caller(&node, other.trusting()).unwrap();
    let misnamed = authority.trusting().domain_name("elsewhere");
    let misnamed = caller(&node, misnamed).unwrap();

    for stranger in [shown, trusted, misnamed] {
        let code = call(&stranger, HEALTH, None).await;
        assert_ne!(code, Code::Ok);
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let files = old.issue("node", &NAMES);
    let node = lone_node(&files).await;

    new.renew(&files, &NAMES);

    eventually("the node shows the new certificate", async || {
        let channel = caller(&node, new.trusting()).unwrap();
        (call(&channel, HEALTH, None).await == Code::Ok).then_some(())
    })
    .await;
}

#[tokio::test]
async fn operators_commands_reach_a_node_over_tls() {
    let authority = Authority::new();
    let node = lone_node(&authority.issue("node", &NAMES)).await;
    let people = node.settings().data().join("people.csv");
    std::fs::write(&people, "id,username\n1,imported.ann\n").unwrap();

    let said = node
        .operate(&["import", "friends", people.to_str().unwrap()])
        .await;

    assert!(said.contains('1'), "{said}");
}

#[tokio::test]
async fn a_node_without_good_certificates_says_all_that_is_wrong() {
    let authority = Authority::new();
    let mut files = authority.issue("node", &NAMES);
    files.key = authority.issue("other", &NAMES).key;
    let mismatched = files.told(Settings::default());
    let missing = Settings::default()
        .with("KITH__INTERNAL_TLS__CA", "/nowhere/ca.pem")
        .with("KITH__INTERNAL_TLS__CERT", "/nowhere/node.pem")
        .with("KITH__NODE__ROLES", "gateway")
        .with("KITH__UPSTREAM__CHAT", "http://chat:9090");

    let (status, mismatch) = Node::refuses_to_start(mismatched).await;
    assert!(!status.success());
    assert!(mismatch.contains("internal_tls.key"), "{mismatch}");
    let (status, said) = Node::refuses_to_start(missing).await;
    assert!(!status.success());
    assert!(said.contains("internal_tls.key: must be set"), "{said}");
    assert!(
        said.contains("upstream.chat") && said.contains("https://"),
        "{said}"
    );
}

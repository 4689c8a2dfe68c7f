//! Nodes that share a database, and nodes that merely share a machine.

use kith_testkit::TestDatabase;
use sqlx::migrate::Migrator;

use crate::running::{Kith, login, printed, register, run};

/// The services bring their own schemas.
static NOTHING: Migrator = Migrator::DEFAULT;

#[tokio::test]
async fn two_nodes_on_one_machine_do_not_meet() {
    let home = tempfile::tempdir().unwrap();
    let (one, other) = (
        Kith::start(&home.path().join("one")),
        Kith::start(&home.path().join("other")),
    );

    assert_eq!(register(&one, "ada").0, 201);

    assert_ne!(one.internal_address(), other.internal_address());
    assert_eq!(login(&other, "ada").0, 401);
}

#[tokio::test]
async fn two_nodes_that_start_at_once_on_one_database_trust_each_other() {
    let database = TestDatabase::new("unused", &NOTHING).await;
    let home = tempfile::tempdir().unwrap();
    let url = database.url.clone();
    let start = |name: &str| {
        let (data, url) = (home.path().join(name), url.clone());
        std::thread::spawn(move || Kith::start_with(&data, &[("KITH__DATABASE__URL", &url)]))
    };
    let (one, other) = (start("one"), start("other"));
    let (one, other) = (one.join().unwrap(), other.join().unwrap());

    let (status, session) = register(&one, "ada");

    assert_eq!(status, 201, "{session}");
    assert_eq!(login(&other, "ada").0, 200);
}

#[tokio::test]
async fn a_sealed_secret_opens_only_with_its_key() {
    let database = TestDatabase::new("unused", &NOTHING).await;
    let home = tempfile::tempdir().unwrap();
    let sealed = [
        ("KITH__DATABASE__URL", database.url.as_str()),
        ("KITH__SECRETS__KEY", "a long enough passphrase"),
    ];
    let mut node = Kith::start_with(&home.path().join("one"), &sealed);
    assert_eq!(register(&node, "ada").0, 201);
    assert!(node.stop().success());

    let without = run(
        &home.path().join("two"),
        &["--listen", "127.0.0.1:0"],
        &sealed[..1],
    );
    let wrong = [sealed[0], ("KITH__SECRETS__KEY", "another long passphrase")];
    let with_another = run(
        &home.path().join("two"),
        &["--listen", "127.0.0.1:0"],
        &wrong,
    );

    assert!(
        printed(&without).contains("KITH__SECRETS__KEY"),
        "{}",
        printed(&without)
    );
    assert!(
        printed(&with_another).contains("another KITH__SECRETS__KEY"),
        "{}",
        printed(&with_another)
    );
    let again = Kith::start_with(&home.path().join("one"), &sealed);
    assert_eq!(login(&again, "ada").0, 200);
}

#[tokio::test]
async fn a_gateway_serves_what_other_nodes_keep() {
    let database = TestDatabase::new("unused", &NOTHING).await;
    let home = tempfile::tempdir().unwrap();
    let url = ("KITH__DATABASE__URL", database.url.as_str());
    let free = || {
        std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let (accounts, others) = (format!("http://{}", free()), format!("http://{}", free()));
    let upstream = [
        url,
        ("KITH__UPSTREAM__ACCOUNTS", accounts.as_str()),
        ("KITH__UPSTREAM__FRIENDS", others.as_str()),
        ("KITH__UPSTREAM__CHAT", others.as_str()),
        ("KITH__UPSTREAM__PRESENCE", others.as_str()),
    ];
    let start = |name: &str, roles: &str, internal: &str| {
        let internal = (
            "KITH__SERVER__INTERNAL_LISTEN",
            internal.trim_start_matches("http://"),
        );
        let variables: Vec<_> = upstream.iter().copied().chain([internal]).collect();
        Kith::start_as(&home.path().join(name), roles, &variables)
    };
    let _accounts = start("accounts", "accounts", &accounts);
    let _others = start("others", "friends,chat,presence", &others);

    let gateway = start("gateway", "gateway", "127.0.0.1:0");

    assert_eq!(register(&gateway, "ada").0, 201);
    assert_eq!(login(&gateway, "ada").0, 200);
}

//! Operators' commands, on a node that runs and on one that does not.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use kith_testkit::eventually;
use rustix::process::{Pid, Signal, kill_process};

use crate::running::{Kith, command, login, printed, register, run};

#[tokio::test]
async fn a_disabled_user_cannot_log_in_until_enabled_again() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let node = Kith::start(&data);
    register(&node, "mallory");

    let disabled = run(&data, &["user", "disable", "mallory"], &[]);

    assert!(disabled.status.success(), "{}", printed(&disabled));
    let (status, refusal) = login(&node, "mallory");
    assert_ne!(status, 200);
    assert!(refusal.contains("account_disabled"), "{refusal}");
    assert!(
        run(&data, &["user", "enable", "mallory"], &[])
            .status
            .success()
    );
    assert_eq!(login(&node, "mallory").0, 200);
    assert!(
        !run(&data, &["user", "disable", "nobody_here"], &[])
            .status
            .success()
    );
}

#[tokio::test]
async fn commands_wake_an_instance_that_does_not_run() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    drop(Kith::start(&data));

    let created = run(&data, &["key", "create", "billing"], &[]);
    let listed = run(&data, &["key", "list"], &[]);

    assert!(
        printed(&created).starts_with("kith_sk_"),
        "{}",
        printed(&created)
    );
    assert!(printed(&listed).contains("billing"), "{}", printed(&listed));
    assert!(!data.join("postgres/postmaster.pid").exists());
}

#[tokio::test]
async fn commands_refuse_a_folder_without_an_instance() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");

    for arguments in [&["key", "list"][..], &["epoch", "bump"], &["demo"]] {
        let refused = run(&data, arguments, &[]);

        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(
            printed(&refused).contains("no instance"),
            "{}",
            printed(&refused)
        );
    }
    assert!(!data.exists());
}

#[tokio::test]
async fn a_bumped_epoch_and_rotated_keys_are_reported() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let _node = Kith::start(&data);

    let bumped = run(&data, &["epoch", "bump"], &[]);
    let rotated = run(&data, &["keys", "rotate"], &[]);

    assert!(
        printed(&bumped).contains("epoch is 2"),
        "{}",
        printed(&bumped)
    );
    assert!(rotated.status.success(), "{}", printed(&rotated));
}

#[tokio::test]
async fn the_demo_fills_a_node_once() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let node = Kith::start(&data);

    let first = run(&data, &["demo"], &[]);
    let second = run(&data, &["demo"], &[]);

    assert!(first.status.success(), "{}", printed(&first));
    assert!(
        printed(&second).contains("there already"),
        "{}",
        printed(&second)
    );
    let body = r#"{"username":"ada","password":"demo-password"}"#;
    assert_eq!(node.call("POST", "/api/v1/auth/login", body).0, 200);
    let (_, meta) = node.call("GET", "/api/v1/meta", "");
    assert!(meta.contains(r#""usernames":["ada","#), "{meta}");
    let friends = ada_sees(&node, &token_of_ada(&node));
    assert!(friends.contains(r#""last_seen_at":"2"#), "{friends}");
}

#[tokio::test]
async fn people_of_the_demo_are_here_while_it_stays() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let node = Kith::start(&data);
    let filled = run(&data, &["demo"], &[]);
    assert!(filled.status.success(), "{}", printed(&filled));
    let token = token_of_ada(&node);
    let friends = || ada_sees(&node, &token);

    let mut stay = command(&data);
    stay.args(["demo", "--stay"]).stdout(Stdio::piped());
    let mut demo = stay.spawn().unwrap();
    let mut said = BufReader::new(demo.stdout.take().unwrap()).lines();
    let stays = said.any(|line| line.unwrap().contains("until this command is ended"));
    assert!(stays, "{:?}", demo.wait());
    eventually("some are here and some away", || async {
        let friends = friends();
        (has(&friends, "online") && has(&friends, "away")).then_some(())
    })
    .await;
    kill_process(Pid::from_child(&demo), Signal::TERM).unwrap();

    assert!(demo.wait().unwrap().success());
    eventually("everybody has left", || async {
        let friends = friends();
        (!has(&friends, "online") && !has(&friends, "away")).then_some(())
    })
    .await;
}

fn has(friends: &str, status: &str) -> bool {
    friends.contains(&format!(r#""status":"{status}""#))
}

fn token_of_ada(node: &Kith) -> String {
    let body = r#"{"username":"ada","password":"demo-password"}"#;
    let (_, session) = node.call("POST", "/api/v1/auth/login", body);
    let (_, token) = session.split_once(r#""access_token":""#).unwrap();
    token.split('"').next().unwrap().to_owned()
}

/// Her friends.
fn ada_sees(node: &Kith, token: &str) -> String {
    node.call_as(token, "GET", "/api/v1/friends/", "").1
}

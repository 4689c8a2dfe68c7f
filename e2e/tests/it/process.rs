//! The process itself: what it refuses to start with, and how it ends.

use std::time::{Duration, Instant};

use kith_e2e::{Node, Person, Settings};
use kith_sdk::model::ServerFrame;

#[tokio::test]
async fn limits_cannot_be_off_where_strangers_come_in() {
    let settings = Settings::default().listening_on("0.0.0.0:0");

    let (status, output) = Node::refuses_to_start(settings).await;

    assert!(!status.success());
    assert!(output.contains("limits"), "it says why: {output}");
}

#[tokio::test]
async fn one_folder_has_one_node() {
    let node = Node::start().await;

    let (status, output) = Node::refuses_to_start(node.settings().clone()).await;

    assert!(!status.success());
    assert!(output.contains("in use"), "it says why: {output}");
    Person::sign_up(&node, "ann").await;
}

#[tokio::test]
async fn an_idle_node_ends_quickly_and_starts_with_what_it_had() {
    let mut node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let begin = Instant::now();

    let status = node.stop().await;

    assert_eq!(status.code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(10));
    let node = node.restart().await;
    assert_eq!(
        ann.at(&node).api.me().await.unwrap().user.username,
        "ann",
        "tokens outlive a restart"
    );
    assert_eq!(node.output().matches("kith is ready: ").count(), 1);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let device = ann.device().await;

    node.ask_to_stop();
    // Two signals that are sent before the first is noticed are one.
    device
        .wait("the first signal is noticed", |frames| {
            frames
                .iter()
                .any(|frame| matches!(frame, ServerFrame::Drain(_)))
                .then_some(())
        })
        .await;
    node.ask_to_stop();
    let begin = Instant::now();
    node.ended().await;

    assert!(begin.elapsed() < Duration::from_secs(3));
}

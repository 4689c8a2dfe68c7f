//! Closes that a device brings upon itself, or that time brings: it must know from the code what to do next.

use std::time::Duration;

use kith_e2e::{DEADLINE, Node, Person, Settings, within};
use kith_sdk::{
    close::{RATE_LIMITED, TOKEN_EXPIRED},
    model::ServerFrame,
    rest::Refresh,
    socket::{ConnectError, Connection},
};
use serde_json::json;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// Heartbeats, of a second each, after which a token of twice as many seconds is renewed: then there is as much time to
/// do it as there is to see that it helped.
const HALF_A_LIFE: usize = 5;

#[tokio::test]
async fn a_socket_ends_with_its_token_unless_it_gets_a_fresh_one() {
    let lifetime = format!("{}s", 2 * HALF_A_LIFE);
    let short = Settings::default()
        .with("KITH__ACCOUNTS__ACCESS_TOKEN_LIFETIME", &lifetime)
        .with("KITH__GATEWAY__HEARTBEAT", "1s");
    let node = Node::start_with(short).await;
    let ann = Person::sign_up(&node, "ann").await;
    let (left_alone, renewed) = (ann.device().await, ann.device().await);

    renewed
        .wait("half of the token's life", |frames| {
            let heads = |frame: &&ServerFrame| matches!(frame, ServerFrame::Heads(_));
            (frames.iter().filter(heads).count() >= HALF_A_LIFE).then_some(())
        })
        .await;
    let refresh_token = ann.session.refresh_token.as_deref().unwrap();
    let refresh = Refresh {
        refresh_token: refresh_token.to_owned(),
        attempt_id: None,
    };
    let fresh = node.api().refresh(&refresh).await.unwrap();
    renewed.link.reauth(&fresh.access_token).await.unwrap();
    let closed = left_alone.wait_closed(DEADLINE).await;

    assert_eq!(closed.code, Some(TOKEN_EXPIRED), "{closed:?}");
    let said = left_alone.frames();
    assert!(
        matches!(said.last(), Some(ServerFrame::Err(err)) if err.code == "token_expired"),
        "{said:?}"
    );
    renewed.link.ping().await.unwrap();
    let refused = ann.api.me().await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.code()),
        (Some(401), Some("token_expired"))
    );
    let again = Connection::with_token(&ann.api.socket_url(), ann.token()).await;
    assert!(
        matches!(&again, Err(ConnectError::Refused { refused, closed })
            if refused.code == "token_expired" && closed.code == Some(TOKEN_EXPIRED)),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_flood_of_frames_is_refused_and_then_ends_that_socket_only() {
    let few = Settings::default()
        .with("KITH__LIMITS__ENABLED", "true")
        .with("KITH__LIMITS__FRAMES_PER_SOCKET", "60");
    let node = Node::start_with(few).await;
    let ann = Person::sign_up(&node, "ann").await;
    let (flooding, neighbour) = (ann.device().await, ann.device().await);
    let pinging = ann.device().await;

    for n in 0..200 {
        let ping = json!({ "t": "ping", "ref": n.to_string() });
        // It may have ended by now.
        let _ = flooding.link.say(&ping);
        // The protocol's own frames cost the same.
        let _ = pinging.link.say_raw(Message::Ping(Bytes::new()));
    }
    let closed = flooding.wait_closed(Duration::from_secs(10)).await;

    assert_eq!(closed.code, Some(RATE_LIMITED), "{closed:?}");
    let closed = pinging.wait_closed(Duration::from_secs(10)).await;
    assert_eq!(closed.code, Some(RATE_LIMITED), "{closed:?}");
    let frames = flooding.frames();
    let answered = |frame: &&ServerFrame| matches!(frame, ServerFrame::Ok(_));
    assert!(frames.iter().filter(answered).count() >= 60);
    let refused = frames.iter().find_map(|frame| match frame {
        ServerFrame::Err(err) if err.code == "rate_limited" => Some(err),
        _ => None,
    });
    let refused = refused.expect("a frame too many is refused in words");
    assert!(refused.reference.is_some() && refused.retryable);
    assert!(refused.retry_after_ms > Some(0), "{refused:?}");
    within(DEADLINE, "the neighbour lives on", neighbour.link.ping())
        .await
        .unwrap();
}

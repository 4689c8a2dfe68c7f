//! Where a request comes from, and which pages may act.

use http::HeaderName;

use super::*;
use crate::{
    Config,
    testing::{Bed, limits},
};

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

async fn behind(proxies: &[&str]) -> AppState {
    let config = Config {
        trusted_proxies: proxies.iter().map(|&proxy| proxy.to_owned()).collect(),
        ..Config::for_test()
    };
    Bed::with(config, &limits(false, 1)).await.state
}

#[tokio::test]
async fn only_trusted_proxies_are_believed() {
    let state = behind(&["10.0.0.0/8", "192.0.2.1"]).await;
    let cases = [
        // A client that talks to us itself may claim what it likes.
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("192.0.2.1", "1.2.3.4", "1.2.3.4"),
        // What stands left of the nearest stranger was written by that stranger.
        ("192.0.2.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("192.0.2.1", "1.2.3.4, 10.1.1.1", "1.2.3.4"),
        ("192.0.2.1", "garbage", "192.0.2.1"),
        ("192.0.2.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
    ];
    for (peer, forwarded, expected) in cases {
        let headers = headers(&[
            ("x-forwarded-for", forwarded),
            ("x-forwarded-proto", "https"),
        ]);

        let (address, https) = client(&state, peer.parse().unwrap(), &headers);

        assert_eq!(address.to_string(), expected, "{peer} {forwarded}");
        assert_eq!(https, peer == "192.0.2.1");
    }
}

#[tokio::test]
async fn pages_of_the_host_itself_and_listed_ones_may_act() {
    let state = behind(&[]).await;
    let cases: [(&[(&str, &str)], bool); 7] = [
        (&[("host", "a.example:8080")], true),
        (
            &[
                ("host", "a.example:8080"),
                ("origin", "http://a.example:8080"),
            ],
            true,
        ),
        (
            &[("host", "A.example"), ("origin", "https://a.example")],
            true,
        ),
        (
            &[("host", "a.example"), ("origin", "https://app.example.org")],
            true,
        ),
        (
            &[
                ("host", "a.example"),
                ("origin", "https://a.example.evil.org"),
            ],
            false,
        ),
        (&[("host", "a.example"), ("origin", "null")], false),
        (
            &[("host", "a.example"), ("origin", "file://a.example")],
            false,
        ),
    ];
    for (pairs, allowed) in cases {
        assert_eq!(
            origin_allowed(&state, &headers(pairs)),
            allowed,
            "{pairs:?}"
        );
    }
}

#[test]
fn one_trailing_slash_is_dropped_and_the_query_kept() {
    let cases = [
        ("/a/", "/a"),
        ("/a", "/a"),
        ("/", "/"),
        ("/a/?b=c/", "/a?b=c/"),
        ("/a//", "/a/"),
    ];
    for (uri, expected) in cases {
        let request = http::Request::builder().uri(uri).body(()).unwrap();

        assert_eq!(normalized(request).uri().to_string(), expected);
    }
}

#[tokio::test]
async fn a_panic_is_one_problem_and_a_slow_handler_another() {
    let config = Config {
        request_timeout: std::time::Duration::from_millis(20),
        ..Config::for_test()
    };
    let state = Bed::with(config, &limits(false, 1)).await.state;
    let routes = Router::new()
        .route("/panic", axum::routing::get(panics))
        .route("/slow", axum::routing::get(std::future::pending::<()>));
    let app = around(routes, &state);
    for (path, status) in [("/panic", 500), ("/slow", 504)] {
        let request = Request::builder()
            .uri(path)
            .body(axum::body::Body::empty())
            .unwrap();

        let response = tower::ServiceExt::oneshot(app.clone(), request)
            .await
            .unwrap();

        assert_eq!(response.status().as_u16(), status);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }
}

#[expect(clippy::panic, reason = "what the layer is there for")]
async fn panics() {
    panic!("on purpose");
}

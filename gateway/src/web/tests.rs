//! What browsers get for the client's files and pages, from a small sample build.

use axum::body::Body;
use http_body_util::BodyExt as _;

use super::*;
use crate::testing::Bed;

#[derive(RustEmbed)]
#[folder = "src/web/sample"]
struct Sample;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
        .collect()
}

fn get(path: &str, asked: &[(&'static str, &str)]) -> Option<Response> {
    answer::<Sample>(&Method::GET, path, &headers(asked))
}

async fn bytes(response: Response) -> Vec<u8> {
    let body = response.into_body().collect().await.unwrap();
    body.to_bytes().to_vec()
}

#[test]
fn each_file_is_kept_as_long_as_its_name_allows() {
    let cases = [
        ("/", "text/html; charset=utf-8", "no-store"),
        ("/chat", "text/html; charset=utf-8", "no-store"),
        (
            "/chat/01890a5d-ac96-774b-bcce-b302099a8057",
            "text/html; charset=utf-8",
            "no-store",
        ),
        ("/settings/privacy", "text/html; charset=utf-8", "no-store"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        (
            "/manifest.webmanifest",
            "application/manifest+json",
            "no-cache",
        ),
        (
            "/assets/app-1a2b3c4d.js",
            "text/javascript; charset=utf-8",
            "public, max-age=31536000, immutable",
        ),
    ];
    for (path, kind, caching) in cases {
        let answer = get(path, &[]).unwrap();

        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()["content-type"], kind, "{path}");
        assert_eq!(answer.headers()["cache-control"], caching, "{path}");
        assert!(
            answer.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("default-src 'none'")
        );
    }
}

#[test]
fn other_paths_are_not_the_client_s() {
    let cases = [
        "/nothing",
        "/api",
        "/api/v1/nothing",
        "/chatter",
        "/assets/old-00000000.js",
        "/assets",
        "/assets/app-1a2b3c4d.js.br",
        "/.hidden",
        "/../web.rs",
        "/assets/../../tests.rs",
        "/%2e%2e/tests.rs",
        "//etc/passwd",
    ];
    for path in cases {
        assert!(get(path, &[]).is_none(), "{path}");
    }
    for method in [Method::POST, Method::DELETE] {
        assert!(answer::<Sample>(&method, "/", &HeaderMap::new()).is_none());
    }
}

#[tokio::test]
async fn the_compressed_form_goes_to_those_who_read_it() {
    let path = "/assets/app-1a2b3c4d.js";
    let cases = [
        ("br", true),
        ("gzip, deflate, br;q=0.8", true),
        ("gzip", false),
        ("br;q=0, gzip", false),
        ("", false),
    ];
    let plain = bytes(get(path, &[]).unwrap()).await;
    for (accepted, is_compressed) in cases {
        let answer = get(path, &[("accept-encoding", accepted)]).unwrap();

        assert_eq!(answer.headers()["vary"], "accept-encoding");
        assert_eq!(
            answer.headers().contains_key("content-encoding"),
            is_compressed,
            "{accepted}"
        );
        assert_eq!(
            answer.headers()["content-type"],
            "text/javascript; charset=utf-8"
        );
        assert_eq!(bytes(answer).await != plain, is_compressed, "{accepted}");
    }
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let first = get("/sw.js", &[]).unwrap();
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();

    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
        let again = get("/sw.js", &[("if-none-match", &known)]).unwrap();

        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert!(bytes(again).await.is_empty());
    }
    let changed = get("/sw.js", &[("if-none-match", "\"other\"")]).unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
}

#[tokio::test]
async fn unknown_calls_of_the_api_never_become_a_page() {
    let bed = Bed::new().await;
    for path in ["/nothing", "/chat/nothing", "/../../nothing"] {
        let request = bed.request(Method::GET, path, Body::empty());

        let answer = bed.send(request).await;

        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.code(), "not_found");
    }
}

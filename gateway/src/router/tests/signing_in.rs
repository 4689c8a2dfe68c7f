//! Sessions: tokens in bodies and cookies, and their end on this node.

use super::*;

const LOGIN: &str = "accounts.v1.AccountsService/Login";
const REFRESH: &str = "accounts.v1.AccountsService/RefreshSession";

fn issued() -> accounts::IssuedSession {
    accounts::IssuedSession {
        user: Some(accounts::User {
            user_id: ANN.to_owned(),
            username: "ann".to_owned(),
            ..accounts::User::default()
        }),
        session_id: SESSION.to_owned(),
        access_token: "access".to_owned(),
        expires_in_seconds: 900,
        refresh_token: "refresh".to_owned(),
        refresh_expires_in_seconds: 3_600,
    }
}

fn refreshed(session: Option<accounts::IssuedSession>) -> accounts::RefreshSessionResponse {
    accounts::RefreshSessionResponse {
        session,
        reused: None,
    }
}

fn post(path: &str, body: &Value) -> Request<Body> {
    Request::builder()
        .method(Method::POST)
        .uri(format!("/api/v1{path}"))
        .header("content-type", "application/json")
        .header("host", "kith.example")
        .body(Body::from(body.to_string()))
        .unwrap()
}

#[tokio::test]
async fn a_new_session_is_handed_out_even_when_friends_is_away() {
    let bed = Bed::new().await;
    let session = Some(issued());
    bed.services.answer(
        "accounts.v1.AccountsService/Register",
        &accounts::RegisterResponse { session },
    );

    let body = json!({"username": "ann", "password": "correct horse"});
    let answer = bed.send(post("/auth/register", &body)).await;

    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.body["access_token"], "access");
    assert_eq!(answer.body["refresh_token"], "refresh");
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 900);
    assert_eq!(answer.body["user"]["username"], "ann");
    assert_eq!(answer.body["user"]["friends_count"], 0);
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_cookie_holds_the_refresh_token_instead_of_the_body() {
    let bed = Bed::new().await;
    let session = Some(issued());
    bed.services
        .answer(LOGIN, &accounts::LoginResponse { session });

    let body = json!({"username": "ann", "password": "x", "cookie": true});
    let answer = bed.send(post("/auth/login", &body)).await;

    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["refresh_token"], Value::Null);
    assert_eq!(
        header(&answer.headers, "set-cookie"),
        "kith_refresh=refresh; HttpOnly; SameSite=Strict; Path=/api/v1/auth; Max-Age=3600"
    );
}

#[tokio::test]
async fn the_cookie_may_be_spent_by_our_own_pages_only() {
    let bed = Bed::new().await;
    let session = Some(issued());
    bed.services.answer(REFRESH, &refreshed(session));
    let cases = [
        (None, 200),
        (Some("http://kith.example"), 200),
        (Some("https://app.example.org"), 200),
        (Some("https://evil.example"), 403),
        (Some("null"), 403),
    ];
    for (origin, status) in cases {
        let mut request = post("/auth/refresh", &json!({}));
        let headers = request.headers_mut();
        headers.insert("cookie", "kith_refresh=old".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }

        let answer = bed.send(request).await;

        assert_eq!(answer.status.as_u16(), status, "{origin:?}");
        assert_eq!(answer.headers.contains_key("set-cookie"), status == 200);
    }
    let calls = bed
        .services
        .calls::<accounts::RefreshSessionRequest>(REFRESH);
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[0].1.refresh_token, "old");
}

#[tokio::test]
async fn a_refresh_without_any_token_is_unauthenticated() {
    let bed = Bed::new().await;

    let answer = bed.send(post("/auth/refresh", &json!({}))).await;

    assert_eq!(answer.code(), "unauthenticated");
}

#[tokio::test]
async fn a_session_is_over_here_as_soon_as_it_is_ended() {
    let bed = Bed::new().await;
    bed.services.answer(
        "accounts.v1.AccountsService/Logout",
        &accounts::LogoutResponse {},
    );
    let mut news = bed.state.identity.subscribe();

    let ended = bed.call(Method::POST, "/auth/logout").await;
    let after = bed.call(Method::GET, "/users/me").await;

    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert!(header(&ended.headers, "set-cookie").starts_with("kith_refresh=;"));
    assert_eq!(after.code(), "unauthenticated");
    assert_eq!(news.try_recv().unwrap().session_id.to_string(), SESSION);
}

#[tokio::test]
async fn a_session_is_over_here_as_soon_as_a_used_token_of_it_comes() {
    let bed = Bed::new().await;
    let ended = accounts::EndedSession {
        user_id: ANN.to_owned(),
        session_id: SESSION.to_owned(),
    };
    let answer = accounts::RefreshSessionResponse {
        session: None,
        reused: Some(ended),
    };
    bed.services.answer(REFRESH, &answer);

    let body = json!({"refresh_token": "used"});
    let refused = bed.send(post("/auth/refresh", &body)).await;
    let after = bed.call(Method::GET, "/users/me").await;

    assert_eq!(refused.code(), "unauthenticated");
    assert_eq!(after.code(), "unauthenticated");
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let bed = Bed::new().await;
    let request = bed.request(Method::GET, "/users/me", Body::empty());
    bed.clock.advance(chrono::TimeDelta::minutes(16));

    let answer = bed.send(request).await;

    assert_eq!(answer.code(), "token_expired");
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn tokens_of_other_forms_are_refused() {
    let bed = Bed::new().await;
    let token = bed.token();
    let twice = format!("Bearer {token}, Bearer {token}");
    let cases = [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        &token,
        &twice,
        "Bearer kith_sk_no",
    ];
    for authorization in cases {
        let mut request = bed.request(Method::GET, "/users/me", Body::empty());
        let value = authorization.parse().unwrap();
        request.headers_mut().insert("authorization", value);

        let answer = bed.send(request).await;

        assert_eq!(answer.code(), "unauthenticated", "{authorization}");
    }
    let path = format!("/users/me?access_token={token}");
    let mut request = bed.request(Method::GET, &path, Body::empty());
    request.headers_mut().remove("authorization");
    assert_eq!(bed.send(request).await.code(), "unauthenticated");
}

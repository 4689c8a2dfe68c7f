//! Accounts and tokens. Cases 23 and 28 to 41 of the catalogue.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kith_e2e::{Node, Person, Settings};
use kith_sdk::rest::Credentials;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Case, MARK, patch, run, with_body};

#[tokio::test]
async fn accounts_that_are_refused() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let call = |path: &str, body: &Value| {
        node.api()
            .request(Method::POST, &format!("/api/v1{path}"))
            .json(body)
    };
    let register = |name: Value| {
        call(
            "/auth/register",
            &json!({ "username": name, "password": "correct horse" }),
        )
    };
    let password = |password: Value| {
        call(
            "/auth/register",
            &json!({ "username": "fresh", "password": password }),
        )
    };
    let me = |body: Value| patch(&ann, "/users/me", &body);
    let cases = vec![
        Case::new(
            "a taken name",
            register(json!("ann")),
            409,
            &["username_taken"],
        ),
        Case::new(
            "a taken name in capitals",
            register(json!("ANN")),
            409,
            &["username_taken"],
        ),
        Case::field("a short name", register(json!("ab")), "username"),
        Case::field("a long name", register(json!("a".repeat(33))), "username"),
        Case::field(
            "a name with a space",
            register(json!("ann zq7mark")),
            "username",
        ),
        Case::field(
            "a name with a space at its end",
            register(json!("ann ")),
            "username",
        ),
        Case::field(
            "a name with another script",
            register(json!("аnna")),
            "username",
        ),
        Case::field(
            "a name that is a number",
            register(json!(12345)),
            "username",
        ),
        Case::field("a short password", password(json!("1234567")), "password"),
        Case::field(
            "a long password",
            password(json!("p".repeat(129))),
            "password",
        ),
        Case::new(
            "a password of 1 MiB",
            password(json!("p".repeat(1 << 20))),
            413,
            &["too_large"],
        ),
        Case::new(
            "no fields",
            call("/auth/register", &json!({})),
            400,
            &["invalid_field"],
        ),
        Case::new(
            "an extra role",
            call(
                "/auth/register",
                &json!({ "username": "fresh", "password": "correct horse", "role": "admin" }),
            ),
            400,
            &["unknown_field"],
        ),
        Case::field(
            "a long device name",
            call(
                "/auth/login",
                &json!({ "username": "ann", "password": "x", "device_name": "d".repeat(65) }),
            ),
            "device_name",
        ),
        Case::field(
            "an empty display name",
            me(json!({ "display_name": "" })),
            "display_name",
        ),
        Case::field(
            "a bidi override",
            me(json!({ "display_name": "a\u{202e}b" })),
            "display_name",
        ),
        Case::field(
            "a control character",
            me(json!({ "display_name": "a\u{7}b" })),
            "display_name",
        ),
        Case::field(
            "a display name of 65",
            me(json!({ "display_name": "d".repeat(65) })),
            "display_name",
        ),
        Case::field("a bio of 501", me(json!({ "bio": "b".repeat(501) })), "bio"),
        Case::field(
            "21 interests",
            me(json!({ "interests": vec!["x"; 21] })),
            "interests",
        ),
        Case::field(
            "an interest of 33",
            me(json!({ "interests": ["i".repeat(33)] })),
            "interests",
        ),
        Case::field(
            "an avatar before there is media",
            me(json!({ "avatar_media_id": bob.id() })),
            "avatar_media_id",
        ),
        Case::new(
            "somebody's name",
            me(json!({ "username": "bob" })),
            400,
            &["unknown_field"],
        ),
        Case::new(
            "a wrong password",
            call(
                "/auth/login",
                &json!({ "username": "ann", "password": MARK }),
            ),
            401,
            &["invalid_credentials"],
        ),
        Case::new(
            "nobody's password",
            call(
                "/auth/login",
                &json!({ "username": "nobody.here", "password": MARK }),
            ),
            401,
            &["invalid_credentials"],
        ),
        Case::new(
            "a change with a wrong password",
            with_body(
                &ann,
                Method::POST,
                "/auth/password",
                &json!({ "current_password": MARK, "new_password": "correct horse" }),
            ),
            401,
            &["invalid_credentials"],
        ),
        Case::field(
            "a change to a short one",
            with_body(
                &ann,
                Method::POST,
                "/auth/password",
                &json!({ "current_password": ann.password, "new_password": "short" }),
            ),
            "new_password",
        ),
        Case::new(
            "a refresh of nothing",
            call("/auth/refresh", &json!({ "refresh_token": MARK })),
            401,
            &["unauthenticated", "invalid_credentials"],
        ),
        Case::new(
            "somebody else's session",
            ann.api.request(
                Method::DELETE,
                &format!("/api/v1/auth/sessions/{}", bob.session.session_id),
            ),
            404,
            &["not_found"],
        ),
    ];

    run(cases, &bob).await;

    let both = call(
        "/auth/register",
        &json!({ "username": "a", "password": "b", "display_name": "" }),
    )
    .send()
    .await
    .unwrap();
    let problem: Value = both.json().await.unwrap();
    let mut fields: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        ["display_name", "password", "username"],
        "every bad field at once"
    );
    let wide = register(json!("ａｎｎ"))
        .send()
        .await
        .unwrap()
        .status()
        .as_u16();
    assert!([400, 409].contains(&wide), "a full-width twin: {wide}");
}

fn part(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

fn signed_with_hmac(header: &Value, claims: &Value, key: &[u8]) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn tokens_that_do_not_hold() {
    let node = Node::start().await;
    let [ann, bob] = Person::sign_up_all(&node, ["ann", "bob"]).await;
    let keys = node.api().key_set().await.unwrap();
    let public = keys["keys"][0]["x"].as_str().unwrap().to_owned();
    let parts: Vec<_> = ann.token().split('.').collect();
    let (header, claims, signature) = (decoded(parts[0]), decoded(parts[1]), parts[2]);
    let with = |target: &Value, field: &str, value: Value| {
        let mut changed = target.clone();
        changed[field] = value;
        changed
    };
    let me = |authorization: &str| -> RequestBuilder {
        node.api()
            .request(Method::GET, "/api/v1/users/me")
            .header("authorization", authorization)
    };
    let mut tokens = vec![
        ("an empty token".to_owned(), String::new()),
        ("no token".to_owned(), MARK.to_owned()),
        (
            "the refresh token".to_owned(),
            ann.session.refresh_token.clone().unwrap(),
        ),
        (
            "no signature".to_owned(),
            format!("{}.{}.", parts[0], parts[1]),
        ),
        (
            "alg none".to_owned(),
            format!(
                "{}.{}.",
                part(&json!({ "alg": "none", "typ": "JWT" })),
                parts[1]
            ),
        ),
        (
            "another one's signature".to_owned(),
            format!(
                "{}.{}.{}",
                parts[0],
                parts[1],
                bob.token().rsplit('.').next().unwrap()
            ),
        ),
    ];
    for key in [public.as_bytes(), &BASE64.decode(&public).unwrap()] {
        tokens.push((
            "HS256 with the public key".to_owned(),
            signed_with_hmac(&with(&header, "alg", json!("HS256")), &claims, key),
        ));
    }
    for (field, value) in [
        ("exp", json!("9999999999")),
        ("exp", Value::Null),
        ("exp", json!(9_999_999_999.5)),
        ("exp", json!(9_223_372_036_854_775_808_u64)),
        ("nbf", json!(9_999_999_999_u64)),
        ("nbf", json!("now")),
        ("iat", json!(9_999_999_999_u64)),
        ("aud", json!("another")),
        ("iss", json!("another")),
        ("sub", json!(bob.id())),
    ] {
        tokens.push((
            format!("{field} is {value}"),
            format!(
                "{}.{}.{signature}",
                parts[0],
                part(&with(&claims, field, value))
            ),
        ));
    }
    for (field, value) in [
        ("kid", json!("../../etc/passwd")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!("00000000")),
        ("jku", json!("http://127.0.0.1:1/keys")),
        ("x5u", json!("http://127.0.0.1:1/cert")),
    ] {
        tokens.push((
            format!("{field} is {value}"),
            format!(
                "{}.{}.{signature}",
                part(&with(&header, field, value)),
                parts[1]
            ),
        ));
    }
    let unauthenticated: &[&str] = &["unauthenticated"];
    let mut cases: Vec<_> = tokens
        .into_iter()
        .map(|(name, token)| Case::new(name, me(&format!("Bearer {token}")), 401, unauthenticated))
        .collect();
    cases.extend([
        Case::new(
            "no header",
            node.api().request(Method::GET, "/api/v1/users/me"),
            401,
            unauthenticated,
        ),
        Case::new("Basic", me("Basic YW5uOnBhc3N3b3Jk"), 401, unauthenticated),
        Case::new("no scheme", me(ann.token()), 401, unauthenticated),
        Case::new("only a scheme", me("Bearer"), 401, unauthenticated),
        Case::new(
            "a token in the query",
            node.api().request(
                Method::GET,
                &format!("/api/v1/users/me?access_token={}", ann.token()),
            ),
            401,
            unauthenticated,
        ),
    ]);

    run(cases, &bob).await;

    ann.api.me().await.unwrap();
    let output = node.output();
    for secret in [
        ann.token(),
        ann.session.refresh_token.as_deref().unwrap(),
        &ann.password,
        MARK,
    ] {
        assert!(!output.contains(secret), "a secret is in the log");
    }
}

#[tokio::test]
async fn an_unknown_user_answers_like_a_wrong_password_and_costs_the_same_hash() {
    let node = Node::start().await;
    let ann = Person::sign_up(&node, "ann").await;
    let mut answers = Vec::new();
    let hashes = async || node.metric("kith_accounts_hashes_total").await.unwrap();

    for username in [ann.username.as_str(), "nobody.here", "no name at all"] {
        let before = hashes().await;
        let credentials = Credentials {
            username: username.to_owned(),
            password: "not the password".to_owned(),
            device_name: None,
        };
        let refused = node.api().login(&credentials).await.unwrap_err();
        let mut problem = refused.problem().unwrap().clone();
        problem.request_id.clear();
        answers.push(problem);
        // Times are too unsteady for a test (`e2e/examples/measure_login.rs` takes them); the one thing that takes time is not.
        let spent = hashes().await - before;
        assert!((spent - 1.0).abs() < 0.5, "{username}: {spent} hashes");
    }

    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_sessions_live_on() {
    let node = Node::start_with(Settings::default().with("KITH__LIMITS__ENABLED", "true")).await;
    let ann = Person::sign_up(&node, "ann").await;
    let device = ann.device().await;
    let wrong = Credentials {
        username: ann.username.clone(),
        password: "not the password".to_owned(),
        device_name: None,
    };
    let mut limited = None;

    for _ in 0..30 {
        let refused = node.api().login(&wrong).await.unwrap_err();
        if refused.status() == Some(429) {
            limited = Some(refused);
            break;
        }
        assert_eq!(refused.code(), Some("invalid_credentials"));
    }

    let limited = limited.expect("the guessing is stopped");
    assert_eq!(limited.code(), Some("rate_limited"));
    assert!(
        limited.problem().unwrap().retry_after.is_some(),
        "Retry-After"
    );
    ann.api.me().await.unwrap();
    device.link.ping().await.unwrap();
}

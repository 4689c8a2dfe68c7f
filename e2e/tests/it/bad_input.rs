//! Input that no honest client sends. Every case is refused with its documented status and code, echoes nothing, never
//! makes a 500, and leaves the neighbours alone.

mod accounts;
mod friends;
mod http;
mod messages;
mod rooms;
mod socket;

use kith_e2e::Person;
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// Stands in inputs; must not come back in an answer to bad input.
const MARK: &str = "zq7mark";

/// A bad request and how it must be refused.
struct Case {
    name: String,
    request: RequestBuilder,
    status: u16,
    /// Any of these; more than one where the contract leaves it open.
    codes: &'static [&'static str],
    /// A field that `errors` must name.
    field: Option<&'static str>,
}

impl Case {
    fn new(
        name: impl Into<String>,
        request: RequestBuilder,
        status: u16,
        code: &'static [&'static str],
    ) -> Self {
        Self {
            name: name.into(),
            request,
            status,
            codes: code,
            field: None,
        }
    }

    /// 400 `invalid_field`, naming the field.
    fn field(name: impl Into<String>, request: RequestBuilder, field: &'static str) -> Self {
        Self {
            field: Some(field),
            ..Self::new(name, request, 400, &["invalid_field"])
        }
    }

    /// Runs the case and says what is wrong with the answer.
    async fn run(self) -> Result<(), String> {
        let answer = self
            .request
            .send()
            .await
            .map_err(|error| format!("{}: {error:?}", self.name))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.unwrap_or_default();
        let complain = |what: &str| Err(format!("{}: {what}; got {status} {body}", self.name));
        if status != self.status {
            return complain(&format!("expected {}", self.status));
        }
        let problem: Value = serde_json::from_str(&body).unwrap_or_default();
        let code = problem["code"].as_str().unwrap_or_default();
        if !self.codes.contains(&code) {
            return complain(&format!("expected {:?}", self.codes));
        }
        if let Some(wrong) = wrong_shape(status, &headers, &problem) {
            return complain(&wrong);
        }
        if body.contains(MARK) {
            return complain("the input is echoed");
        }
        let fields: Vec<_> = problem["errors"].as_array().into_iter().flatten().collect();
        let named = |field: &str| {
            fields.iter().any(|error| {
                error["field"]
                    .as_str()
                    .is_some_and(|f| f.starts_with(field))
            })
        };
        match self.field {
            Some(field) if !named(field) => complain(&format!("errors must name {field}")),
            _ => Ok(()),
        }
    }
}

/// What every problem document has, and which headers go with its status.
fn wrong_shape(status: u16, headers: &HeaderMap, problem: &Value) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !header("content-type")
        .unwrap_or_default()
        .starts_with("application/problem+json")
    {
        return Some("not application/problem+json".to_owned());
    }
    let request_id = header("x-request-id").unwrap_or_default();
    if request_id.is_empty() || problem["request_id"] != request_id {
        return Some(format!(
            "X-Request-Id {request_id:?} is not the document's request_id"
        ));
    }
    if problem["status"] != status || !problem["type"].is_string() || !problem["title"].is_string()
    {
        return Some("status, type or title".to_owned());
    }
    if !problem["detail"].is_string() || !problem["retryable"].is_boolean() {
        return Some("detail or retryable".to_owned());
    }
    let needed = match status {
        401 => Some("www-authenticate"),
        405 => Some("allow"),
        429 | 503 => Some("retry-after"),
        _ => None,
    };
    needed
        .filter(|&name| header(name).is_none())
        .map(|name| format!("no {name} header"))
}

/// Runs all cases, and tells everything that is wrong at once. A neighbour must not have noticed.
async fn run(cases: Vec<Case>, neighbour: &Person) {
    let mut wrong = Vec::new();
    let count = cases.len();
    for case in cases {
        wrong.extend(case.run().await.err());
    }
    neighbour.api.me().await.unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {count} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn get(person: &Person, path: &str) -> RequestBuilder {
    person.api.request(Method::GET, &format!("/api/v1{path}"))
}

fn with_body(person: &Person, method: Method, path: &str, body: &Value) -> RequestBuilder {
    person
        .api
        .request(method, &format!("/api/v1{path}"))
        .json(body)
}

fn post(person: &Person, path: &str, body: &Value) -> RequestBuilder {
    with_body(person, Method::POST, path, body)
}

fn patch(person: &Person, path: &str, body: &Value) -> RequestBuilder {
    with_body(person, Method::PATCH, path, body)
}

//! Contact matching: only who opted in is found, only as far as they want to be, and only for so many questions a day.

use kith_e2e::{Node, Person, Settings, befriend};
use kith_sdk::{model::ServerFrame, rest::PrivacyChange};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Status and body of a call.
async fn call(person: &Person, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let path = format!("/api/v1/friends/contacts{path}");
    let mut request = person.api.request(method, &path);
    if !body.is_null() {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// A contact as a client hashes it.
fn hash(salt: &str, contact: &str) -> String {
    let digest = Sha256::digest(format!("{salt}:{contact}"));
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

pub(super) struct Salt {
    id: Value,
    text: String,
}

impl Salt {
    pub(super) async fn read(person: &Person) -> Self {
        let (status, body) = call(person, Method::GET, "", &Value::Null).await;
        assert_eq!(status, 200, "{body}");
        Self {
            id: body["salt_id"].clone(),
            text: body["salt"].as_str().unwrap().to_owned(),
        }
    }

    fn body(&self, contacts: &[&str]) -> Value {
        let hashes: Vec<String> = contacts.iter().map(|one| hash(&self.text, one)).collect();
        json!({ "salt_id": self.id, "hashes": hashes })
    }

    pub(super) async fn register(&self, person: &Person, contact: &str) {
        let (status, body) = call(person, Method::PUT, "/me", &self.body(&[contact])).await;
        assert_eq!((status, &body["registered_count"]), (200, &json!(1)));
    }

    /// The user names that a question finds.
    pub(super) async fn ask(&self, person: &Person, contacts: &[&str]) -> Vec<String> {
        let (status, body) = call(person, Method::POST, "/match", &self.body(contacts)).await;
        assert_eq!(status, 200, "{body}");
        let items = body["items"].as_array().unwrap();
        let mut names: Vec<String> = items
            .iter()
            .map(|item| item["user"]["username"].as_str().unwrap().to_owned())
            .collect();
        names.sort_unstable();
        names
    }
}

#[tokio::test]
async fn contacts_who_opted_in_are_found_as_far_as_they_want() {
    let node = Node::start().await;
    let [ann, ben, cat, dan, eve] =
        Person::sign_up_all(&node, ["ann", "ben", "cat", "dan", "eve"]).await;
    let salt = Salt::read(&ann).await;
    let numbers = ["tel:+1", "tel:+2", "tel:+3", "tel:+4", "tel:+5"];
    for (person, number) in [&ann, &ben, &cat, &dan].into_iter().zip(numbers) {
        salt.register(person, number).await;
    }
    let hidden = PrivacyChange {
        searchable: Some("nobody".to_owned()),
        ..PrivacyChange::default()
    };
    let of_friends = PrivacyChange {
        searchable: Some("friends_of_friends".to_owned()),
        ..PrivacyChange::default()
    };

    assert_eq!(
        salt.ask(&ann, &numbers).await,
        ["ben", "cat", "dan"],
        "not eve, not oneself"
    );
    ben.api.update_privacy(&hidden).await.unwrap();
    cat.api.update_privacy(&of_friends).await.unwrap();
    assert_eq!(salt.ask(&ann, &numbers).await, ["dan"]);
    befriend(&ann, &eve).await;
    befriend(&cat, &eve).await;
    assert_eq!(salt.ask(&ann, &numbers).await, ["cat", "dan"]);
    ann.api.block(dan.id()).await.unwrap();
    assert_eq!(salt.ask(&ann, &numbers).await, ["cat"]);
    assert_eq!(salt.ask(&dan, &numbers).await, [""; 0], "nor the other way");

    let (status, _) = call(&cat, Method::DELETE, "/me", &Value::Null).await;
    assert_eq!(status, 204);
    assert_eq!(salt.ask(&ann, &numbers).await, [""; 0]);
    let (_, state) = call(&cat, Method::GET, "", &Value::Null).await;
    assert_eq!(state["registered_count"], 0);
}

#[tokio::test]
async fn who_asked_to_be_told_hears_of_a_contact_once() {
    let node = Node::start().await;
    let [ann, ben, cat, dan] = Person::sign_up_all(&node, ["ann", "ben", "cat", "dan"]).await;
    let salt = Salt::read(&ann).await;
    let awaited = async |person: &Person| {
        let (_, state) = call(person, Method::GET, "", &Value::Null).await;
        state["awaited_count"].clone()
    };
    let ask_to_be_told = async |person: &Person, contacts: &[&str]| {
        let mut body = salt.body(contacts);
        body["notify"] = true.into();
        let (status, body) = call(person, Method::POST, "/match", &body).await;
        assert_eq!(status, 200, "{body}");
        body["items"].as_array().unwrap().len()
    };
    salt.register(&cat, "tel:+3").await;
    let anns = ann.device().await;
    let (bens, dans) = (ben.device().await, dan.device().await);

    assert_eq!(salt.ask(&ann, &["tel:+9"]).await, [""; 0]);
    assert_eq!(awaited(&ann).await, 0, "a plain question leaves nothing");
    assert_eq!(ask_to_be_told(&ann, &["tel:+2", "tel:+3"]).await, 1);
    assert_eq!(awaited(&ann).await, 1, "who is here is not waited for");
    // Somebody whom she would not be shown, and somebody who thought better of it.
    ask_to_be_told(&dan, &["tel:+2"]).await;
    ben.api.block(dan.id()).await.unwrap();
    ask_to_be_told(&cat, &["tel:+2"]).await;
    let (withdrawn, _) = call(&cat, Method::DELETE, "/awaited", &Value::Null).await;
    assert_eq!((withdrawn, awaited(&cat).await), (204, json!(0)));

    salt.register(&ben, "tel:+2").await;

    let joined = anns.wait_user("contact.joined").await;
    assert_eq!(joined.data["user"]["id"], json!(ben.id()));
    assert_eq!(joined.data["user"]["relation"], "none");
    assert_eq!(awaited(&ann).await, 0, "told once");
    let (left, _) = call(&ben, Method::DELETE, "/me", &Value::Null).await;
    assert_eq!(left, 204);
    salt.register(&ben, "tel:+2").await;
    // Everything that came of it is in the logs before this.
    befriend(&ann, &ben).await;
    anns.wait_user("friend.accepted").await;
    let times = |device: &kith_e2e::Device| {
        let frames = device.frames();
        let of_kind = |frame: &&ServerFrame| matches!(frame, ServerFrame::User(event) if event.kind == "contact.joined");
        frames.iter().filter(of_kind).count()
    };
    assert_eq!([times(&anns), times(&bens), times(&dans)], [1, 0, 0]);
    anns.assert_sound();
}

#[tokio::test]
async fn bad_questions_about_contacts_are_refused() {
    let settings = Settings::default()
        .with("KITH__LIMITS__ENABLED", "true")
        .with("KITH__FRIENDS__CONTACTS__HASHES_PER_DAY", "3");
    let node = Node::start_with(settings).await;
    let ann = Person::sign_up(&node, "ann").await;
    let salt = Salt::read(&ann).await;
    let many = vec!["ab".repeat(32); 10_001];
    let cases = [
        (
            json!({ "salt_id": salt.id, "hashes": many }),
            400,
            "invalid_field",
            Some("hashes"),
        ),
        (
            json!({ "salt_id": salt.id, "hashes": [] }),
            400,
            "invalid_field",
            Some("hashes"),
        ),
        (
            json!({ "salt_id": salt.id }),
            400,
            "invalid_field",
            Some("hashes"),
        ),
        (
            json!({ "salt_id": salt.id, "hashes": ["ab".repeat(32), "tel:+1"] }),
            400,
            "invalid_field",
            Some("hashes[1]"),
        ),
        (
            json!({ "salt_id": -1, "hashes": ["ab"] }),
            400,
            "invalid_field",
            Some("salt_id"),
        ),
        (
            json!({ "salt_id": 77, "hashes": ["ab".repeat(32)] }),
            409,
            "conflict",
            None,
        ),
    ];

    for (body, status, code, field) in cases {
        for (method, path) in [(Method::POST, "/match"), (Method::PUT, "/me")] {
            let (found, answer) = call(&ann, method, path, &body).await;

            assert_eq!(
                (found, answer["code"].as_str()),
                (status, Some(code)),
                "{answer}"
            );
            let named: Vec<_> = answer["errors"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|error| error["field"].as_str().unwrap())
                .collect();
            assert!(field.is_none_or(|field| named.contains(&field)), "{answer}");
        }
    }
    let (within, _) = call(&ann, Method::POST, "/match", &salt.body(&["a", "b"])).await;
    let (beyond, answer) = call(&ann, Method::POST, "/match", &salt.body(&["c", "d"])).await;
    assert_eq!(within, 200);
    assert_eq!(
        (beyond, answer["code"].as_str()),
        (429, Some("rate_limited"))
    );
}

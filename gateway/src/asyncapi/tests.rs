//! Every frame of the contract is described, and every reference leads somewhere.

use super::*;

#[test]
fn every_frame_of_the_contract_is_described() {
    let names = |frames: &[Frame]| frames.iter().map(|frame| frame.t).collect::<Vec<_>>();

    assert_eq!(
        names(FROM_CLIENT),
        [
            "hello",
            "send",
            "read",
            "delivered",
            "typing",
            "watch",
            "status",
            "fetch",
            "reauth",
            "ping"
        ]
    );
    assert_eq!(
        names(FROM_SERVER),
        [
            "ready", "event", "user", "receipt", "typing", "presence", "heads", "resumed",
            "behind", "drain", "ok", "err"
        ]
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();

    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap_or_default();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    assert_eq!(document["asyncapi"], "3.0.0");
}

#[test]
fn a_frame_says_which_fields_it_must_have() {
    let payload = &document()["components"]["messages"]["client.fetch"]["payload"];

    assert_eq!(payload["required"], json!(["t", "ref", "room_id", "after"]));
    assert_eq!(payload["additionalProperties"], false);
    assert_eq!(payload["properties"]["t"]["const"], "fetch");
}

//! What holds as an access token, and what does not.

use chrono::DateTime;
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;

const KID: &str = "k1";

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn verifier() -> TokenVerifier {
    let public = signing_key().verifying_key();
    TokenVerifier::new("kith", "kith", [(KID, public.as_bytes().as_slice())])
}

fn sign(claims: &Value) -> String {
    let der = signing_key().to_pkcs8_der().unwrap();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(KID.to_owned());
    encode(&header, claims, &EncodingKey::from_ed_der(der.as_bytes())).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "kith", "aud": "kith", "typ": "access", "iat": 0, "exp": 900,
        "sub": "01890a5d-ac96-774b-bcce-b302099a8057", "sid": "01890a5d-ac96-774b-bcce-b302099a8058",
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[key] = value;
    claims
}

#[test]
fn a_token_holds_until_it_expires() {
    let clock = Clock::mock(DateTime::UNIX_EPOCH);
    let token = sign(&claims());

    assert!(verifier().verify(&token, &clock).is_ok());
    clock.advance(TimeDelta::seconds(900));
    assert_eq!(verifier().verify(&token, &clock), Err(TokenError::Expired));
}

#[test]
fn claims_that_are_missing_mistyped_or_foreign_are_refused() {
    let clock = Clock::mock(DateTime::UNIX_EPOCH);
    let mut cases = vec![
        with("exp", json!("900")),
        with("exp", json!(900.5)),
        with("exp", json!(9_223_372_036_854_775_808_u64)),
        with("nbf", json!("0")),
        with("nbf", json!(60)),
        with("iat", json!(60)),
        with("iss", json!("other")),
        with("aud", json!("other")),
        with("typ", json!("refresh")),
        with("sub", json!("alice")),
    ];
    for claim in ["exp", "iat", "sub", "sid", "iss", "aud", "typ"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(claim);
        cases.push(without);
    }
    for case in cases {
        assert_eq!(
            verifier().verify(&sign(&case), &clock),
            Err(TokenError::Invalid),
            "{case}"
        );
    }
}

#[test]
fn another_algorithm_or_key_is_refused() {
    let clock = Clock::mock(DateTime::UNIX_EPOCH);
    let public = signing_key().verifying_key();
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(KID.to_owned());
    let confused = encode(
        &header,
        &claims(),
        &EncodingKey::from_secret(public.as_bytes()),
    )
    .unwrap();
    let unsigned = format!(
        "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.{}.",
        sign(&claims()).split('.').nth(1).unwrap()
    );

    assert_eq!(
        verifier().verify(&confused, &clock),
        Err(TokenError::Invalid)
    );
    assert_eq!(
        verifier().verify(&unsigned, &clock),
        Err(TokenError::Invalid)
    );
    let stranger = TokenVerifier::new("kith", "kith", [("k2", [9; 32].as_slice())]);
    assert_eq!(
        stranger.verify(&sign(&claims()), &clock),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn a_header_that_brings_its_own_key_is_refused() {
    let clock = Clock::mock(DateTime::UNIX_EPOCH);
    let der = signing_key().to_pkcs8_der().unwrap();
    let mut plain = Header::new(Algorithm::EdDSA);
    plain.kid = Some(KID.to_owned());
    let headers = [
        Header {
            jku: Some("https://example.com/keys".to_owned()),
            ..plain.clone()
        },
        Header {
            x5u: Some("https://example.com/cert".to_owned()),
            ..plain.clone()
        },
        Header {
            x5c: Some(vec!["AAAA".to_owned()]),
            ..plain.clone()
        },
    ];

    for header in headers {
        let token = encode(
            &header,
            &claims(),
            &EncodingKey::from_ed_der(der.as_bytes()),
        )
        .unwrap();
        assert_eq!(verifier().verify(&token, &clock), Err(TokenError::Invalid));
    }
    for kid in ["../x", "' OR 1=1 --", ""] {
        let header = Header {
            kid: Some(kid.to_owned()),
            ..plain.clone()
        };
        let token = encode(
            &header,
            &claims(),
            &EncodingKey::from_ed_der(der.as_bytes()),
        )
        .unwrap();
        assert_eq!(
            verifier().verify(&token, &clock),
            Err(TokenError::UnknownKey)
        );
    }
}

use proptest::prelude::*;

use super::*;

#[test]
fn mentions_are_folded_names_after_an_at_sign() {
    let cases: [(&str, &[&str]); 7] = [
        ("hi @Zoe!", &["zoe"]),
        ("@zoe @zoe", &["zoe"]),
        ("ask @zoe.", &["zoe", "zoe."]),
        ("ask @zoe.m, please", &["zoe.m"]),
        ("me@example.com", &[]),
        ("@ab", &[]),
        ("(@max_1)", &["max_1"]),
    ];
    for (text, names) in cases {
        assert_eq!(mentioned_names(text), names, "{text}");
    }
}

#[test]
fn a_hash_tells_keys_texts_and_replies_apart() {
    let reply = Some(MessageId::new(uuid::Uuid::from_u128(7)));

    let hashes = [
        hash_body(&[1; 32], "a", None),
        hash_body(&[2; 32], "a", None),
        hash_body(&[1; 32], "b", None),
        hash_body(&[1; 32], "a", reply),
    ];

    for (at, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..at].contains(hash));
    }
    assert_eq!(hashes[0], hash_body(&[1; 32], "a", None));
}

proptest! {
    #[test]
    fn no_text_makes_the_rules_panic(text in "\\PC{0,200}") {
        let _ = (check_text(&text), mentioned_names(&text));
        prop_assert!(excerpt(&text).chars().count() <= MAX_EXCERPT);
    }
}

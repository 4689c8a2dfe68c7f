//! Tables of bad input.

use kith_error::{Reason, Violation};
use kith_text::Flaw;
use proptest::prelude::*;

use super::*;

#[derive(Debug)]
struct Sample {
    name: String,
    count: Option<u64>,
    on: Option<bool>,
    tags: Option<Vec<String>>,
}

impl Read for Sample {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.text("name", 2..=4),
            count: fields.optional_seq("count"),
            on: fields.optional_bool("on"),
            tags: fields.optional_all_ruled("tags", 2, tag),
        }
    }
}

fn tag(text: &str) -> Result<(), Flaw> {
    if kith_text::is_longer_than(text, 3) {
        return Err(Flaw::new("too_long", "at most 3 characters"));
    }
    Ok(())
}

fn body(text: impl AsRef<[u8]>) -> Result<Sample, kith_error::Failure> {
    Fields::read_body(parse_json(text.as_ref())?)
}

fn query(text: &str) -> Result<Sample, kith_error::Failure> {
    Fields::read_query(parse_query(Some(text))?)
}

fn named(violations: &[Violation]) -> Vec<(&str, &str)> {
    violations
        .iter()
        .map(|violation| (violation.field.as_str(), violation.code.as_str()))
        .collect()
}

#[test]
fn a_good_body_is_read() {
    let sample =
        body(r#"{"name":"äöü","count":9223372036854775807,"on":null,"tags":["a"]}"#).unwrap();

    assert_eq!(sample.name, "äöü");
    assert_eq!(sample.count, Some(u64::try_from(i64::MAX).unwrap()));
    assert_eq!(sample.on, None);
    assert_eq!(sample.tags.as_deref(), Some(["a".to_owned()].as_slice()));
}

#[test]
fn what_is_no_json_object_is_malformed() {
    let deep = "[".repeat(10_000);
    let deep_object = r#"{"a":"#.repeat(10_000);
    let cases: [&[u8]; 14] = [
        b"",
        b" ",
        b"nope",
        b"[]",
        b"\"text\"",
        b"{",
        br#"{"name":"abc""#,
        br#"{"name":"abc"} x"#,
        br#"{"name":"abc"}{}"#,
        br#"{"name":"abc","name":"abc"}"#,
        br#"{"other":{"a":1,"a":2}}"#,
        br#"{"name":"\ud800"}"#,
        b"{\"name\":\"\xff\"}",
        br#"{"count":1e400}"#,
    ];
    for case in cases
        .into_iter()
        .chain([deep.as_bytes(), deep_object.as_bytes()])
    {
        let failure = body(case).unwrap_err();

        assert_eq!(failure.reason, Reason::MalformedJson, "{case:?}");
    }
}

#[test]
fn every_bad_field_is_named_at_once() {
    let failure = body(r#"{"count":-1,"on":"yes","tags":["abcd",7],"name":["x"]}"#).unwrap_err();

    assert_eq!(failure.reason, Reason::InvalidField);
    assert_eq!(
        named(&failure.violations),
        [
            ("name", "invalid"),
            ("count", "invalid"),
            ("on", "invalid"),
            ("tags[0]", "too_long"),
            ("tags[1]", "invalid"),
        ]
    );
}

#[test]
fn single_fields_say_what_is_wrong() {
    let cases = [
        ("{}", "name", "required"),
        (r#"{"name":null}"#, "name", "required"),
        (r#"{"name":"x"}"#, "name", "too_short"),
        (r#"{"name":"12345"}"#, "name", "too_long"),
        ("{\"name\":\"a\\u0000b\"}", "name", "invalid"),
        (r#"{"name":{"$gt":""}}"#, "name", "invalid"),
        (r#"{"name":"abc","count":1.5}"#, "count", "invalid"),
        (r#"{"name":"abc","count":"1"}"#, "count", "invalid"),
        (
            r#"{"name":"abc","count":18446744073709551616}"#,
            "count",
            "invalid",
        ),
        (
            r#"{"name":"abc","count":9223372036854775808}"#,
            "count",
            "invalid",
        ),
        (r#"{"name":"abc","on":1}"#, "on", "invalid"),
        (r#"{"name":"abc","tags":"a"}"#, "tags", "invalid"),
        (r#"{"name":"abc","tags":["a","b","c"]}"#, "tags", "too_long"),
    ];
    for (text, field, code) in cases {
        let failure = body(text).unwrap_err();

        assert_eq!(named(&failure.violations), [(field, code)], "{text}");
        assert_eq!(failure.reason, Reason::InvalidField);
    }
}

#[test]
fn unknown_fields_are_named_with_the_bad_ones_and_not_at_length() {
    let long = "x".repeat(1_000);
    let failure = body(format!(r#"{{"{long}":1,"name":"x"}}"#)).unwrap_err();

    assert_eq!(failure.reason, Reason::UnknownField);
    assert_eq!(
        named(&failure.violations),
        [("x".repeat(64).as_str(), "unknown"), ("name", "too_short")]
    );
}

#[test]
fn a_query_is_read_as_text() {
    let sample = query("name=a%20b&count=7&on=true").unwrap();

    assert_eq!(sample.name, "a b");
    assert_eq!(sample.count, Some(7));
    assert_eq!(sample.on, Some(true));
}

#[test]
fn bad_queries_are_refused() {
    let cases = [
        ("name=abc&name=abc", Reason::InvalidField),
        ("name=abc&%6eame=abc", Reason::InvalidField),
        ("name=%zz", Reason::InvalidField),
        ("name=%ff%fe", Reason::InvalidField),
        ("name=abc&count=-1", Reason::InvalidField),
        ("name=abc&count=%2B1", Reason::InvalidField),
        ("name=abc&count=1.5", Reason::InvalidField),
        ("name=abc&count=1e400", Reason::InvalidField),
        ("name=abc&count=18446744073709551616", Reason::InvalidField),
        ("name=abc&count=", Reason::InvalidField),
        ("name=abc&on=1", Reason::InvalidField),
        ("name=abc&other=1", Reason::UnknownField),
        ("name=abc&name%00=1", Reason::UnknownField),
    ];
    for (text, reason) in cases {
        assert_eq!(query(text).unwrap_err().reason, reason, "{text}");
    }
}

#[test]
fn limits_are_clamped_and_cursors_are_opaque() {
    #[derive(Debug)]
    struct Page(kith_api::common::v1::PageRequest);

    impl Read for Page {
        fn read(fields: &mut Fields) -> Self {
            Self(fields.page())
        }
    }

    let page = |text: &str| Fields::read_query::<Page>(parse_query(Some(text)).unwrap());
    for (text, size) in [
        ("", 50),
        ("limit=1", 1),
        ("limit=101", 100),
        ("limit=99999999999999999999", 100),
    ] {
        assert_eq!(page(text).unwrap().0.page_size, size, "{text}");
    }
    for text in ["limit=0", "limit=-1", "limit=x", "limit="] {
        assert_eq!(
            page(text).unwrap_err().reason,
            Reason::InvalidField,
            "{text}"
        );
    }
    for text in [
        "cursor=".to_owned(),
        format!("cursor={}", "a".repeat(10_000)),
    ] {
        assert_eq!(page(&text).unwrap_err().reason, Reason::CursorInvalid);
    }
    assert_eq!(page("cursor=abc").unwrap().0.page_token, "abc");
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
        let _ = body(&bytes);
        let _ = body(&text);
        let _ = query(&text);
    }
}

//! Parses a query string into fields, each at most once.

use kith_error::{Failure, Violation};
use serde_json::{Map, Value};

/// The parameters of a query string, as texts.
pub(crate) fn parse(query: Option<&str>) -> Result<Map<String, Value>, Failure> {
    let mut fields = Map::new();
    for pair in query.unwrap_or_default().split('&') {
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
            return Err(Failure::invalid_field(
                "query",
                "invalid",
                "the query string is not percent-encoded UTF-8",
            ));
        };
        if fields.contains_key(&name) {
            let name = super::fields::shown(&name);
            return Err(Failure::invalid_fields(vec![Violation::new(
                name,
                "duplicate",
                "may be given once",
            )]));
        }
        fields.insert(name, Value::String(value));
    }
    Ok(fields)
}

/// Percent and plus decoding; none when a `%` is not followed by two digits or the bytes are no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

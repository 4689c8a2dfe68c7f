//! The fields of a frame, taken one by one; whatever is wrong with any of them is collected and told at once.

use std::{borrow::Cow, collections::HashMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use kith_error::{Failure, Reason, Violation};
use kith_ids::RoomId;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Seqs are stored as signed numbers; a larger one is above every head anyhow.
const LARGEST_SEQ: u64 = i64::MAX as u64;

/// The fields of an object that nobody has taken yet.
pub(super) struct Fields<'a> {
    raw: Vec<(Cow<'a, str>, &'a RawValue)>,
    violations: Vec<Violation>,
    has_unknown: bool,
}

impl<'a> Fields<'a> {
    /// Reads an object; its values are only skipped, however deep they are.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let raw = serde_json::from_str::<Entries<'a>>(text).ok()?.0;
        Some(Self {
            raw,
            violations: Vec::new(),
            has_unknown: false,
        })
    }

    /// `t` or `ref`: a string, at most once.
    pub(super) fn take_head(&mut self, name: &str) -> Result<Option<String>, ()> {
        let found = self.take_all(name);
        match found.as_slice() {
            [] => Ok(None),
            [raw] => serde_json::from_str(raw.get()).map(Some).map_err(|_| ()),
            _ => Err(()),
        }
    }

    /// The field's text, if it is there.
    pub(super) fn raw(&mut self, name: &str) -> Option<&'a str> {
        let found = self.take_all(name);
        if found.len() > 1 {
            self.refuse(name, "duplicate", "may be given once");
        }
        found.first().map(|raw| raw.get())
    }

    /// The field's text.
    pub(super) fn required_raw(&mut self, name: &str) -> Option<&'a str> {
        let raw = self.raw(name);
        if raw.is_none() {
            self.refuse(name, "required", "is required");
        }
        raw
    }

    /// An object inside; `null` is none.
    pub(super) fn object(&mut self, name: &str) -> Option<Fields<'a>> {
        let raw = self.raw(name).filter(|raw| *raw != "null")?;
        let object = Fields::read(raw);
        if object.is_none() {
            self.refuse(name, "invalid", "must be an object");
        }
        object
    }

    /// Takes over what is wrong inside an object.
    pub(super) fn adopt(&mut self, name: &str, mut inner: Fields<'a>) {
        inner.refuse_unknown();
        self.has_unknown |= inner.has_unknown;
        self.violations
            .extend(inner.violations.into_iter().map(|mut violation| {
                violation.field = format!("{name}.{}", violation.field);
                violation
            }));
    }

    pub(super) fn id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let text: String = self.value(name, "must be an id")?;
        self.parse_id(name, &text)
    }

    pub(super) fn optional_id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let text: Option<String> = self.optional(name, "must be an id");
        self.parse_id(name, &text?)
    }

    pub(super) fn ids<T: FromStr>(&mut self, name: &str, most: usize) -> Option<Vec<T>> {
        let texts: Vec<String> = self.value(name, "must be a list of ids")?;
        if texts.len() > most {
            self.refuse(name, "too_long", &format!("at most {most}"));
            return None;
        }
        let ids = texts
            .iter()
            .enumerate()
            .map(|(index, text)| self.parse_id(&format!("{name}[{index}]"), text));
        // All of them are read, so that every bad one is named.
        let ids: Vec<Option<T>> = ids.collect();
        ids.into_iter().collect()
    }

    pub(super) fn seq(&mut self, name: &str) -> Option<u64> {
        self.value::<u64>(name, "must be an integer, 0 or more")
            .map(|seq| seq.min(LARGEST_SEQ))
    }

    pub(super) fn seqs_by_room(&mut self, name: &str, most: usize) -> Option<HashMap<String, u64>> {
        let raw = self.required_raw(name)?;
        let Some(entries) = Fields::read(raw) else {
            self.refuse(name, "invalid", "must be an object");
            return None;
        };
        if entries.raw.len() > most {
            self.refuse(name, "too_long", &format!("at most {most} rooms"));
            return None;
        }
        let mut seqs = HashMap::with_capacity(entries.raw.len());
        for (key, raw) in &entries.raw {
            let room = key.parse::<RoomId>();
            let seq = serde_json::from_str::<u64>(raw.get());
            let (Ok(room), Ok(seq)) = (room, seq) else {
                self.refuse(name, "invalid", "must map room ids to integers, 0 or more");
                return None;
            };
            if seqs
                .insert(room.to_string(), seq.min(LARGEST_SEQ))
                .is_some()
            {
                self.refuse(name, "duplicate", "may name a room once");
                return None;
            }
        }
        Some(seqs)
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.value(name, "must be a string")
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.value(name, "must be true or false")
    }

    pub(super) fn optional_text(&mut self, name: &str, most: usize) {
        let text: Option<String> = self.optional(name, "must be a string");
        if text.is_some_and(|text| text.chars().count() > most) {
            self.refuse(name, "too_long", &format!("at most {most} characters"));
        }
    }

    pub(super) fn optional_texts(&mut self, name: &str, most: usize) {
        let texts: Option<Vec<String>> = self.optional(name, "must be a list of strings");
        let is_long = |texts: Vec<String>| {
            texts.len() > most || texts.iter().any(|text| text.chars().count() > most)
        };
        if texts.is_some_and(is_long) {
            self.refuse(
                name,
                "too_long",
                &format!("at most {most} of {most} characters"),
            );
        }
    }

    /// A text that may also be `null`; none when it is absent, or no text.
    #[expect(clippy::option_option, reason = "absent and null are different here")]
    pub(super) fn nullable_text(&mut self, name: &str, most: usize) -> Option<Option<String>> {
        let raw = self.raw(name)?;
        if raw == "null" {
            return Some(None);
        }
        let text: String = self.read_value(name, raw, "must be a string")?;
        if text.chars().count() > most {
            self.refuse(name, "too_long", &format!("at most {most} characters"));
            return None;
        }
        Some(Some(text))
    }

    /// A time, RFC 3339.
    pub(super) fn optional_time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        let text: String = self.optional(name, "must be a time")?;
        let time = DateTime::parse_from_rfc3339(&text).ok();
        if time.is_none() {
            self.refuse(
                name,
                "invalid",
                "must be a time such as 2026-01-31T12:00:00Z",
            );
        }
        time.map(|time| time.with_timezone(&Utc))
    }

    /// A field that makes no sense without another.
    pub(super) fn refuse_lone(&mut self, name: &str, message: &str) {
        self.refuse(name, "invalid", message);
    }

    pub(super) fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let word = self.text(name)?;
        if let Some((_, choice)) = choices.iter().find(|(known, _)| *known == word) {
            return Some(*choice);
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let message = format!("must be one of {}", words.join(", "));
        self.refuse(name, "invalid", &message);
        None
    }

    /// A limit from 1 to `most`.
    pub(super) fn limit(&mut self, name: &str, default: u32, most: u32) -> u32 {
        let rule = format!("must be an integer from 1 to {most}");
        let limit = self.optional(name, &rule).unwrap_or(default);
        if !(1..=most).contains(&limit) {
            self.refuse(name, "invalid", &rule);
        }
        limit
    }

    /// Media does not exist yet.
    pub(super) fn no_attachments(&mut self, name: &str) {
        let list: Option<Vec<IgnoredAny>> = self.optional(name, "must be a list");
        if list.is_some_and(|list| !list.is_empty()) {
            self.refuse(name, "invalid", "attachments are not supported yet");
        }
    }

    /// What is wrong, if anything is.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.refuse_unknown();
        let violations = std::mem::take(&mut self.violations);
        if violations.is_empty() {
            return Ok(());
        }
        let mut failure = Failure::invalid_fields(violations);
        if self.has_unknown {
            failure.reason = Reason::UnknownField;
        }
        Err(failure)
    }

    fn value<T: DeserializeOwned>(&mut self, name: &str, must: &str) -> Option<T> {
        let raw = self.required_raw(name)?;
        self.read_value(name, raw, must)
    }

    fn optional<T: DeserializeOwned>(&mut self, name: &str, must: &str) -> Option<T> {
        let raw = self.raw(name).filter(|raw| *raw != "null")?;
        self.read_value(name, raw, must)
    }

    fn read_value<T: DeserializeOwned>(&mut self, name: &str, raw: &str, must: &str) -> Option<T> {
        let value = serde_json::from_str(raw).ok();
        if value.is_none() {
            self.refuse(name, "invalid", must);
        }
        value
    }

    fn parse_id<T: FromStr>(&mut self, name: &str, text: &str) -> Option<T> {
        let id = text.parse().ok();
        if id.is_none() {
            self.refuse(name, "invalid", "must be an id");
        }
        id
    }

    fn take_all(&mut self, name: &str) -> Vec<&'a RawValue> {
        let mut found = Vec::new();
        self.raw.retain(|(key, raw)| {
            let is_it = key == name;
            if is_it {
                found.push(*raw);
            }
            !is_it
        });
        found
    }

    fn refuse_unknown(&mut self) {
        for (key, _) in std::mem::take(&mut self.raw) {
            self.has_unknown = true;
            // The name is the caller's: shown short, and only here.
            let name: String = key.chars().take(64).collect();
            self.refuse(&name, "unknown", "is not known here");
        }
    }

    fn refuse(&mut self, field: &str, code: &str, message: &str) {
        self.violations.push(Violation::new(field, code, message));
    }
}

/// An object's entries in their order, repeated keys included.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// A key, borrowed when it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

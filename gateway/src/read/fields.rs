//! Takes fields out of a request one by one and collects what is wrong with them.

use std::{ops::RangeInclusive, str::FromStr};

use chrono::{DateTime, Utc};
use kith_error::{Failure, Reason, Violation};
use kith_text::Rule;
use serde_json::{Map, Value};

/// Longest name of a client's own that an answer repeats, and how many of them.
const SHOWN_CHARACTERS: usize = 64;
const SHOWN_FIELDS: usize = 20;
/// Items of a page when the client does not say, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u64 = 100;
/// Our own cursors are shorter.
const CURSOR_MAX: usize = 1_024;

/// A request's content that can be read from its fields.
pub(crate) trait Read: Sized {
    /// Bytes of its body; more is `too_large`.
    const BODY_BYTES: usize = 64 * 1024;

    /// Takes every field that the request knows. Bad ones are noted in `fields` and read as something harmless, which nobody sees.
    fn read(fields: &mut Fields) -> Self;
}

/// What a request does to a value that may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change<T> {
    /// The field was left out.
    Keep,
    /// The field was `null`.
    Clear,
    /// The field was given.
    Set(T),
}

/// The fields of one request.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    values: Map<String, Value>,
    /// They come from a query string, where everything is text.
    is_query: bool,
    violations: Vec<Violation>,
    /// The cursor cannot be one of ours.
    has_foreign_cursor: bool,
}

impl Fields {
    /// Reads a body: every bad and every unknown field is named at once.
    pub(crate) fn read_body<T: Read>(values: Map<String, Value>) -> Result<T, Failure> {
        Self {
            values,
            ..Self::default()
        }
        .read()
    }

    /// Reads a query string likewise.
    pub(crate) fn read_query<T: Read>(values: Map<String, Value>) -> Result<T, Failure> {
        Self {
            values,
            is_query: true,
            ..Self::default()
        }
        .read()
    }

    /// Text that must be there.
    pub(crate) fn text(&mut self, name: &str, characters: RangeInclusive<usize>) -> String {
        let Some(value) = self.required(name) else {
            return String::new();
        };
        self.text_of(name, value, characters).unwrap_or_default()
    }

    /// Text that may be left out.
    pub(crate) fn optional_text(
        &mut self,
        name: &str,
        characters: RangeInclusive<usize>,
    ) -> Option<String> {
        let value = self.take(name)?;
        self.text_of(name, value, characters)
    }

    /// Text that must be there and keep a rule.
    pub(crate) fn ruled(&mut self, name: &str, rule: Rule) -> String {
        let Some(value) = self.required(name) else {
            return String::new();
        };
        self.ruled_of(name, value, rule).unwrap_or_default()
    }

    /// Text that may be left out, and keeps a rule.
    pub(crate) fn optional_ruled(&mut self, name: &str, rule: Rule) -> Option<String> {
        let value = self.take(name)?;
        self.ruled_of(name, value, rule)
    }

    /// A list that may be left out, of texts that keep a rule.
    pub(crate) fn optional_all_ruled(
        &mut self,
        name: &str,
        items: usize,
        rule: Rule,
    ) -> Option<Vec<String>> {
        let value = self.take(name)?;
        self.list_of(name, value, items, |fields, name, item| {
            fields.ruled_of(name, item, rule)
        })
    }

    /// A list of texts that must be there.
    pub(crate) fn texts(
        &mut self,
        name: &str,
        items: usize,
        characters: RangeInclusive<usize>,
    ) -> Vec<String> {
        let Some(value) = self.required(name) else {
            return Vec::new();
        };
        self.list_of(name, value, items, |fields, name, item| {
            fields.text_of(name, item, characters.clone())
        })
        .unwrap_or_default()
    }

    /// An id that must be there.
    pub(crate) fn id<T: FromStr + ToString>(&mut self, name: &str) -> String {
        let Some(value) = self.required(name) else {
            return String::new();
        };
        self.id_of::<T>(name, &value).unwrap_or_default()
    }

    /// An id that may be left out.
    pub(crate) fn optional_id<T: FromStr + ToString>(&mut self, name: &str) -> Option<String> {
        let value = self.take(name)?;
        self.id_of::<T>(name, &value)
    }

    /// A list of ids that must be there.
    pub(crate) fn ids<T: FromStr + ToString>(&mut self, name: &str, most: usize) -> Vec<String> {
        let Some(value) = self.required(name) else {
            return Vec::new();
        };
        self.list_of(name, value, most, |fields, name, item| {
            fields.id_of::<T>(name, &item)
        })
        .unwrap_or_default()
    }

    /// A truth that may be left out; in a query string the words `true` and `false`.
    pub(crate) fn optional_bool(&mut self, name: &str) -> Option<bool> {
        let value = self.take(name)?;
        let read = match &value {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) if self.is_query => text.parse().ok(),
            _ => None,
        };
        self.expect(name, read, "must be true or false")
    }

    /// A place in a log that may be left out: 0 or more.
    pub(crate) fn optional_seq(&mut self, name: &str) -> Option<u64> {
        let value = self.take(name)?;
        self.seq_of(name, &value)
    }

    /// A place in a log that must be there.
    pub(crate) fn seq(&mut self, name: &str) -> u64 {
        let Some(value) = self.required(name) else {
            return 0;
        };
        self.seq_of(name, &value).unwrap_or(0)
    }

    /// A time that may be left out.
    pub(crate) fn optional_time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        let value = self.take(name)?;
        let read = value
            .as_str()
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .map(|time| time.to_utc());
        self.expect(name, read, "must be a time such as 2026-11-22T10:15:00Z")
    }

    /// A time that `null` takes away.
    pub(crate) fn change_time(&mut self, name: &str) -> Change<DateTime<Utc>> {
        if self.values.get(name).is_some_and(Value::is_null) {
            self.values.remove(name);
            return Change::Clear;
        }
        self.optional_time(name).map_or(Change::Keep, Change::Set)
    }

    /// One of a few words, which must be there.
    pub(crate) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let value = self.required(name)?;
        self.word_of(name, &value, words)
    }

    /// One of a few words, which may be left out.
    pub(crate) fn optional_word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let value = self.take(name)?;
        self.word_of(name, &value, words)
    }

    /// `limit` and `cursor` of a list.
    pub(crate) fn page(&mut self) -> kith_api::common::v1::PageRequest {
        kith_api::common::v1::PageRequest {
            page_size: self.limit(PAGE, PAGE_MAX),
            page_token: self.cursor(),
        }
    }

    /// Whether a cursor is one of ours its service says; an empty one would mean "from the start" there.
    fn cursor(&mut self) -> String {
        match self.take("cursor") {
            None => String::new(),
            Some(Value::String(cursor)) if (1..=CURSOR_MAX).contains(&cursor.len()) => cursor,
            Some(_) => {
                self.has_foreign_cursor = true;
                String::new()
            }
        }
    }

    /// `limit`: 1 or more; more than `most` is `most`.
    pub(crate) fn limit(&mut self, default: u32, most: u64) -> u32 {
        let Some(value) = self.take("limit") else {
            return default;
        };
        let read = value
            .as_str()
            .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            // More digits than fit are more than `most` too.
            .map(|text| text.parse::<u64>().unwrap_or(u64::MAX).min(most))
            .filter(|&limit| limit > 0)
            .and_then(|limit| u32::try_from(limit).ok());
        self.expect("limit", read, "must be a whole number from 1")
            .unwrap_or(default)
    }

    /// A field for media, which do not exist yet: nothing may be in it.
    pub(crate) fn no_media(&mut self, name: &str) {
        match self.take(name) {
            None => {}
            Some(Value::Array(items)) if items.is_empty() => {}
            Some(_) => self.wrong(name, "invalid", "media cannot be used yet"),
        }
    }

    /// Takes a field as it is; `null` is the same as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name).filter(|value| !value.is_null())
    }

    /// Gives up on the fields that are left, when what is wrong already says why.
    pub(crate) fn take_all(&mut self) {
        self.values.clear();
    }

    /// A place in a log.
    pub(crate) fn seq_of(&mut self, name: &str, value: &Value) -> Option<u64> {
        let read = match value {
            Value::String(text) if self.is_query => text
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| text.parse::<u64>().ok())
                .flatten(),
            value => value.as_u64(),
        };
        // Logs count in signed 64 bits.
        let read = read.filter(|&seq| i64::try_from(seq).is_ok());
        self.expect(name, read, "must be a whole number from 0")
    }

    /// An id, in the form that we write.
    pub(crate) fn id_of<T: FromStr + ToString>(
        &mut self,
        name: &str,
        value: &Value,
    ) -> Option<String> {
        let read = value
            .as_str()
            .and_then(|text| text.parse::<T>().ok())
            .map(|id| id.to_string());
        self.expect(name, read, "must be an id (a UUID of 36 characters)")
    }

    /// Notes what is wrong with a field.
    pub(crate) fn wrong(&mut self, name: &str, code: &str, message: &str) {
        self.violations.push(Violation::new(name, code, message));
    }

    /// Takes a field that must be there, as it is.
    pub(crate) fn required(&mut self, name: &str) -> Option<Value> {
        let value = self.take(name);
        if value.is_none() {
            self.wrong(name, "required", "is missing");
        }
        value
    }

    fn expect<T>(&mut self, name: &str, read: Option<T>, message: &str) -> Option<T> {
        if read.is_none() {
            self.wrong(name, "invalid", message);
        }
        read
    }

    fn text_of(
        &mut self,
        name: &str,
        value: Value,
        characters: RangeInclusive<usize>,
    ) -> Option<String> {
        let Value::String(text) = value else {
            self.wrong(name, "invalid", "must be a text");
            return None;
        };
        let count = text.chars().count();
        if text.contains('\0') {
            self.wrong(name, "invalid", "must not contain NUL");
        } else if count < *characters.start() {
            let message = format!("must have at least {} characters", characters.start());
            self.wrong(name, "too_short", &message);
        } else if count > *characters.end() {
            let message = format!("must have at most {} characters", characters.end());
            self.wrong(name, "too_long", &message);
        } else {
            return Some(text);
        }
        None
    }

    fn ruled_of(&mut self, name: &str, value: Value, rule: Rule) -> Option<String> {
        let Value::String(text) = value else {
            self.wrong(name, "invalid", "must be a text");
            return None;
        };
        if text.contains('\0') {
            self.wrong(name, "invalid", "must not contain NUL");
        } else if let Err(flaw) = rule(&text) {
            self.wrong(name, flaw.code, flaw.message);
        } else {
            return Some(text);
        }
        None
    }

    fn list_of<T>(
        &mut self,
        name: &str,
        value: Value,
        most: usize,
        mut item_of: impl FnMut(&mut Self, &str, Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(items) = value else {
            self.wrong(name, "invalid", "must be a list");
            return None;
        };
        if items.len() > most {
            self.wrong(name, "too_long", &format!("must have at most {most} items"));
            return None;
        }
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            read.extend(item_of(self, &format!("{name}[{index}]"), item));
        }
        Some(read)
    }

    fn word_of<T: Copy>(&mut self, name: &str, value: &Value, words: &[(&str, T)]) -> Option<T> {
        let read = value.as_str().and_then(|text| {
            words
                .iter()
                .find_map(|&(word, meaning)| (word == text).then_some(meaning))
        });
        if read.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("must be one of: {}", known.join(", "));
            self.wrong(name, "invalid", &message);
        }
        read
    }

    fn read<T: Read>(mut self) -> Result<T, Failure> {
        let read = T::read(&mut self);
        self.finish()?;
        Ok(read)
    }

    fn finish(mut self) -> Result<(), Failure> {
        if self.values.is_empty() {
            if !self.violations.is_empty() {
                return Err(Failure::invalid_fields(self.violations));
            }
            if self.has_foreign_cursor {
                let message = "the cursor was not made here for this list";
                return Err(Failure::new(Reason::CursorInvalid, message));
            }
            return Ok(());
        }
        let unknown = self
            .values
            .keys()
            .take(SHOWN_FIELDS)
            .map(|name| Violation::new(shown(name), "unknown", "is not a field of this call"));
        self.violations.splice(0..0, unknown);
        Err(Failure {
            violations: self.violations,
            ..Failure::new(
                Reason::UnknownField,
                "the request has fields that this call does not know",
            )
        })
    }
}

/// A client's own name for something, cut to what an answer may repeat.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(SHOWN_CHARACTERS).collect()
}

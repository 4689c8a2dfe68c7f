//! How people are found by name: what of a name is kept for the search, how a query is read, and in which order hits come.

use std::cmp::Reverse;

use kith_ids::UserId;
use serde::{Deserialize, Serialize};

use super::{person::fold, spelling::spellings};

/// How near a friend is: nearer than any number of shared friends.
pub(crate) const FRIEND: u32 = u32::MAX;
/// Characters that a query has at least, after folding away what does not count.
const QUERY_MIN: usize = 2;
/// Words of a query that are looked at; whoever types more has found their person.
const QUERY_WORDS: usize = 3;
/// Words kept of one person's names: a display name of 64 characters may hold 32.
const NAME_WORDS: usize = 24;
/// Letters of a piece in the database's index.
const PIECE: usize = 3;
/// Letters of a word whose inner parts are kept as words.
const PARTS_MAX: usize = 12;

/// What is kept of a person's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchEntry {
    /// The folded display name.
    pub name_key: String,
    /// All words, each after a blank.
    pub search_text: String,
    /// The hashes of all words' spellings.
    pub spellings: Vec<i32>,
    /// The words, and whether each stands inside a name instead of beginning it.
    pub words: Vec<(bool, String)>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchQuery {
    /// The whole query, folded, with single blanks.
    phrase: String,
    /// Its words, the longest first.
    words: Vec<String>,
}

/// How well somebody's names fit; better ones are smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Fit {
    /// The query begins the user name or the display name.
    Start,
    /// Its words begin words of the names.
    Word,
    /// Its words are somewhere in the names.
    Inside,
    /// Its words are words of the names but for a slip.
    Alike,
}

/// The order of hits: fit, then how near to the viewer (friends, then by shared friends), then alphabet, then id. It depends on nobody
/// else, so sign-ups between two pages neither repeat nor hide anybody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct HitKey {
    pub fit: Fit,
    pub near: Reverse<u32>,
    /// The word that fits, or the display name.
    pub text: String,
    pub user: UserId,
}

impl SearchEntry {
    /// What is kept of these names.
    pub(crate) fn of(username: &str, display_name: &str) -> Self {
        let name_key = fold(display_name);
        let mut words: Vec<(bool, String)> = Vec::new();
        let mut keep = |inner: bool, word: &str| {
            if !word.is_empty()
                && words.len() < NAME_WORDS
                && words.iter().all(|(_, known)| known != word)
            {
                words.push((inner, word.to_owned()));
            }
        };
        keep(false, username);
        for (place, word) in name_key.split_whitespace().enumerate() {
            keep(place > 0, word);
        }
        for part in parts_of(username).skip(1) {
            keep(true, part);
        }
        for word in name_key.split_whitespace() {
            for part in inner_parts(word) {
                keep(true, part);
            }
        }
        let mut spellings: Vec<i32> = words.iter().flat_map(|(_, word)| spellings(word)).collect();
        spellings.sort_unstable();
        spellings.dedup();
        let search_text = words
            .iter()
            .fold(String::new(), |text, (_, word)| text + " " + word);
        Self {
            name_key,
            search_text,
            spellings,
            words,
        }
    }
}

/// A user name's words: letters between dots and underscores, digits apart.
fn parts_of(username: &str) -> impl Iterator<Item = &str> {
    username
        .split(|c: char| c == '.' || c == '_' || c.is_ascii_digit())
        .filter(|part| part.len() >= QUERY_MIN)
}

/// The ends of a word in a script without blanks or capitals inside words (Chinese, Japanese, Korean, Arabic, Hebrew, Thai …): what is inside a
/// name there is as much a name as what begins it, and often has two letters only, too few for an index of three-letter pieces.
fn inner_parts(word: &str) -> impl Iterator<Item = &str> {
    let letters = word.chars().count();
    let splits = word.chars().all(is_without_blanks) && letters <= PARTS_MAX;
    word.char_indices()
        .skip(1)
        .take(if splits {
            letters.saturating_sub(QUERY_MIN)
        } else {
            0
        })
        .map(|(at, _)| &word[at..])
}

/// Letters of the scripts whose words are kept with their ends.
const fn is_without_blanks(c: char) -> bool {
    c >= '\u{590}'
}

impl SearchQuery {
    /// Reads what somebody typed; none when too little of it counts.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let folded = fold(text.trim().trim_start_matches('@'));
        let phrase = folded.split_whitespace().collect::<Vec<_>>().join(" ");
        if phrase.chars().count() < QUERY_MIN {
            return None;
        }
        let mut words: Vec<String> = phrase.split(' ').map(str::to_owned).collect();
        // The longest is the rarest.
        words.sort_by_key(|word| Reverse(word.chars().count()));
        words.truncate(QUERY_WORDS);
        Some(Self { phrase, words })
    }

    /// The whole query.
    pub(crate) fn phrase(&self) -> &str {
        &self.phrase
    }

    /// Its longest word.
    pub(crate) fn longest(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Whether it is one word.
    pub(crate) fn is_one_word(&self) -> bool {
        self.words.len() == 1
    }

    /// `LIKE` patterns that the names of every exact hit match.
    pub(crate) fn patterns(&self) -> Vec<String> {
        self.words.iter().map(|word| containing(word)).collect()
    }

    /// Whether the index of three-letter pieces can find it; without a piece it would have to be read as a whole.
    pub(crate) fn has_piece(&self) -> bool {
        self.words.iter().any(|word| {
            word.split(|c: char| !c.is_alphanumeric())
                .any(|run| run.chars().count() >= PIECE)
        })
    }

    /// Whether all parts inside such a word are words themselves.
    pub(crate) fn has_inner_parts(&self) -> bool {
        self.longest().chars().all(is_without_blanks)
    }

    /// The spellings of each word; none when some word cannot be misspelled.
    pub(crate) fn spellings(&self) -> Option<Vec<Vec<i32>>> {
        let all: Vec<Vec<i32>> = self.words.iter().map(|word| spellings(word)).collect();
        all.iter().all(|word| !word.is_empty()).then_some(all)
    }

    /// How well these names fit; alike when nothing fits exactly, because nobody else is asked about.
    pub(crate) fn fit(&self, username: &str, name_key: &str, search_text: &str) -> Fit {
        let every = |fits: &dyn Fn(&String) -> bool| self.words.iter().all(fits);
        if username.starts_with(&self.phrase) || name_key.starts_with(&self.phrase) {
            Fit::Start
        } else if every(&|word| search_text.contains(&format!(" {word}"))) {
            Fit::Word
        } else if every(&|word| search_text.contains(word)) {
            Fit::Inside
        } else {
            Fit::Alike
        }
    }
}

/// A `LIKE` pattern for texts that contain this one; its own wildcards stand for themselves.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests;

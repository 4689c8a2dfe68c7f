//! People: what accounts says of them, and what one viewer sees of another.

use chrono::{DateTime, Utc};
use kith_ids::UserId;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// What accounts says of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
    pub avatar_url: Option<String>,
    pub bio: String,
    pub interests: Vec<String>,
    pub locale: String,
    pub create_time: DateTime<Utc>,
    pub disabled: bool,
    pub deleted: bool,
    pub version: i64,
}

/// A person as one viewer may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
    pub avatar_url: Option<String>,
    pub bio: String,
    pub interests: Vec<String>,
    pub friends_count: u32,
    pub mutual_friends_count: u32,
    pub relation: Relation,
    /// Present when the viewer sees themselves.
    pub own: Option<Own>,
}

/// What only the person themselves sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Own {
    pub locale: String,
    pub create_time: DateTime<Utc>,
}

/// What a person is to the viewer. Being blocked by them shows as if there were no block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Myself,
    None,
    Friends,
    Incoming,
    Outgoing,
    Blocked,
}

impl Relation {
    /// The relation of the database's word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "self" => Self::Myself,
            "none" => Self::None,
            "friends" => Self::Friends,
            "incoming" => Self::Incoming,
            "outgoing" => Self::Outgoing,
            "blocked" => Self::Blocked,
            _ => return None,
        })
    }
}

impl Profile {
    /// What is kept of a deleted account: its id, and that it is gone.
    pub(crate) fn without_personal_data(self) -> Self {
        Self {
            username: String::new(),
            display_name: String::new(),
            avatar_url: None,
            bio: String::new(),
            interests: Vec::new(),
            locale: String::new(),
            ..self
        }
    }

    /// Whether the person themselves would see a difference.
    pub(crate) fn looks_like(&self, other: &Self) -> bool {
        let other = Self {
            version: self.version,
            disabled: self.disabled,
            deleted: self.deleted,
            ..other.clone()
        };
        *self == other
    }
}

/// Folds a name for sorting and finding: compatibility forms, case and accents do not count. Here and not in the database, so that what was
/// kept and what is looked for are folded by the same rules whatever server and locale keep them.
pub(crate) fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    let letters = name
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase);
    for letter in letters {
        match plain(letter) {
            Some(plain) => folded.push_str(plain),
            None => folded.push(letter),
        }
    }
    // Korean syllables were taken apart above; together again they are as long as people think.
    folded.nfc().collect()
}

/// Letters that Unicode does not take apart, as people without them on the keyboard type them.
const fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ς' => "σ",
        // Arabic: final forms of yeh and heh, and the stroke that only stretches a word.
        'ى' | 'ی' => "ي",
        'ة' => "ه",
        'ک' => "ك",
        'ـ' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_by_case_and_accent() {
        let cases = [
            ("Émile Zola", "emile zola"),
            ("ÅSA", "asa"),
            ("ﬁn", "fin"),
            ("李小龙", "李小龙"),
            ("ΣΟΦΙΑ", "σοφια"),
            ("Søren Łukasz Großæ", "soren lukasz grossae"),
            ("김민수", "김민수"),
            ("أحمد مصطفى", "احمد مصطفي"),
        ];
        for (name, folded) in cases {
            assert_eq!(fold(name), folded);
        }
    }
}

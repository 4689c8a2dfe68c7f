//! What people say: short exchanges with blanks, filled by a die that falls the same way on every machine.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Exchanges, parted by blank lines; each line begins with who speaks: `a`, `b` or `c`.
const EXCHANGES: &str = include_str!("talk/exchanges.txt");
/// Words for the blanks: `name: word | word | …`.
const WORDS: &str = include_str!("talk/words.txt");

/// One thing said: the place of the speaker in the exchange, and the words.
pub(super) struct Line {
    pub(super) speaker: usize,
    pub(super) text: String,
}

/// Exchanges without end, from one seed.
pub(super) struct Talk {
    die: StdRng,
    exchanges: Vec<&'static str>,
    words: Vec<(&'static str, Vec<&'static str>)>,
    last: usize,
}

impl Talk {
    pub(super) fn new(seed: u64) -> Self {
        let words = WORDS.lines().filter_map(|line| line.split_once(':'));
        Self {
            die: StdRng::seed_from_u64(seed),
            exchanges: EXCHANGES
                .split("\n\n")
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .collect(),
            words: words
                .map(|(name, list)| (name.trim(), list.split('|').map(str::trim).collect()))
                .collect(),
            last: usize::MAX,
        }
    }

    /// The next exchange; never the same one twice in a row.
    pub(super) fn exchange(&mut self) -> Vec<Line> {
        let mut chosen = self.below(self.exchanges.len());
        if chosen == self.last {
            chosen = (chosen + 1) % self.exchanges.len();
        }
        self.last = chosen;
        let text = self.fill(self.exchanges[chosen]);
        text.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(speaker, text)| Line {
                speaker: usize::from(speaker.as_bytes()[0] - b'a'),
                text: text.to_owned(),
            })
            .collect()
    }

    /// A number from 0 on, below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.die.random_range(0..end.max(1))
    }

    /// The same blank is filled with the same word throughout one exchange.
    fn fill(&mut self, text: &str) -> String {
        let mut filled = text.to_owned();
        for index in 0..self.words.len() {
            let blank = format!("{{{}}}", self.words[index].0);
            if filled.contains(&blank) {
                let count = self.words[index].1.len();
                let word = self.words[index].1[self.die.random_range(0..count)];
                filled = filled.replace(&blank, word);
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_blank_has_words_and_every_line_a_speaker() {
        let mut talk = Talk::new(1);
        for _ in 0..500 {
            for line in talk.exchange() {
                assert!(line.speaker < 3 && !line.text.is_empty());
                assert!(!line.text.contains(['{', '}']), "{}", line.text);
            }
        }
    }

    #[test]
    fn a_seed_always_says_the_same() {
        let said = |seed| {
            Talk::new(seed)
                .exchange()
                .into_iter()
                .map(|line| line.text)
                .collect::<Vec<_>>()
        };

        assert_eq!(said(7), said(7));
    }
}

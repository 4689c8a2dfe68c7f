//! Slips of the finger: two words are alike when both become the same word by leaving out at most one letter each, which covers a
//! wrong, a missing, an extra and two swapped letters. Hashed, so that an index of numbers finds them.

/// Shorter words are alike to everything, longer ones are no names.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=24;

/// The hashes of a word and of the word without each of its letters; none for words that are too short or too long.
pub(crate) fn spellings(word: &str) -> Vec<i32> {
    let letters: Vec<char> = word.chars().collect();
    if !LENGTHS.contains(&letters.len()) {
        return Vec::new();
    }
    let without = |skipped: usize| {
        let kept = letters.iter().enumerate();
        hash(
            kept.filter(|(place, _)| *place != skipped)
                .map(|(_, letter)| *letter),
        )
    };
    // One past the end leaves out nothing.
    let mut hashes: Vec<i32> = (0..=letters.len()).map(without).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// FNV-1a, 32 bits: kept in the database, so it must stay what it is.
fn hash(letters: impl Iterator<Item = char>) -> i32 {
    let mixed = letters.fold(0x811c_9dc5_u32, |state, letter| {
        (state ^ u32::from(letter)).wrapping_mul(0x0100_0193)
    });
    i32::from_ne_bytes(mixed.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alike(one: &str, other: &str) -> bool {
        let other = spellings(other);
        spellings(one).iter().any(|hash| other.contains(hash))
    }

    #[test]
    fn one_slip_is_forgiven() {
        for slip in [
            "michael", "mihael", "micheal", "michhael", "nichael", "michaek",
        ] {
            assert!(alike("michael", slip), "{slip}");
        }
        for other in ["mick", "rachel", "michelangelo", "ma"] {
            assert!(!alike("michael", other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_letter_may_be_wrong_missing_or_extra(
            word in "[a-zа-я一-龥]{4,20}", place in 0_usize..20, letter in "[a-zа-я一-龥]",
        ) {
            let letters: Vec<char> = word.chars().collect();
            let place = place % letters.len();
            let join = |middle: &str, rest: usize| {
                let head: String = letters[..place].iter().collect();
                let tail: String = letters[rest..].iter().collect();
                head + middle + &tail
            };

            prop_assert!(alike(&word, &join(&letter, place + 1)));
            prop_assert!(alike(&word, &join("", place + 1)));
            prop_assert!(alike(&word, &join(&letter, place)));
        }
    }
}

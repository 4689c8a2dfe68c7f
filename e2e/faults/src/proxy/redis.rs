//! RESP, as far as it takes to tell messages apart.

use rand::{RngExt as _, rngs::StdRng};

/// Cuts a stream into whole RESP values.
#[derive(Debug, Default)]
pub(super) struct Resp {
    waiting: Vec<u8>,
}

impl Resp {
    /// Adds what came; gives the values that are whole now.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.waiting.extend_from_slice(bytes);
        let mut values = Vec::new();
        while let Some(length) = length_of(&self.waiting) {
            let rest = self.waiting.split_off(length);
            values.push(std::mem::replace(&mut self.waiting, rest));
        }
        values
    }
}

/// The length of the value at the beginning; none while it is not whole.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let head = end + 2;
    let number = || -> Option<i64> { std::str::from_utf8(&bytes[1..end]).ok()?.parse().ok() };
    match bytes[0] {
        // Strings of a given length: bulk, bulk error, verbatim.
        b'$' | b'!' | b'=' => {
            let length = usize::try_from(number()?).unwrap_or(0);
            let whole = if number()? < 0 {
                head
            } else {
                head + length + 2
            };
            (bytes.len() >= whole).then_some(whole)
        }
        kind @ (b'*' | b'~' | b'>' | b'%' | b'|') => {
            let count = number()?.max(0) * if matches!(kind, b'%' | b'|') { 2 } else { 1 };
            (0..count).try_fold(head, |at, _| Some(at + length_of(bytes.get(at..)?)?))
        }
        _ => Some(head),
    }
}

/// Whether a command publishes.
pub(super) fn publishes(command: &[u8]) -> bool {
    has_word(command, b"PUBLISH")
}

/// Whether a value is a push of something published.
fn is_push(value: &[u8]) -> bool {
    value.first() == Some(&b'>') && has_word(value, b"message\r\n")
}

/// Whether a word stands at the beginning of a value.
fn has_word(value: &[u8], word: &[u8]) -> bool {
    let beginning = &value[..value.len().min(32)];
    beginning
        .windows(word.len())
        .any(|part| part.eq_ignore_ascii_case(word))
}

/// Drops, repeats and swaps a share of the pushes each; everything else passes as it is. What is held back goes out
/// behind the next push.
pub(super) fn mangle(
    values: Vec<Vec<u8>>,
    share: f64,
    held_back: &mut Option<Vec<u8>>,
    random: &mut StdRng,
) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        if !is_push(&value) {
            out.extend(value);
            continue;
        }
        let dice: f64 = random.random_range(0.0..1.0);
        if dice < share {
            continue;
        }
        if dice < share * 2.0 {
            out.extend_from_slice(&value);
        }
        if dice >= share * 2.0 && dice < share * 3.0 && held_back.is_none() {
            *held_back = Some(value);
            continue;
        }
        out.extend(value);
        out.extend(held_back.take().unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    const PUSH: &[u8] = b">3\r\n$8\r\nsmessage\r\n$6\r\nkith:1\r\n$5\r\nhello\r\n";

    #[test]
    fn values_are_found_however_they_are_cut() {
        let stream: &[u8] =
            b"+OK\r\n:3\r\n$-1\r\n*2\r\n$1\r\na\r\n$0\r\n\r\n%1\r\n+k\r\n#t\r\n>3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$2\r\n\r\n\r\n";
        for size in 1..stream.len() {
            let mut resp = Resp::default();

            let values: Vec<_> = stream
                .chunks(size)
                .flat_map(|part| resp.take(part))
                .collect();

            assert_eq!(values.len(), 6, "in parts of {size}");
            assert_eq!(values.concat(), stream);
        }
    }

    #[test]
    fn pushes_suffer_and_nothing_else() {
        let mut random = StdRng::seed_from_u64(1);
        let values: Vec<Vec<u8>> = (0..1_000)
            .flat_map(|_| [PUSH.to_vec(), b"+OK\r\n".to_vec()])
            .collect();
        let mut held_back = None;

        let all = mangle(values.clone(), 0.0, &mut held_back, &mut random);
        let mangled = mangle(values.clone(), 0.1, &mut held_back, &mut random);

        assert_eq!(all, values.concat());
        let mut resp = Resp::default();
        let (pushes, others): (Vec<_>, Vec<_>) =
            resp.take(&mangled).into_iter().partition(|it| is_push(it));
        assert_eq!(others.len(), 1_000);
        assert!((900..1_100).contains(&pushes.len()), "{}", pushes.len());
    }

    #[test]
    fn a_publish_is_known() {
        assert!(publishes(b"*3\r\n$8\r\nSPUBLISH\r\n$1\r\nc\r\n$1\r\nx\r\n"));
        assert!(!publishes(b"*2\r\n$10\r\nSSUBSCRIBE\r\n$1\r\nc\r\n"));
    }
}

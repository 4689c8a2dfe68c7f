//! What a client says to Postgres, as far as it takes to know when something is committed.

use std::collections::HashSet;

/// The statement that appends, by its function; it is a transaction of its own.
const APPEND: &[u8] = b"append_messages";

/// The client's side of one connection.
#[derive(Debug, Default)]
pub(super) struct Frontend {
    waiting: Vec<u8>,
    /// The first messages have no type.
    is_started: bool,
    /// Names of the prepared statements that append.
    appends: HashSet<Vec<u8>>,
}

impl Frontend {
    /// Adds what the client said; answers whether it asks for an append or a commit.
    pub(super) fn commits(&mut self, bytes: &[u8]) -> bool {
        self.waiting.extend_from_slice(bytes);
        let mut commits = false;
        loop {
            let head = usize::from(self.is_started);
            let Some(length) = self.waiting.get(head..head + 4) else {
                return commits;
            };
            let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
            if self.waiting.len() < head + length {
                return commits;
            }
            let rest = self.waiting.split_off(head + length);
            let message = std::mem::replace(&mut self.waiting, rest);
            if self.is_started {
                commits |= self.judge(message[0], &message[5..]);
            } else {
                // A request for TLS is followed by another untyped message; the start-up says its version, 3.0.
                self.is_started = message.get(4..8) == Some(&[0, 3, 0, 0]);
            }
        }
    }

    fn judge(&mut self, kind: u8, body: &[u8]) -> bool {
        let mut words = body.split(|byte| *byte == 0);
        let (first, second) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        match kind {
            // Parse: name and text.
            b'P' if contains(second, APPEND) => {
                self.appends.insert(first.to_vec());
                false
            }
            // Bind: portal and name.
            b'B' => self.appends.contains(second),
            b'Q' => first.eq_ignore_ascii_case(b"COMMIT"),
            _ => false,
        }
    }
}

/// Whether the server has answered everything: a transaction that was on its way is over.
pub(super) fn is_ready(bytes: &[u8]) -> bool {
    bytes.ends_with(b"Z\0\0\0\x05I")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    #[test]
    fn appends_are_known_by_the_name_of_their_statement_and_commits_by_their_word() {
        let mut frontend = Frontend::default();
        let start = [
            &8_u32.to_be_bytes()[..],
            &80_877_103_u32.to_be_bytes(),
            &9_u32.to_be_bytes(),
            &[0, 3, 0, 0, 0],
        ];
        assert!(!frontend.commits(&start.concat()));

        let prepare = message(b'P', b"s1\0SELECT * FROM chat.append_messages($1)\0\0\0");
        let other = message(b'P', b"s2\0SELECT 1\0\0\0");

        assert!(!frontend.commits(&[prepare, other].concat()));
        let bind = message(b'B', b"\0s1\0\0\0\0\0\0\0");
        let (half, rest) = bind.split_at(4);
        assert!(!frontend.commits(half));
        assert!(frontend.commits(rest));
        assert!(!frontend.commits(&message(b'B', b"\0s2\0\0\0\0\0\0\0")));
        assert!(!frontend.commits(&message(b'Q', b"BEGIN\0")));
        assert!(frontend.commits(&message(b'Q', b"COMMIT\0")));
    }
}

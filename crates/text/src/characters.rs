//! What may stand in the short texts that people show each other.

use super::Flaw;

/// Characters that turn the reading direction of what follows, by which a name can pretend to be another.
const fn is_bidi_override(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Line and paragraph separators break a line like a control character does.
const fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Shows nothing: white space, controls, and the characters of no width that people send empty messages with.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether nothing of the text can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Whether the text has more characters than `max`, without counting all of a huge one.
pub fn is_longer_than(text: &str, max: usize) -> bool {
    // Bytes first: most texts are so short that their characters need not be counted.
    text.len() > max && text.chars().nth(max).is_some()
}

/// One line: no control, line-break or bidi-override characters.
pub fn line(text: &str) -> Result<(), Flaw> {
    let bad = |c: char| c.is_control() || is_line_break(c) || is_bidi_override(c);
    if text.chars().any(bad) {
        return Err(Flaw::new(
            "invalid",
            "no control or direction-override characters",
        ));
    }
    Ok(())
}

/// Several lines: line feeds and tabs may stand in it.
pub(crate) fn lines(text: &str) -> Result<(), Flaw> {
    let bad = |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || is_bidi_override(c);
    if text.chars().any(bad) {
        return Err(Flaw::new(
            "invalid",
            "no control characters but line breaks and tabs, no direction overrides",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_show_nothing_are_blank() {
        for text in [
            "",
            " ",
            "\u{200B}\u{2060}",
            "\u{3000}",
            "\u{FEFF} ",
            "\u{2800}",
            "\u{202E}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        assert!(!is_blank("\u{200B}a"));
        assert!(!is_blank("👩\u{200D}👧"));
    }

    #[test]
    fn a_line_holds_neither_controls_nor_overrides() {
        for text in [
            "a\0b",
            "a\nb",
            "a\u{7F}",
            "a\u{85}b",
            "\u{202E}evil",
            "a\u{2066}b",
            "a\u{2028}b",
        ] {
            assert!(line(text).is_err(), "{text:?}");
        }
        for text in ["Zoë", "李雷", "مريم", "👩\u{200D}👧", "O'Neil-Smith Jr."] {
            assert!(line(text).is_ok(), "{text:?}");
        }
        assert!(lines("one\ntwo\t3").is_ok());
        assert!(lines("nul \0").is_err());
    }
}

//! What came off the network, made fit for a terminal.
//!
//! Bytes are shown as the UTF-8 text that they are, save for what a terminal or a reader could take for
//! something else. The escapes are those of Rust's literals, so that they are unambiguous: `\x1b` is
//! a byte (a control character of ASCII, or one that is not UTF-8), `\u{202e}` a character, `\\` a
//! backslash; and `\n`, `\r`, `\t`.

use std::fmt::{self, Write};

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Displays bytes escaped, so that they stay on their line and show what they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Escaped<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, chunk) in self.0.utf8_chunks().enumerate() {
            let mut text = chunk.valid();
            if let Some(c) = text.chars().next().filter(|&c| i == 0 && is_mark(c)) {
                write_escape(f, c)?;
                text = &text[c.len_utf8()..];
            }
            write_text(f, text, |c| c == '\\' || is_deceptive(c))?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Displays a message of ours on one line, whatever names of files and interfaces are in it. Its
/// backslashes stay as they are.
pub(crate) struct OneLine<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Harmless<'a, 'f>(&'a mut fmt::Formatter<'f>);

        impl Write for Harmless<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                write_text(self.0, text, is_deceptive)
            }
        }

        write!(Harmless(f), "{}", self.0)
    }
}

fn write_text(
    f: &mut fmt::Formatter<'_>,
    mut text: &str,
    is_escaped: impl Fn(char) -> bool,
) -> fmt::Result {
    while let Some((at, c)) = text.char_indices().find(|&(_, c)| is_escaped(c)) {
        f.write_str(&text[..at])?;
        write_escape(f, c)?;
        text = &text[at + c.len_utf8()..];
    }
    f.write_str(text)
}

fn write_escape(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        _ if c.is_ascii() => write!(f, "\\x{:02x}", u32::from(c)),
        _ => write!(f, "\\u{{{:x}}}", u32::from(c)),
    }
}

/// Whether a character does something to a terminal or to the text around it, or can't be seen:
/// controls, format characters (bidirectional overrides and isolates, zero-width ones, tags), line and
/// paragraph separators, and what has no agreed look.
pub(crate) fn is_deceptive(c: char) -> bool {
    use GeneralCategory::{LineSeparator, ParagraphSeparator};
    // All other characters of ASCII are harmless, and most text is ASCII.
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(c.general_category(), LineSeparator | ParagraphSeparator)
        || c.general_category_group() == GeneralCategoryGroup::Other
        || is_ignorable(c)
}

/// Characters that Unicode counts as letters or marks, but that are to be drawn as nothing
/// (`Default_Ignorable_Code_Point` in DerivedCoreProperties.txt, without those of category Cf).
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{034f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character joins the one before it, which at the start would be one of ours.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && c.general_category_group() == GeneralCategoryGroup::Mark
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(bytes: impl AsRef<[u8]>) -> String {
        Escaped(bytes.as_ref()).to_string()
    }

    /// Reads the escapes back: the proof that they are unambiguous.
    fn unescaped(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            if c != '\\' {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            let (kind, after) = rest.split_at(1);
            rest = after;
            match kind {
                "\\" => bytes.push(b'\\'),
                "n" => bytes.push(b'\n'),
                "r" => bytes.push(b'\r'),
                "t" => bytes.push(b'\t'),
                "x" => {
                    bytes.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                    rest = &rest[2..];
                }
                "u" => {
                    let (number, after) = rest[1..].split_once('}').unwrap();
                    let c = char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap();
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = after;
                }
                other => panic!("unknown escape {other}"),
            }
        }
        bytes
    }

    #[test]
    fn text_is_shown_as_it_is() {
        for text in ["Me!", "who's there? \"you\"", "Εκτυπωτής", "मुद्रक", "プリンタ\u{3000}3", "🖨"]
        {
            assert_eq!(escaped(text), text);
        }
    }

    #[test]
    fn what_could_mislead_is_escaped() {
        assert_eq!(escaped("\x1b[2J\x07\r\nMe!\t\x7f\0"), r"\x1b[2J\x07\r\nMe!\t\x7f\x00");
        assert_eq!(escaped("a\u{202e}b\u{2066}c"), r"a\u{202e}b\u{2066}c");
        assert_eq!(
            escaped("a\u{200b}\u{2028}\u{2029}\u{feff}"),
            r"a\u{200b}\u{2028}\u{2029}\u{feff}"
        );
        assert_eq!(escaped("\u{9b}31m\u{85}"), r"\u{9b}31m\u{85}");
        assert_eq!(
            escaped("\u{3164}\u{fe0f}\u{e0041}\u{e000}"),
            r"\u{3164}\u{fe0f}\u{e0041}\u{e000}"
        );
        assert_eq!(escaped(b"\xff\xc3Me!\xe2\x80"), r"\xff\xc3Me!\xe2\x80");
        assert_eq!(escaped(r"\x1b"), r"\\x1b");
    }

    #[test]
    fn a_mark_does_not_join_what_stands_before_it() {
        assert_eq!(escaped("\u{301}e\u{301}"), "\\u{301}e\u{301}");
    }

    #[test]
    fn a_message_stays_on_its_line() {
        assert_eq!(OneLine("no file \"a\\b\n\x1b[2J\"").to_string(), r#"no file "a\b\n\x1b[2J""#);
    }

    proptest! {
        #[test]
        fn nothing_deceptive_gets_through(bytes in any::<Vec<u8>>()) {
            prop_assert!(!escaped(bytes).chars().any(is_deceptive));
        }

        #[test]
        fn nothing_deceptive_gets_through_as_text(text in any::<String>()) {
            prop_assert!(!escaped(text).chars().any(|c| c.is_control() || is_deceptive(c)));
        }

        #[test]
        fn the_bytes_can_be_read_back(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(unescaped(&escaped(&bytes)), bytes);
        }

        #[test]
        fn text_can_be_read_back(text in r"[\\nxu{}0-9a-f\x00-\x1f\u{80}-\u{a0}\u{2020}-\u{2070}]*") {
            prop_assert_eq!(unescaped(&escaped(&text)), text.into_bytes());
        }
    }
}

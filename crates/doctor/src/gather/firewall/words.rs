//! The words of a rule as it is written.

/// A word, and how it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// Without the comma or semicolon after it, and without quotes around it.
    pub(super) text: &'a str,
    /// Whether it stood in quotes: a name or a comment, and no keyword.
    pub(super) quoted: bool,
    /// Whether a comma followed.
    pub(super) comma: bool,
}

impl Word<'_> {
    pub(super) fn is(&self, text: &str) -> bool {
        !self.quoted && self.text == text
    }
}

/// The words of a line. A quote that is not closed goes to the line's end; within quotes a backslash takes
/// the next character as it is.
pub(super) fn words(line: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (text, quoted, after) = match rest.strip_prefix('"') {
            Some(inside) => {
                let end = closing_quote(inside);
                (&inside[..end], true, inside.get(end + 1..).unwrap_or_default())
            }
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (&rest[..end], false, &rest[end..])
            }
        };
        let (after, follows) = match after.strip_prefix([',', ';']) {
            Some(further) if quoted => (further, after.starts_with(',')),
            _ => (after, false),
        };
        let comma = follows || !quoted && text.ends_with(',');
        let text = if quoted { text } else { text.trim_end_matches([',', ';']) };
        found.push(Word { text, quoted, comma });
        rest = after.trim_start();
    }
    found
}

fn closing_quote(text: &str) -> usize {
    let mut is_escaped = false;
    let closes = |c: char| {
        let closes = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        closes
    };
    text.find(closes).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_spaces_and_quotes() {
        let line = "\tiifname { \"a b\", \"lo\" } policy drop; comment \"x \\\" { drop\"";
        let read = words(line);
        let texts: Vec<&str> = read.iter().map(|word| word.text).collect();
        let expected =
            ["iifname", "{", "a b", "lo", "}", "policy", "drop", "comment", "x \\\" { drop"];
        assert_eq!(texts, expected);
        assert!(read[2].quoted && read[2].comma && read[3].quoted && !read[3].comma);
        assert!(read[6].is("drop") && !read[8].is("drop"));
    }

    #[test]
    fn odd_lines_have_words_too() {
        for odd in ["", "   ", "\"", "\"\"", "\"é", ",", "\\", "\"\\", "a\"b", "é\u{2003}ü"] {
            assert!(words(odd).len() <= 2, "{odd:?}");
        }
    }
}

//! Which words may be put on a command line that somebody is about to run.

/// Whether no shell takes any part of a word for more than itself. Names of services come off the network, and
/// those of interfaces from whoever made them: `$(reboot)` is a name.
pub(super) fn is_safe(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-+@".contains(c);
    word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && word.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_act_on_is_no_word_to_put_there() {
        for word in ["printer", "_ipp._tcp", "eth0", "wlp3s0", "br-0a1b", "eth0.100", "lab-3"] {
            assert!(is_safe(word), "{word}");
        }
        for word in [
            "",
            "-rf",
            "$(reboot)",
            "`reboot`",
            "a;b",
            "a b",
            "a\nb",
            "a\u{b}b",
            "a'b",
            "a\"b",
            "~",
            "*",
            "a|b",
            "a>b",
            "a&b",
            "!a",
            "#a",
            "\x1b[2J",
            "é",
            "a\u{202e}b",
            "@file",
            "a:b",
            "a\tb",
            "a=b",
            "{a,b}",
        ] {
            assert!(!is_safe(word), "{word:?}");
        }
    }
}

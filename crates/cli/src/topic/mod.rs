//! Topics of help that are no verbs.

use std::ffi::OsStr;

/// The contract of `--json` in short.
const JSON: &str = include_str!("json.txt");

/// What `mcast help TOPIC` prints, where these words ask for a topic.
pub(crate) fn of(words: &[impl AsRef<OsStr>]) -> Option<&'static str> {
    match words {
        [_, help, topic] if help.as_ref() == "help" && topic.as_ref() == "json" => Some(JSON),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_asked_for_by_its_name_alone() {
        let of = |line: &str| of(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(of("mcast help json"), Some(JSON));
        for line in ["mcast help", "mcast help discover", "mcast json", "mcast help json more"] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}

//! What a datagram says, in words: every byte off the network escaped.

use std::fmt::{self, Display};

use mcast_dialects::meaning::{Act, Meaning, Part, Text};
use serde::{Serialize, Serializer};

use crate::escape::Escaped;

/// Displays what a datagram says: `asks: PTR _ipp._tcp.local`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence(pub(crate) Meaning);

impl Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Meaning { act, parts, left_out, .. } = &self.0;
        f.write_str(match act {
            Act::Ask => "asks",
            Act::Answer => "answers",
            Act::Announce => "announces",
            Act::Goodbye => "says goodbye",
            Act::Refuse => "refuses",
            _ => "says",
        })?;
        for (nth, Part { word, name, value }) in parts.iter().enumerate() {
            write!(f, "{} {word}", if nth == 0 { ":" } else { ";" })?;
            if !name.bytes.is_empty() {
                write!(f, " {}", Shown(name))?;
            }
            if let Some(value) = value {
                write!(f, " = {}", Shown(value))?;
            }
        }
        if *left_out > 0 {
            write!(f, "; {left_out} more")?;
        }
        Ok(())
    }
}

impl Serialize for Sentence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text, and that it goes on where it does.
struct Shown<'a>(&'a Text);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Text { bytes, is_cut } = self.0;
        write!(f, "{}{}", Escaped(bytes), if *is_cut { "…" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use mcast_dialects::meaning::of;

    use super::*;

    fn sentence(datagram: &[u8]) -> String {
        let group = "239.255.255.250:1900".parse().unwrap();
        of(Some(group), datagram).map(Sentence).unwrap().to_string()
    }

    #[test]
    fn it_tells_what_is_said_and_nothing_that_harms() {
        let search = b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n";
        assert_eq!(sentence(search), "asks: ST ssdp:all");
        let evil = "NOTIFY * HTTP/1.1\r\nNTS: ssdp:byebye\r\nUSN: \x1b[2J\u{202e}\x07\r\n";
        assert_eq!(sentence(evil.as_bytes()), r"says goodbye: USN \x1b[2J\u{202e}\x07");
        let long = [b"NOTIFY\nUSN: ".as_slice(), &[b'a'; 1000]].concat();
        let shown = sentence(&long);
        assert!(shown.ends_with("aaa…") && shown.chars().count() < 200, "{shown}");
    }
}

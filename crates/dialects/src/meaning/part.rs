//! What a datagram says, in parts.

use alloc::vec::Vec;
use core::fmt;

use mcast_proto::Protocol;

/// Parts that are kept of a datagram; the others are counted.
const MOST_PARTS: usize = 8;
/// Bytes that are kept of a part's name, and as many of its value.
const MOST_BYTES: usize = 160;

/// What a datagram is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// It asks.
    Ask,
    /// It answers a question.
    Answer,
    /// It says something, asked or unasked: which of the two is not to be seen.
    Say,
    /// It says unasked that somebody is there, or has changed.
    Announce,
    /// It says that somebody or something is there no more.
    Goodbye,
    /// It answers that it does not.
    Refuse,
}

/// A word that stays.
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Act::Ask => "ask",
            Act::Answer => "answer",
            Act::Say => "say",
            Act::Announce => "announce",
            Act::Goodbye => "goodbye",
            Act::Refuse => "refuse",
        })
    }
}

/// What a datagram says. It holds some kilobytes at the most, whatever the datagram is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// In which protocol.
    pub protocol: Protocol,
    /// What it is there for.
    pub act: Act,
    /// The first of its parts.
    pub parts: Vec<Part>,
    /// How many more it has, as far as they were counted.
    pub left_out: usize,
}

/// A thing that is said. All bytes are as they came off the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is, by the protocol's own word: `PTR`, `LOCATION`, `Types`.
    pub word: &'static str,
    /// Of what it is said, or what is asked for.
    pub name: Text,
    /// What is said of that.
    pub value: Option<Text>,
}

/// The beginning of a text off the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether there was more.
    pub is_cut: bool,
}

impl Text {
    /// Appends what there is room for.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = MOST_BYTES - self.bytes.len();
        // What was cut once goes on no more.
        let room = if self.is_cut { 0 } else { room };
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.is_cut |= bytes.len() > room;
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Text {
        let mut text = Text::default();
        text.push(bytes);
        text
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

/// A text of what displays.
pub(crate) fn shown(what: impl fmt::Display) -> Text {
    use fmt::Write as _;

    let mut text = Text::default();
    // Writing to it does not fail: it leaves out.
    let _ = write!(text, "{what}");
    text
}

impl Meaning {
    /// One of which nothing is known yet.
    pub(crate) fn new(protocol: Protocol, act: Act) -> Meaning {
        Meaning { protocol, act, parts: Vec::new(), left_out: 0 }
    }

    /// Says this too. What there is no room for is not even made.
    pub(crate) fn say(&mut self, part: impl FnOnce() -> Part) {
        if self.parts.len() < MOST_PARTS {
            self.parts.push(part());
        } else {
            self.left_out += 1;
        }
    }

    /// Says of a thing what it is, where there is one.
    pub(crate) fn tell<'t>(&mut self, word: &'static str, name: impl Into<Option<&'t [u8]>>) {
        if let Some(name) = name.into() {
            self.say(|| Part { word, name: name.into(), value: None });
        }
    }

    /// What says something; a datagram that says nothing may be anything.
    pub(crate) fn if_any(self) -> Option<Meaning> {
        (!self.parts.is_empty()).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_the_rest_counted() {
        let mut meaning = Meaning::new(Protocol::new("x"), Act::Ask);
        assert_eq!(meaning.clone().if_any(), None);
        for _ in 0..MOST_PARTS + 3 {
            meaning.tell("y", [b'a'; MOST_BYTES + 1].as_slice());
        }
        assert_eq!((meaning.parts.len(), meaning.left_out), (MOST_PARTS, 3));
        let name = &meaning.parts[0].name;
        assert_eq!((name.bytes.len(), name.is_cut), (MOST_BYTES, true));
        let mut text = Text::from(&[b'a'; MOST_BYTES][..]);
        assert!(!text.is_cut);
        text.push(b"");
        assert!(!text.is_cut);
        text.push(b"b");
        assert!(text.is_cut);
        // After a gap nothing is said.
        let mut text = Text::from(&[b'a'; MOST_BYTES - 1][..]);
        text.push(b"bc");
        text.push(b"d");
        assert_eq!((text.bytes.last(), text.is_cut), (Some(&b'b'), true));
        assert_eq!(shown(7).bytes, b"7");
    }
}

//! A message of WS-Discovery as XML: an envelope with a header and a body.
//!
//! Elements are known by their names without the namespace, so that both editions of the standard are read,
//! and what devices make of them.

use roxmltree::{Document, Node};

use crate::xml::{child, text};

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Answers to a probe, or to a question for one.
    Matches,
    /// Somebody has come, or has changed.
    Hello,
    /// Somebody goes.
    Bye,
    /// A question, which others ask too.
    Question,
}

/// The elements that are the body of a message.
const WORDS: [&str; 6] = ["ProbeMatches", "ResolveMatches", "Hello", "Bye", "Probe", "Resolve"];

/// A message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope<'a, 'd> {
    pub(super) kind: Kind,
    header: Option<Node<'a, 'd>>,
    /// The element of the body.
    pub(super) content: Node<'a, 'd>,
}

impl<'a, 'd> Envelope<'a, 'd> {
    pub(super) fn of(document: &'a Document<'d>) -> Option<Envelope<'a, 'd>> {
        let envelope = document.root_element();
        let body = child(envelope, "Body")?;
        let content = body.children().find(Node::is_element)?;
        let kind = match content.tag_name().name() {
            "ProbeMatches" | "ResolveMatches" => Kind::Matches,
            "Hello" => Kind::Hello,
            "Bye" => Kind::Bye,
            "Probe" | "Resolve" => Kind::Question,
            _ => return None,
        };
        Some(Envelope { kind, header: child(envelope, "Header"), content })
    }

    /// What the body's element is called: a word of the standard's.
    pub(super) fn word(&self) -> &'static str {
        WORDS.into_iter().find(|word| *word == self.content.tag_name().name()).unwrap_or("Body")
    }

    /// The number of the message that this one answers.
    pub(super) fn relates_to(&self) -> Option<&'a str> {
        text(self.header?, "RelatesTo")
    }

    /// The number of the sender's start, as far as it says so.
    pub(super) fn instance(&self) -> Option<&'a str> {
        child(self.header?, "AppSequence")?.attribute("InstanceId")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::document;

    #[test]
    fn a_message_is_known_by_what_is_in_its_body() {
        for (content, kind) in [
            ("ProbeMatches", Some(Kind::Matches)),
            ("ResolveMatches", Some(Kind::Matches)),
            ("Hello", Some(Kind::Hello)),
            ("Bye", Some(Kind::Bye)),
            ("Probe", Some(Kind::Question)),
            ("Resolve", Some(Kind::Question)),
            ("Fault", None),
        ] {
            let xml = alloc::format!("<E><Body> <{content}/></Body></E>\0");
            let document = document(xml.as_bytes()).expect("a document");
            let envelope = Envelope::of(&document);
            assert_eq!(envelope.map(|envelope| envelope.kind), kind, "{content}");
            assert_eq!(envelope.and_then(|envelope| envelope.relates_to()), None);
        }
    }
}

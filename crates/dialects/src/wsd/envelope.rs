//! A message of WS-Discovery as XML: an envelope with a header and a body.
//!
//! Elements are known by their names without the namespace, so that both editions of the standard are read,
//! and what devices make of them.

use roxmltree::{Document, Node};

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

    /// The number of the message that this one answers.
    pub(super) fn relates_to(&self) -> Option<&'a str> {
        text(self.header?, "RelatesTo")
    }

    /// The number of the sender's start, as far as it says so.
    pub(super) fn instance(&self) -> Option<&'a str> {
        child(self.header?, "AppSequence")?.attribute("InstanceId")
    }
}

/// The first element of this name in another.
pub(super) fn child<'a, 'd>(of: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    of.children().find(|node| node.is_element() && node.tag_name().name() == name)
}

/// The text of that element, if there is any.
pub(super) fn text<'a>(of: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(of, name)?.text().map(str::trim).filter(|text| !text.is_empty())
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

//! XML off the network, within bounds: of length, of depth, and of how much there is. There is no DTD.

use roxmltree::{Document, Node, ParsingOptions};

/// How much is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes.
    pub(crate) length: usize,
    /// Elements and texts.
    pub(crate) nodes: u32,
}

/// Of a datagram: devices say a kilobyte or two.
const MESSAGE: Bounds = Bounds { length: 8 * 1024, nodes: 1_000 };
/// Elements inside of each other.
const MOST_DEPTH: usize = 32;

/// The XML of a datagram, within the bounds.
#[cfg_attr(
    not(any(feature = "wsd", feature = "presets")),
    expect(dead_code, reason = "a description is no datagram")
)]
pub(crate) fn document(datagram: &[u8]) -> Option<Document<'_>> {
    document_within(datagram, MESSAGE)
}

/// The XML of these bytes, within other bounds.
pub(crate) fn document_within(bytes: &[u8], bounds: Bounds) -> Option<Document<'_>> {
    if bytes.len() > bounds.length {
        return None;
    }
    // Some end their messages with a zero, and some begin them with a mark of their encoding.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = core::str::from_utf8(text).ok()?.trim_end_matches('\0');
    let options = ParsingOptions { nodes_limit: bounds.nodes, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).ok()?;
    is_shallow(&document).then_some(document)
}

fn is_shallow(document: &Document<'_>) -> bool {
    let (mut node, mut depth) = (document.root(), 0);
    loop {
        if let Some(child) = node.first_child() {
            (node, depth) = (child, depth + 1);
            if depth > MOST_DEPTH {
                return false;
            }
            continue;
        }
        let next = loop {
            match (node.next_sibling(), node.parent()) {
                (Some(next), _) => break next,
                (None, Some(parent)) => (node, depth) = (parent, depth - 1),
                (None, None) => return true,
            }
        };
        node = next;
    }
}

/// The first element of this name in another, whatever its namespace.
#[cfg_attr(
    not(any(feature = "wsd", feature = "describe")),
    allow(dead_code, reason = "presets name elements wherever they are")
)]
pub(crate) fn child<'a, 'd>(of: Node<'a, 'd>, name: &str) -> Option<Node<'a, 'd>> {
    of.children().find(|node| node.is_element() && node.tag_name().name() == name)
}

/// The text of that element, if there is any.
#[cfg_attr(
    not(any(feature = "wsd", feature = "describe")),
    allow(dead_code, reason = "presets name elements wherever they are")
)]
pub(crate) fn text<'a>(of: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(of, name)?.text().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn what_is_too_long_too_deep_or_too_much_is_refused() {
        let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(document(nested(MOST_DEPTH).as_bytes()).is_some());
        assert!(document(nested(MOST_DEPTH + 1).as_bytes()).is_none());
        let many = |count: usize| String::from("<a>") + &"<b/>".repeat(count) + "</a>";
        assert!(document(many(900).as_bytes()).is_some());
        assert!(document(many(1_000).as_bytes()).is_none());
        assert!(document(nested(10_000).as_bytes()).is_none());
        assert!(document("<a>".repeat(20_000).as_bytes()).is_none());
        let dtd = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>";
        assert!(document(dtd.as_bytes()).is_none());
        for other in [b"".as_slice(), b"<a", b"\xff<a/>", b"HTTP/1.1 200 OK\r\n\r\n", b"<a:b/>"] {
            assert!(document(other).is_none(), "{other:?}");
        }
    }
}

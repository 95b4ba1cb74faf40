//! XML of a datagram, within bounds: of length, of depth, and of how much there is. There is no DTD.

use roxmltree::{Document, ParsingOptions};

/// The longest message that is read: devices say a kilobyte or two.
const MAX_MESSAGE: usize = 8 * 1024;
/// Elements and texts of a message.
const MOST_NODES: u32 = 1_000;
/// Elements inside of each other.
const MOST_DEPTH: usize = 32;

/// The XML of a datagram, within the bounds.
pub(crate) fn document(datagram: &[u8]) -> Option<Document<'_>> {
    if datagram.len() > MAX_MESSAGE {
        return None;
    }
    // Some end their messages with a zero, and some begin them with a mark of their encoding.
    let text = datagram.strip_prefix(b"\xef\xbb\xbf").unwrap_or(datagram);
    let text = core::str::from_utf8(text).ok()?.trim_end_matches('\0');
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
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

//! A device description (UPnP Device Architecture 1.1, section 2.3).

use alloc::string::String;

use super::LONGEST;
use crate::xml::{Bounds, child, document_within, text};

/// Elements and texts of a description: a router has some hundreds.
const MOST_NODES: u32 = 4_000;
/// The longest text of it, in bytes: the standard's are shorter than 64 characters.
const LONGEST_TEXT: usize = 256;

/// What a device says of itself. All of it is as it came off the network, no longer than 256 bytes each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The name that people know it by: `friendlyName`.
    pub name: Option<String>,
    /// Who made it: `manufacturer`.
    pub manufacturer: Option<String>,
    /// What it is called in a shop: `modelName`.
    pub model: Option<String>,
    /// By what it is known: `UDN`.
    pub udn: Option<String>,
}

/// What the root device of a description says.
pub(super) fn description(page: &[u8]) -> Option<Description> {
    let document = document_within(page, Bounds { length: LONGEST, nodes: MOST_NODES })?;
    let device = child(document.root_element(), "device")?;
    let of = |name| text(device, name).map(shortened);
    let description = Description {
        name: of("friendlyName"),
        manufacturer: of("manufacturer"),
        model: of("modelName"),
        udn: of("UDN"),
    };
    (description != Description::default()).then_some(description)
}

fn shortened(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST_TEXT)].into()
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn described(inside: &str) -> Option<Description> {
        let xml = format!(
            "<?xml version=\"1.0\"?>\n<root xmlns=\"urn:schemas-upnp-org:device-1-0\">{inside}</root>"
        );
        description(xml.as_bytes())
    }

    #[test]
    fn the_root_device_is_told() {
        let said = described(
            "<specVersion><major>1</major></specVersion><device><deviceType>urn:x</deviceType>\
             <friendlyName> Living &amp; Room </friendlyName><manufacturer>ACME</manufacturer>\
             <modelName>TV 1</modelName><UDN>uuid:1</UDN>\
             <deviceList><device><friendlyName>other</friendlyName></device></deviceList></device>",
        );
        let expected = Description {
            name: Some("Living & Room".into()),
            manufacturer: Some("ACME".into()),
            model: Some("TV 1".into()),
            udn: Some("uuid:1".into()),
        };
        assert_eq!(said, Some(expected));
        let long = described(&format!(
            "<device><friendlyName>a{}</friendlyName></device>",
            "ä".repeat(LONGEST_TEXT)
        ));
        let name = long.and_then(|it| it.name).expect("a name");
        assert_eq!(name.len(), LONGEST_TEXT - 1);
    }

    #[test]
    fn what_is_none_is_refused() {
        for other in ["", "<device/>", "<device><friendlyName/></device>", "<a><device/></a>"] {
            assert_eq!(described(other), None, "{other}");
        }
        assert_eq!(description(b"<html><body>404"), None);
        assert_eq!(description(b"\xff"), None);
    }

    /// Nothing that fits takes long: what grows with the square of a length, in a parser, shows here.
    #[test]
    fn the_worst_that_fits_is_read_or_refused_at_once() {
        let fill = |part: &dyn Fn(usize) -> String| {
            let (mut text, mut nth) = (String::new(), 0);
            while text.len() < LONGEST - 200 {
                text += &part(nth);
                nth += 1;
            }
            text
        };
        let attributes = fill(&|nth| format!(" a{nth}=''"));
        let spaces = fill(&|nth| format!(" xmlns:a{nth}='b{nth}'"));
        for xml in [
            "<a>".repeat(LONGEST / 3),
            "<a>".repeat(LONGEST / 7) + &"</a>".repeat(LONGEST / 7),
            "<a/>".repeat(LONGEST / 4),
            format!("<a{attributes}/>"),
            format!("<a{}/>", &spaces),
            format!("<a{}>{}</a>", &spaces[..LONGEST / 2], "<b/>".repeat(3_000)),
            format!("<a>{}</a>", fill(&|nth| format!("<b xmlns='c{nth}'/>"))),
            "&#x41;".repeat(LONGEST / 6),
        ] {
            let xml = xml.get(..LONGEST).unwrap_or(&xml);
            assert_eq!(description(xml.as_bytes()), None);
        }
    }
}

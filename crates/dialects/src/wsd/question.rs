//! What is asked: three probes for everybody, and where one is that did not say so.
//!
//! The prefixes are those that the standard's examples have, because some devices compare them as they
//! stand: `wsdp:Device` is answered where `w:Device` is not.

use alloc::format;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::scan::Uuid;

/// The group and port of WS-Discovery.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// The same over IPv6, on the link.
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xc);
/// See [`GROUP_V4`].
pub const PORT: u16 = 3702;

/// The kinds that are asked for, each in a probe of its own: some devices answer none that names two. The
/// prefix, its namespace, and the name.
pub(super) const KINDS: [(&str, &str, &str); 3] = [
    ("wsdp", "http://schemas.xmlsoap.org/ws/2006/02/devprof", "Device"),
    ("dn", "http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter"),
    ("tds", "http://www.onvif.org/ver10/device/wsdl", "Device"),
];

/// A probe for one of the [`KINDS`].
pub(super) fn probe((prefix, namespace, name): (&str, &str, &str), id: Uuid, into: &mut Vec<u8>) {
    // Declared twice: some cameras look for it at the element alone.
    let xmlns = format!(" xmlns:{prefix}=\"{namespace}\"");
    let body = format!("<wsd:Probe><wsd:Types{xmlns}>{prefix}:{name}</wsd:Types></wsd:Probe>");
    message("Probe", &xmlns, id, &body, into);
}

/// Asks where the one of this address is.
pub(super) fn resolve(address: &str, id: Uuid, into: &mut Vec<u8>) {
    let mut escaped = alloc::string::String::with_capacity(address.len());
    for character in address.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ => escaped.push(character),
        }
    }
    let body = format!(
        "<wsd:Resolve><wsa:EndpointReference><wsa:Address>{escaped}</wsa:Address>\
         </wsa:EndpointReference></wsd:Resolve>"
    );
    message("Resolve", "", id, &body, into);
}

fn message(action: &str, xmlns: &str, id: Uuid, body: &str, into: &mut Vec<u8>) {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:wsd=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\"{xmlns}>\
         <soap:Header>\
         <wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To>\
         <wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/{action}</wsa:Action>\
         <wsa:MessageID>urn:uuid:{id}</wsa:MessageID>\
         </soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    );
    into.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::envelope::{Envelope, Kind};
    use super::*;
    use crate::xml::{child, document, text};

    #[test]
    fn a_probe_names_one_kind_by_its_customary_prefix() {
        for kind in KINDS {
            let mut bytes = Vec::new();
            probe(kind, Uuid([7; 16]), &mut bytes);
            let document = document(&bytes).expect("a document");
            let envelope = Envelope::of(&document).expect("an envelope");
            assert_eq!(envelope.kind, Kind::Question);
            let types = child(envelope.content, "Types").expect("types");
            assert_eq!(types.text(), Some(format!("{}:{}", kind.0, kind.2).as_str()));
            assert_eq!(types.lookup_namespace_uri(Some(kind.0)), Some(kind.1));
            let header = child(document.root_element(), "Header").expect("a header");
            let id = "urn:uuid:07070707-0707-0707-0707-070707070707";
            assert_eq!(text(header, "MessageID"), Some(id));
            assert!(bytes.len() < 1_000, "{}", bytes.len());
        }
    }

    #[test]
    fn an_address_is_said_back_and_breaks_no_element() {
        let address = "urn:uuid:<a>&b;]]>";
        let mut bytes = Vec::new();
        resolve(address, Uuid([7; 16]), &mut bytes);
        let document = document(&bytes).expect("a document");
        let envelope = Envelope::of(&document).expect("an envelope");
        let reference = child(envelope.content, "EndpointReference").expect("a reference");
        assert_eq!(text(reference, "Address"), Some(address));
    }
}

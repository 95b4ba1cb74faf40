//! By what one is known again, and in which protocol: as the protocol itself says it, without what the library
//! adds to tell apart what several say.

use data_encoding::HEXLOWER;
use mcast_proto::{Key, Protocol};
use serde::{Serialize, Serializer};

/// A service's number as 16 hexadecimal digits, since JSON's own numbers end at 2^53; what another protocol
/// knows it by as text where that is text, else in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Id<'a> {
    Number(u64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// One that has no name but where it is.
    Server {
        host: &'a str,
        port: &'a str,
    },
}

impl<'a> Id<'a> {
    /// The plain protocol's number means nothing outside of its run.
    pub(super) fn of(protocol: Protocol, key: Key<'a>) -> Option<Id<'a>> {
        match key {
            Key::Service(number) => Some(Id::Number(number)),
            Key::Foreign(key) => Some(foreign(protocol, key)),
            _ => None,
        }
    }
}

impl Serialize for Id<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Id::Number(number) => serializer.collect_str(&format_args!("{number:016x}")),
            Id::Text(text) => serializer.serialize_str(text),
            Id::Bytes(bytes) => serializer.collect_str(&HEXLOWER.encode_display(bytes)),
            Id::Server { host, port } if host.contains(':') => {
                serializer.collect_str(&format_args!("[{host}]:{port}"))
            }
            Id::Server { host, port } => serializer.collect_str(&format_args!("{host}:{port}")),
        }
    }
}

/// What a protocol of devices is called. A preset goes by its own name, which its keys begin with.
pub(super) fn dialect<'a>(protocol: Protocol, key: Key<'a>) -> &'a str {
    match key {
        Key::Foreign(key) if protocol.name() == PRESET => {
            split(key, b':').and_then(|(name, _)| str::from_utf8(name).ok()).unwrap_or(PRESET)
        }
        _ => protocol.name(),
    }
}

/// The protocol of all presets.
const PRESET: &str = "preset";

fn foreign(protocol: Protocol, key: &[u8]) -> Id<'_> {
    let (id, source) = rsplit(key, b'@').unwrap_or((key, b""));
    match protocol.name() {
        "mdns" => text(without_link(key)),
        "coap" => match (split(id, b':'), str::from_utf8(source)) {
            (Some((_, port)), Ok(host)) => match str::from_utf8(port) {
                Ok(port) => Id::Server { host, port },
                Err(_) => text(key),
            },
            _ => text(key),
        },
        PRESET => match split(id, b':') {
            // One that says no name of its own is known by its address.
            Some((_, [])) => text(source),
            Some((_, id)) => text(id),
            None => text(id),
        },
        _ => text(id),
    }
}

fn text(id: &[u8]) -> Id<'_> {
    str::from_utf8(id).map_or(Id::Bytes(id), Id::Text)
}

/// Without the number of the link, after the last percent sign.
fn without_link(key: &[u8]) -> &[u8] {
    match rsplit(key, b'%') {
        Some((name, link)) if !link.is_empty() && link.iter().all(u8::is_ascii_digit) => name,
        _ => key,
    }
}

fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = bytes.iter().position(|byte| *byte == at)?;
    Some((&bytes[..place], &bytes[place + 1..]))
}

fn rsplit(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = bytes.iter().rposition(|byte| *byte == at)?;
    Some((&bytes[..place], &bytes[place + 1..]))
}

#[cfg(test)]
mod tests {
    use super::super::json::line;
    use super::*;

    fn shown(protocol: Protocol, key: Key<'_>) -> String {
        let mut buffer = Vec::new();
        line(&mut buffer, &Id::of(protocol, key));
        String::from_utf8(buffer).unwrap().trim_end().to_owned()
    }

    #[test]
    fn an_id_is_a_number_of_fixed_length_or_what_its_protocol_says() {
        let plain = Key::Plain { remote: ([10, 0, 0, 2], 9).into(), number: 1 };
        assert_eq!(Id::of(Protocol::PLAIN, plain), None);
        assert_eq!(shown(Protocol::MCAST, Key::Service(0xfeed)), "\"000000000000feed\"");
        for (protocol, key, expected) in [
            ("mdns", b"lab\\.3._ipp._tcp.local%3".as_slice(), r#""lab\\.3._ipp._tcp.local""#),
            ("mdns", b"a@b%2._ipp._tcp.local", r#""a@b%2._ipp._tcp.local""#),
            ("mdns", b"\xff._ipp._tcp.local%3", r#""ff2e5f6970702e5f7463702e6c6f63616c""#),
            ("ssdp", b"uuid:1::upnp:rootdevice@10.0.0.2", r#""uuid:1::upnp:rootdevice""#),
            ("ssdp", b"uuid:a@b@fe80::1%2", r#""uuid:a@b""#),
            ("ssdp", b"uuid:1", r#""uuid:1""#),
            ("wsd", b"urn:uuid:1@10.0.0.2", r#""urn:uuid:1""#),
            ("wsd", b"\x01\xff@10.0.0.2", r#""01ff""#),
            ("coap", b"coap:5683@10.0.0.2", r#""10.0.0.2:5683""#),
            ("coap", b"coap:5683@fe80::1%2", r#""[fe80::1%2]:5683""#),
            ("preset", b"yeelight:0x1:2@10.0.0.2", r#""0x1:2""#),
            ("preset", b"x:@10.0.0.2", r#""10.0.0.2""#),
        ] {
            let shown = shown(Protocol::new(protocol), Key::Foreign(key));
            assert_eq!(shown, expected, "{protocol}");
        }
    }

    #[test]
    fn a_preset_goes_by_its_name_and_another_protocol_by_its_own() {
        let of = |protocol, key| dialect(Protocol::new(protocol), Key::Foreign(key));
        assert_eq!(of("preset", b"yeelight:0x1@10.0.0.2"), "yeelight");
        assert_eq!(of("preset", b"\xff:1@10.0.0.2"), "preset");
        assert_eq!(of("ssdp", b"uuid:1@10.0.0.2"), "ssdp");
        assert_eq!(dialect(Protocol::MCAST, Key::Service(1)), "mcast");
    }
}

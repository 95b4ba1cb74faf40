//! What a preset asks: bytes with places that are filled in anew each time.

use alloc::vec::Vec;
use core::net::SocketAddrV4;

use crate::scan::Draws;

/// The longest question: one that fits a datagram of an Ethernet.
pub(super) const LONGEST: usize = 1_200;

/// A question with its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    parts: Vec<Part>,
    form: Form,
}

/// How the places are filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As text: numbers in hexadecimal digits, an address with its dots, a port in decimal digits.
    Text,
    /// As bytes, the first first.
    Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Bytes(Vec<u8>),
    Uuid,
    Id16,
    Id32,
    OwnIp4,
    OwnPort,
}

/// Why a question can't be read, to follow the name of its field.
pub(super) type Reason = &'static str;

impl Request {
    /// Text with places in braces. A brace that begins no place is a brace.
    pub(super) fn text(text: &str) -> Result<Request, Reason> {
        Request::of(text, Form::Text, |text| Ok(text.as_bytes().to_vec()))
    }

    /// Hexadecimal digits with places in braces; spaces are passed over.
    pub(super) fn hex(text: &str) -> Result<Request, Reason> {
        Request::of(text, Form::Bytes, hex)
    }

    /// Base64, without places.
    pub(super) fn base64(text: &str) -> Result<Request, Reason> {
        let bytes = data_encoding::BASE64.decode(text.trim().as_bytes());
        let bytes = bytes.map_err(|_| "is no base64 (RFC 4648, with its padding)")?;
        Request { parts: alloc::vec![Part::Bytes(bytes)], form: Form::Bytes }.checked()
    }

    fn of(
        text: &str,
        form: Form,
        bytes: impl Fn(&str) -> Result<Vec<u8>, Reason>,
    ) -> Result<Request, Reason> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, place, after)) = next_place(rest) {
            parts.push(Part::Bytes(bytes(before)?));
            parts.push(place);
            rest = after;
        }
        parts.push(Part::Bytes(bytes(rest)?));
        Request { parts, form }.checked()
    }

    fn checked(self) -> Result<Request, Reason> {
        match self.longest() {
            0 => Err("is empty"),
            1..=LONGEST => Ok(self),
            _ => Err("is longer than 1200 bytes"),
        }
    }

    /// How long it may become.
    fn longest(&self) -> usize {
        let of = |part: &Part| match part {
            Part::Bytes(bytes) => bytes.len(),
            Part::Uuid => 36,
            _ => 15,
        };
        self.parts.iter().map(of).sum()
    }

    /// Appends it, with its places filled in. Without an own address those are zeros, which protocols take to
    /// mean that the answer goes to where the question came from.
    pub(super) fn write(&self, own: Option<SocketAddrV4>, draws: &mut Draws, into: &mut Vec<u8>) {
        let own = own.unwrap_or(SocketAddrV4::new([0, 0, 0, 0].into(), 0));
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => into.extend_from_slice(bytes),
                Part::Uuid => {
                    let uuid = draws.uuid();
                    self.fill(into, format_args!("{uuid}"), &uuid.0);
                }
                Part::Id16 => {
                    let id = draws.number() as u16;
                    self.fill(into, format_args!("{id:04x}"), &id.to_be_bytes());
                }
                Part::Id32 => {
                    let id = draws.number() as u32;
                    self.fill(into, format_args!("{id:08x}"), &id.to_be_bytes());
                }
                Part::OwnIp4 => self.fill(into, format_args!("{}", own.ip()), &own.ip().octets()),
                Part::OwnPort => {
                    self.fill(into, format_args!("{}", own.port()), &own.port().to_be_bytes());
                }
            }
        }
    }

    fn fill(&self, into: &mut Vec<u8>, text: core::fmt::Arguments<'_>, bytes: &[u8]) {
        match self.form {
            Form::Text => into.extend_from_slice(alloc::format!("{text}").as_bytes()),
            Form::Bytes => into.extend_from_slice(bytes),
        }
    }
}

/// The next place, with what is before and after it.
fn next_place(text: &str) -> Option<(&str, Part, &str)> {
    text.match_indices('{').find_map(|(at, _)| {
        let (name, after) = text[at + 1..].split_once('}')?;
        let place = match name {
            "uuid" => Part::Uuid,
            "id16" => Part::Id16,
            "id32" => Part::Id32,
            "own-ip4" => Part::OwnIp4,
            "own-port" => Part::OwnPort,
            _ => return None,
        };
        Some((&text[..at], place, after))
    })
}

/// The bytes of hexadecimal digits, between which spaces may stand.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, Reason> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(&digits);
    bytes.map_err(|_| "has other characters than pairs of hexadecimal digits, spaces and places")
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn written(request: &Request, own: Option<SocketAddrV4>) -> Vec<u8> {
        let mut bytes = Vec::new();
        request.write(own, &mut Draws::new(7), &mut bytes);
        bytes
    }

    #[test]
    fn text_is_as_it_stands_but_for_its_places() {
        let own = Some("10.0.0.1:7".parse().expect("an address"));
        let request =
            Request::text("{\"a\":{}} {own-ip4}:{own-port} {x} {id16}").expect("a request");
        let bytes = String::from_utf8(written(&request, own)).expect("text");
        let id = bytes.strip_prefix("{\"a\":{}} 10.0.0.1:7 {x} ").expect(&bytes);
        assert!(id.len() == 4 && u16::from_str_radix(id, 16).is_ok(), "{id}");
        assert!(written(&request, None).starts_with(b"{\"a\":{}} 0.0.0.0:0 {x} "));
        let uuid = Request::text("{uuid}{uuid}").expect("a request");
        let (uuid, again) = (written(&uuid, None), written(&uuid, None));
        assert_eq!((uuid.len(), &uuid), (72, &again));
        assert_ne!(uuid[..36], uuid[36..]);
    }

    #[test]
    fn hex_is_bytes_and_so_are_its_places() {
        let own = Some("10.0.0.1:7".parse().expect("an address"));
        let request = Request::hex("06 10 {own-ip4}{own-port}0aFf {id32}").expect("a request");
        let bytes = written(&request, own);
        assert_eq!(bytes[..10], [6, 16, 10, 0, 0, 1, 0, 7, 0x0a, 0xff]);
        assert_eq!(bytes.len(), 14);
        let request = Request::base64("AAEC").expect("a request");
        assert_eq!(written(&request, own), [0, 1, 2]);
    }

    #[test]
    fn what_can_not_be_read_is_refused_with_a_reason() {
        assert!(Request::hex("0").is_err() && Request::hex("0g").is_err());
        assert!(Request::hex("{other}").is_err());
        assert!(Request::base64("A").is_err() && Request::base64("{id16}").is_err());
        assert_eq!(Request::text(""), Err("is empty"));
        assert!(Request::text(&"a".repeat(LONGEST)).is_ok());
        assert_eq!(Request::text(&"a".repeat(LONGEST + 1)), Err("is longer than 1200 bytes"));
        assert!(Request::text(&"{uuid}".repeat(LONGEST / 36 + 1)).is_err());
    }
}

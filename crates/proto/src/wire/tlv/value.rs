//! What a TLV says: the values of each type, and their bytes.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::Sessions;
use super::address::{self, Address};
use crate::wire::bytes::Reader;
use crate::wire::{DecodeError, MAX_TEXT};

/// One part of what a responder says of itself, or of what a query selects by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tlv<'a> {
    /// 1: the answer itself, any bytes; what the plain protocol's answer would be.
    Payload(&'a [u8]),
    /// 2: a service that the responder offers; 1 to 255 bytes without control characters. The same
    /// bounds hold for all text here.
    Service(&'a str),
    /// 3: the responder's name, for people.
    Name(&'a str),
    /// 4: where the service is.
    Endpoint(Endpoint),
    /// 5: an attribute.
    Attr(Attr<'a>),
    /// 6: an address of the host on whose behalf a proxy answers.
    Origin(IpAddr),
    /// 7: which start of the responder this is of, and the place in its sequence.
    Epoch(Epoch),
    /// 8: the application's own, in CBOR (RFC 8949); not looked into here.
    Cbor(&'a [u8]),
    /// 10, in a query: only those that offer this service are asked.
    SelectService(&'a str),
    /// 11, in a query: only those that have this attribute are asked; one without a value selects
    /// by the key alone.
    SelectAttr(Attr<'a>),
    /// 12, in an answer that is truncated: the [`digest`](crate::wire::digest) of the whole.
    Digest(u64),
    /// 13, in an answer to the group: whom it answers.
    Sessions(Sessions<'a>),
    /// 14: an address whose questions were refused; `None`: everybody's.
    Refused(Option<IpAddr>),
    /// Of a type, or an [`Endpoint`], [`Tlv::Origin`] or [`Tlv::Refused`] of an address family, that this version does
    /// not know.
    Unknown {
        /// The type.
        number: u8,
        /// The value.
        value: &'a [u8],
    },
}

/// Where a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The address; `None`: the one that the datagram came from. A link-local address is one of the
    /// link that the datagram came by.
    pub address: Option<IpAddr>,
    /// The port. By which transport is the service's business.
    pub port: u16,
}

/// An attribute, as in a DNS-SD TXT record (RFC 6763 section 6.4), of 255 bytes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attr<'a> {
    /// Printable ASCII without `=`, not empty. Upper and lower case differ.
    pub key: &'a str,
    /// Any bytes. `None`: the key is just there, without `=`.
    pub value: Option<&'a [u8]>,
}

/// Which start of a responder something is of, and the place in its sequence. It grows, in this order,
/// with everything that a responder sends unasked: what is not later than the last is a repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// A number that grows from start to start: a count of the starts, or the Unix time of this one.
    pub boot: u32,
    /// A number that grows from announcement to announcement.
    pub seq: u32,
}

/// The types.
pub(super) mod number {
    pub(in crate::wire::tlv) const PAYLOAD: u8 = 1;
    pub(in crate::wire::tlv) const SERVICE: u8 = 2;
    pub(in crate::wire::tlv) const NAME: u8 = 3;
    pub(in crate::wire::tlv) const ENDPOINT: u8 = 4;
    pub(in crate::wire::tlv) const ATTR: u8 = 5;
    pub(in crate::wire::tlv) const ORIGIN: u8 = 6;
    pub(in crate::wire::tlv) const EPOCH: u8 = 7;
    pub(in crate::wire::tlv) const CBOR: u8 = 8;
    pub(in crate::wire::tlv) const SELECT_SERVICE: u8 = 10;
    pub(in crate::wire::tlv) const SELECT_ATTR: u8 = 11;
    pub(in crate::wire::tlv) const DIGEST: u8 = 12;
    pub(in crate::wire::tlv) const SESSIONS: u8 = 13;
    pub(in crate::wire::tlv) const REFUSED: u8 = 14;
}

impl<'a> Tlv<'a> {
    pub(super) fn decode(number: u8, value: &'a [u8]) -> Result<Tlv<'a>, DecodeError> {
        let invalid = DecodeError::TlvValue(number);
        let unknown = Tlv::Unknown { number, value };
        Ok(match number {
            number::PAYLOAD => Tlv::Payload(value),
            number::SERVICE => Tlv::Service(text(value).ok_or(invalid)?),
            number::NAME => Tlv::Name(text(value).ok_or(invalid)?),
            number::ENDPOINT => {
                let mut left = Reader(value);
                let family = left.u8().ok_or(invalid)?;
                let port = left.u16().ok_or(invalid)?;
                match Address::decode(family, left.0).ok_or(invalid)? {
                    Address::None => Tlv::Endpoint(Endpoint { address: None, port }),
                    Address::Ip(ip) => Tlv::Endpoint(Endpoint { address: Some(ip), port }),
                    Address::Unknown => unknown,
                }
            }
            number::ATTR => Tlv::Attr(Attr::decode(value).ok_or(invalid)?),
            number::ORIGIN => {
                let (family, address) = value.split_first().ok_or(invalid)?;
                match Address::decode(*family, address).ok_or(invalid)? {
                    Address::None => return Err(invalid),
                    Address::Ip(ip) => Tlv::Origin(ip),
                    Address::Unknown => unknown,
                }
            }
            number::EPOCH => {
                let mut left = Reader(value);
                let boot = left.u32().ok_or(invalid)?;
                let seq = left.u32().filter(|_| left.0.is_empty()).ok_or(invalid)?;
                Tlv::Epoch(Epoch { boot, seq })
            }
            number::CBOR => Tlv::Cbor(value),
            number::SELECT_SERVICE => Tlv::SelectService(text(value).ok_or(invalid)?),
            number::SELECT_ATTR => Tlv::SelectAttr(Attr::decode(value).ok_or(invalid)?),
            number::DIGEST => {
                Tlv::Digest(value.try_into().map(u64::from_be_bytes).map_err(|_| invalid)?)
            }
            number::SESSIONS => Tlv::Sessions(Sessions::decode(value).ok_or(invalid)?),
            number::REFUSED => {
                let (family, address) = value.split_first().ok_or(invalid)?;
                match Address::decode(*family, address).ok_or(invalid)? {
                    Address::None => Tlv::Refused(None),
                    Address::Ip(ip) => Tlv::Refused(Some(ip)),
                    Address::Unknown => unknown,
                }
            }
            _ => unknown,
        })
    }

    /// The length of the value in bytes.
    pub(super) fn value_len(self) -> usize {
        match self {
            Tlv::Payload(value) | Tlv::Cbor(value) | Tlv::Unknown { value, .. } => value.len(),
            Tlv::Service(text) | Tlv::Name(text) | Tlv::SelectService(text) => text.len(),
            Tlv::Endpoint(Endpoint { address, .. }) => 1 + 2 + address::len(address),
            Tlv::Attr(attr) | Tlv::SelectAttr(attr) => {
                attr.key.len() + attr.value.map_or(0, |value| 1 + value.len())
            }
            Tlv::Origin(ip) => 1 + address::len(Some(ip)),
            Tlv::Epoch(_) | Tlv::Digest(_) => 8,
            Tlv::Sessions(sessions) => sessions.as_bytes().len(),
            Tlv::Refused(address) => 1 + address::len(address),
        }
    }

    /// Appends the type, the length and the value, which is not longer than a datagram.
    pub(super) fn encode(self, buffer: &mut Vec<u8>) {
        let number = match self {
            Tlv::Payload(_) => number::PAYLOAD,
            Tlv::Service(_) => number::SERVICE,
            Tlv::Name(_) => number::NAME,
            Tlv::Endpoint(_) => number::ENDPOINT,
            Tlv::Attr(_) => number::ATTR,
            Tlv::Origin(_) => number::ORIGIN,
            Tlv::Epoch(_) => number::EPOCH,
            Tlv::Cbor(_) => number::CBOR,
            Tlv::SelectService(_) => number::SELECT_SERVICE,
            Tlv::SelectAttr(_) => number::SELECT_ATTR,
            Tlv::Digest(_) => number::DIGEST,
            Tlv::Sessions(_) => number::SESSIONS,
            Tlv::Refused(_) => number::REFUSED,
            Tlv::Unknown { number, .. } => number,
        };
        buffer.push(number);
        buffer.extend_from_slice(&(self.value_len() as u16).to_be_bytes());
        match self {
            Tlv::Payload(value) | Tlv::Cbor(value) | Tlv::Unknown { value, .. } => {
                buffer.extend_from_slice(value);
            }
            Tlv::Service(text) | Tlv::Name(text) | Tlv::SelectService(text) => {
                buffer.extend_from_slice(text.as_bytes());
            }
            Tlv::Endpoint(Endpoint { address, port }) => {
                buffer.push(address::family(address));
                buffer.extend_from_slice(&port.to_be_bytes());
                address::push(address, buffer);
            }
            Tlv::Origin(ip) => {
                buffer.push(address::family(Some(ip)));
                address::push(Some(ip), buffer);
            }
            Tlv::Refused(address) => {
                buffer.push(address::family(address));
                address::push(address, buffer);
            }
            Tlv::Digest(digest) => buffer.extend_from_slice(&digest.to_be_bytes()),
            Tlv::Sessions(sessions) => buffer.extend_from_slice(sessions.as_bytes()),
            Tlv::Epoch(epoch) => buffer.extend_from_slice(&epoch.to_bytes()),
            Tlv::Attr(attr) | Tlv::SelectAttr(attr) => {
                buffer.extend_from_slice(attr.key.as_bytes());
                if let Some(value) = attr.value {
                    buffer.push(b'=');
                    buffer.extend_from_slice(value);
                }
            }
        }
    }
}

impl<'a> Attr<'a> {
    fn decode(bytes: &'a [u8]) -> Option<Attr<'a>> {
        let mut halves = bytes.splitn(2, |&byte| byte == b'=');
        let key = str::from_utf8(halves.next()?).ok()?;
        let is_key = !key.is_empty() && key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        (is_key && bytes.len() <= MAX_TEXT).then_some(Attr { key, value: halves.next() })
    }
}

impl Epoch {
    pub(super) fn to_bytes(self) -> [u8; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (self.boot.to_be_bytes(), self.seq.to_be_bytes());
        [a, b, c, d, e, f, g, h]
    }
}

fn text(value: &[u8]) -> Option<&str> {
    if !(1..=MAX_TEXT).contains(&value.len()) {
        return None;
    }
    str::from_utf8(value).ok().filter(|text| !text.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;
    use crate::wire::{SessionsBuf, TlvBuf};

    /// Each as it is said and as it is on the wire, without type and length.
    #[test]
    fn values_are_as_the_page_says() {
        let mut sessions = SessionsBuf::new();
        sessions.push(0x0102_0304_0506_0708, 0x090a);
        let v4: IpAddr = [192, 0, 2, 7].into();
        let v6: IpAddr = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 7].into();
        let v6_bytes = *b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07";
        let longest = "x".repeat(255);
        let endpoint = |address| Tlv::Endpoint(Endpoint { address, port: 0x0277 });
        let attr = |value| Attr { key: "a b~", value };
        let cases: [(u8, Tlv<'_>, &[u8]); 24] = [
            (1, Tlv::Payload(b"\0\xff"), b"\0\xff"),
            (1, Tlv::Payload(b""), b""),
            (2, Tlv::Service("printer"), b"printer"),
            (2, Tlv::Service(&longest), longest.as_bytes()),
            (3, Tlv::Name("Gr\u{f6}\u{df}e"), b"Gr\xc3\xb6\xc3\x9fe"),
            (4, endpoint(None), &[0, 2, 0x77]),
            (4, endpoint(Some(v4)), &[4, 2, 0x77, 192, 0, 2, 7]),
            (4, endpoint(Some(v6)), &[&[6, 2, 0x77][..], &v6_bytes].concat()),
            (5, Tlv::Attr(attr(None)), b"a b~"),
            (5, Tlv::Attr(attr(Some(b""))), b"a b~="),
            (5, Tlv::Attr(attr(Some(b"=\0\xff"))), b"a b~==\0\xff"),
            (6, Tlv::Origin(v4), &[4, 192, 0, 2, 7]),
            (6, Tlv::Origin(v6), &[&[6][..], &v6_bytes].concat()),
            (7, Tlv::Epoch(Epoch { boot: 0x01020304, seq: 0x05060708 }), &[1, 2, 3, 4, 5, 6, 7, 8]),
            (8, Tlv::Cbor(b"\xa0"), b"\xa0"),
            (9, Tlv::Unknown { number: 9, value: b"?" }, b"?"),
            (10, Tlv::SelectService("fax"), b"fax"),
            (11, Tlv::SelectAttr(attr(Some(b"1"))), b"a b~=1"),
            (12, Tlv::Digest(0x0102_0304_0506_0708), &[1, 2, 3, 4, 5, 6, 7, 8]),
            (13, Tlv::Sessions(sessions.as_sessions()), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            (14, Tlv::Refused(None), &[0]),
            (14, Tlv::Refused(Some(v4)), &[4, 192, 0, 2, 7]),
            (14, Tlv::Refused(Some(v6)), &[&[6][..], &v6_bytes].concat()),
            (15, Tlv::Unknown { number: 15, value: b"" }, b""),
        ];
        for (number, tlv, value) in cases {
            assert_eq!(tlv.value_len(), value.len(), "{tlv:?}");
            let mut buf = TlvBuf::new();
            buf.push(tlv).unwrap();
            let bytes = [&[number, 0, value.len() as u8], value].concat();
            assert_eq!(buf.as_tlvs().as_bytes(), bytes, "{tlv:?}");
            assert_eq!(Tlv::decode(number, value), Ok(tlv));
        }
        for (number, value) in [(4, &[9, 2, 0x77, 1][..]), (6, &[9, 1]), (14, &[9]), (14, &[5, 1])]
        {
            assert_eq!(Tlv::decode(number, value), Ok(Tlv::Unknown { number, value }));
        }
        let mut long = TlvBuf::new();
        long.push(Tlv::Payload(&[7; 0x0123])).unwrap();
        assert_eq!(long.as_tlvs().as_bytes()[..4], [1, 0x01, 0x23, 7]);
    }

    #[test]
    fn what_breaks_the_rules_of_its_type_is_refused() {
        let long = [b'a'; 256];
        let bad: [(u8, &[u8]); 37] = [
            (2, b""),
            (2, b"a\nb"),
            (2, b"\x7f"),
            (2, &long),
            (3, b""),
            (3, b"\x1b[31m"),
            (3, "\u{9b}31m".as_bytes()),
            (3, b"\xff"),
            (3, &long),
            (4, &[]),
            (4, &[0, 0]),
            (4, &[4, 0, 80]),
            (4, &[4, 0, 80, 1, 2, 3]),
            (4, &[4, 0, 80, 1, 2, 3, 4, 5]),
            (4, &[6, 0, 80, 1, 2, 3, 4]),
            (4, &[0, 0, 80, 1]),
            (5, b""),
            (5, b"=value"),
            (5, b"k\xc3\xa4se=1"),
            (5, b"a\x1f=1"),
            (5, b"a\x7f=1"),
            (5, &long),
            (6, &[]),
            (6, &[0]),
            (6, &[4, 1, 2, 3]),
            (6, &[6, 1, 2, 3, 4]),
            (7, &[0; 7]),
            (7, &[0; 9]),
            (10, b""),
            (11, b""),
            (12, &[0; 7]),
            (12, &[0; 9]),
            (13, &[]),
            (13, &[0; 11]),
            (14, &[]),
            (14, &[0, 1]),
            (14, &[4, 1, 2, 3]),
        ];
        for (number, value) in bad {
            let refused = Err(DecodeError::TlvValue(number));
            assert_eq!(Tlv::decode(number, value), refused, "{value:02x?}");
        }
        let longest: String = "a".repeat(255);
        assert!(Tlv::decode(5, longest.as_bytes()).is_ok());
    }

    #[test]
    fn an_epoch_is_later_by_its_boot_first() {
        let epochs = [(1, 2), (1, 3), (2, 0)].map(|(boot, seq)| Epoch { boot, seq });
        assert!(epochs.is_sorted() && epochs[1] < epochs[2]);
    }
}

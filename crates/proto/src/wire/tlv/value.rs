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
mod tests;

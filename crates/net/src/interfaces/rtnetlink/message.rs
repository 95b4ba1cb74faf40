//! The framing of rtnetlink(7): messages, each a header, a structure and attributes, as plain bytes of
//! this machine's order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The length of `struct nlmsghdr`, and of an attribute's header.
const HEADER: usize = 16;
const ATTRIBUTE: usize = 4;

/// The lengths of `struct ifinfomsg` and `struct rtmsg` (linux/rtnetlink.h).
pub(super) const IFINFOMSG: usize = 16;
pub(super) const RTMSG: usize = 12;

/// Asks for links without their counters, which are most of what is told of them.
pub(super) const WITHOUT_COUNTERS: (u16, &[u8]) =
    (libc::IFLA_EXT_MASK, &libc::RTEXT_FILTER_SKIP_STATS.to_ne_bytes());

/// Messages and attributes begin at multiples of this.
const ALIGNMENT: usize = 4;

/// A message that came from the kernel.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) kind: u16,
    pub(super) flags: u16,
    pub(super) sequence: u32,
    /// What follows the header.
    pub(super) body: &'a [u8],
}

/// The messages in what was read.
pub(super) fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let len = u32_at(bytes, 0)? as usize;
        let message = Message {
            kind: u16_at(bytes, 4)?,
            flags: u16_at(bytes, 6)?,
            sequence: u32_at(bytes, 8)?,
            body: bytes.get(HEADER..len)?,
        };
        bytes = bytes.get(len.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        Some(message)
    })
}

/// The attributes, by kind, that follow a message's structure of this length.
pub(super) fn attributes(body: &[u8], structure: usize) -> impl Iterator<Item = (u16, &[u8])> {
    /// The highest two bits of a kind tell how the value is made.
    const KIND: u16 = 0x3fff;
    let mut rest = body.get(structure..).unwrap_or_default();
    std::iter::from_fn(move || {
        let len = usize::from(u16_at(rest, 0)?);
        let (kind, value) = (u16_at(rest, 2)? & KIND, rest.get(ATTRIBUTE..len)?);
        rest = rest.get(len.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        Some((kind, value))
    })
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

/// An address.
pub(super) fn ip(value: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(value).map(|octets| Ipv4Addr::from(octets).into());
    v4.or_else(|_| <[u8; 16]>::try_from(value).map(|octets| Ipv6Addr::from(octets).into())).ok()
}

/// A text that ends with a zero.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.strip_suffix(b"\0").unwrap_or(value)).into_owned()
}

/// Writes a request into a buffer whose room is used again.
pub(super) fn write_request(
    buffer: &mut Vec<u8>,
    (kind, flags, sequence): (u16, u16, u32),
    structure: &[u8],
    attributes: &[(u16, &[u8])],
) {
    buffer.clear();
    let lengths =
        attributes.iter().map(|(_, value)| (ATTRIBUTE + value.len()).next_multiple_of(ALIGNMENT));
    let len = HEADER + structure.len() + lengths.sum::<usize>();
    buffer.extend_from_slice(&(len as u32).to_ne_bytes());
    buffer.extend_from_slice(&kind.to_ne_bytes());
    buffer.extend_from_slice(&flags.to_ne_bytes());
    buffer.extend_from_slice(&sequence.to_ne_bytes());
    // The sender's port: the kernel knows it.
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(structure);
    for (kind, value) in attributes {
        buffer.extend_from_slice(&((ATTRIBUTE + value.len()) as u16).to_ne_bytes());
        buffer.extend_from_slice(&kind.to_ne_bytes());
        buffer.extend_from_slice(value);
        buffer.resize(buffer.len().next_multiple_of(ALIGNMENT), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut buffer = Vec::new();
        let mut all = Vec::new();
        for sequence in [1, 2] {
            write_request(
                &mut buffer,
                (18, 3, sequence),
                &[9; 8],
                &[(3, b"lo\0"), (29, &[8, 0, 0, 0])],
            );
            all.extend_from_slice(&buffer);
        }
        let read: Vec<Message<'_>> = messages(&all).collect();
        assert_eq!(read.len(), 2);
        assert_eq!((read[1].kind, read[1].flags, read[1].sequence), (18, 3, 2));
        let attributes: Vec<_> = attributes(read[1].body, 8).collect();
        assert_eq!(attributes, [(3, &b"lo\0"[..]), (29, &[8, 0, 0, 0])]);
    }

    #[test]
    fn what_is_cut_short_ends_there() {
        let mut buffer = Vec::new();
        write_request(&mut buffer, (18, 3, 1), &[9; 8], &[(3, b"lo\0")]);
        for len in 0..buffer.len() {
            assert_eq!(messages(&buffer[..len]).count(), 0, "{len}");
        }
        let body = &buffer[HEADER..];
        for len in 0..8 + ATTRIBUTE + 3 {
            assert_eq!(attributes(&body[..len], 8).count(), 0, "{len}");
        }
        // Lengths of zero are no step on.
        assert_eq!(messages(&[0; 64]).count(), 0);
        assert_eq!(attributes(&[0; 64], 8).count(), 0);
    }
}

//! The header that all datagrams share.

use super::bytes::{Reader, Writer};
use super::{DecodeError, MAGIC, MAX_DATAGRAM, MIN_DATAGRAM, TRAILER};

/// The flags of byte 5. Each belongs to some types; in others, and where it is not listed here, a
/// flag is sent as 0 and ignored.
pub(super) mod flag {
    /// All types: a trailer authenticates the datagram.
    pub(crate) const AUTH: u8 = 0x01;
    /// Query: answer by multicast.
    pub(crate) const MREPLY: u8 = 0x02;
    /// Query: the asker watches, and asks again before leases end.
    pub(crate) const WATCH: u8 = 0x04;
    /// Reply: it has lately refused to answer.
    pub(crate) const BUSY: u8 = 0x10;
}

/// Byte 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Query = 1,
    Reply = 2,
    Announce = 3,
    Goodbye = 4,
    Busy = 5,
}

pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) txn: u64,
}

impl Header {
    /// Checks the header and the lengths; returns with it what follows it in the body.
    pub(super) fn decode(datagram: &[u8]) -> Result<(Header, Reader<'_>), DecodeError> {
        if !(MIN_DATAGRAM..=MAX_DATAGRAM).contains(&datagram.len()) {
            return Err(DecodeError::Length);
        }
        let mut reader = Reader(datagram);
        let [a, b, c, version] = reader.array().ok_or(DecodeError::Length)?;
        if [a, b, c] != [MAGIC[0], MAGIC[1], MAGIC[2]] {
            return Err(DecodeError::Magic);
        }
        if version != MAGIC[3] {
            return Err(DecodeError::Version(version));
        }
        let [kind, flags] = reader.array().ok_or(DecodeError::Length)?;
        let kind = match kind {
            1 => Kind::Query,
            2 => Kind::Reply,
            3 => Kind::Announce,
            4 => Kind::Goodbye,
            5 => Kind::Busy,
            other => return Err(DecodeError::Type(other)),
        };
        let body_len = usize::from(reader.u16().ok_or(DecodeError::Length)?);
        let txn = reader.u64().ok_or(DecodeError::Length)?;

        let trailer = if flags & flag::AUTH != 0 { TRAILER } else { 0 };
        if body_len < MIN_DATAGRAM || body_len + trailer > datagram.len() {
            return Err(DecodeError::BodyLength);
        }
        let rest = body_len - (datagram.len() - reader.0.len());
        let body = reader.bytes(rest).ok_or(DecodeError::BodyLength)?;
        Ok((Header { kind, flags, txn }, Reader(body)))
    }

    pub(super) fn encode(&self, body_len: usize, sealed: bool, to: &mut Writer<'_>) {
        let auth = if sealed { flag::AUTH } else { 0 };
        to.bytes(&MAGIC);
        to.bytes(&[self.kind as u8, self.flags | auth]);
        // A filter and TLVs, each at its longest, are 2.4 kB.
        to.bytes(&u16::try_from(body_len).unwrap_or(u16::MAX).to_be_bytes());
        to.bytes(&self.txn.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;
    use crate::wire::tests::{changed, encoded, presence, query};
    use crate::wire::{Announce, Datagram, DecodeErrorKind, Epoch, Query, decode};

    #[test]
    fn what_is_not_this_protocol_or_is_newer_is_told_apart_from_what_is_broken() {
        use DecodeErrorKind::*;
        let long = |length: usize| {
            let mut bytes = query();
            bytes.resize(length, 0);
            bytes
        };
        assert!(decode(&long(40)).is_ok() && decode(&long(1500)).is_ok());
        let cases = [
            (Vec::new(), DecodeError::Length, Foreign),
            (b"Who's there?".to_vec(), DecodeError::Length, Foreign),
            (long(31), DecodeError::Length, Foreign),
            (long(1501), DecodeError::Length, Foreign),
            (vec![b'a'; 128], DecodeError::Magic, Foreign),
            (changed(query(), 0, b"\xf4"), DecodeError::Magic, Foreign),
            (changed(query(), 1, b"M"), DecodeError::Magic, Foreign),
            (changed(query(), 2, b"D"), DecodeError::Magic, Foreign),
            (changed(query(), 3, b"2"), DecodeError::Version(b'2'), Newer),
            (changed(query(), 4, &[0]), DecodeError::Type(0), Newer),
            (changed(query(), 4, &[6]), DecodeError::Type(6), Newer),
            (changed(query(), 6, &[0, 31]), DecodeError::BodyLength, Malformed),
            (changed(query(), 6, &[0, 129]), DecodeError::BodyLength, Malformed),
            (changed(query(), 6, &[0xff, 0xff]), DecodeError::BodyLength, Malformed),
        ];
        for (bytes, error, kind) in cases {
            assert_eq!(decode(&bytes), Err(error), "{bytes:02x?}");
            assert_eq!(error.kind(), kind);
        }
    }

    #[test]
    fn the_body_ends_before_the_trailer() {
        // Of 128 bytes a sealed datagram's last 20 are the trailer. One TLV fills the rest.
        let filled = |flags: u8, body_len: u8| {
            let bytes = changed(query(), 5, &[flags, 0, body_len]);
            changed(bytes, 40, &[90, 0, body_len - 43])
        };
        for (flags, longest) in [(0, 128), (!flag::AUTH, 128), (flag::AUTH, 108)] {
            let bytes = filled(flags, longest);
            let Ok(Datagram::Query(query)) = decode(&bytes) else { panic!("{flags}") };
            assert_eq!(query.tlvs.len(), usize::from(longest) - 40);
            assert_eq!(decode(&filled(flags, longest + 1)), Err(DecodeError::BodyLength));
        }
    }

    #[test]
    fn unknown_flags_reserved_bytes_and_padding_are_ignored() {
        let plain = Datagram::Query(Query::new(0x0123_4567_89ab_cdef, 1));
        assert_eq!(decode(&query()), Ok(plain));
        assert_eq!(decode(&changed(query(), 5, &[0xf8])), Ok(plain));
        assert_eq!(decode(&changed(query(), 127, &[1])), Ok(plain));

        let tlvs = presence(Epoch { boot: 1, seq: 2 });
        let announce = Datagram::Announce(Announce { id: 7, lease_s: 120, tlvs: tlvs.as_tlvs() });
        let bytes = changed(encoded(announce), 5, &[0xfe]);
        let bytes = changed(bytes, 8, &[0xff; 8]);
        let bytes = changed(bytes, 24, &[0xff; 4]);
        assert_eq!(decode(&bytes), Ok(announce));
    }

    #[test]
    fn the_fields_are_where_the_page_says() {
        let mut place = [0; 16];
        let header = Header { kind: Kind::Busy, flags: 0x16, txn: 0x0102_0304_0506_0708 };
        for (sealed, flags) in [(false, 0x16), (true, 0x17)] {
            header.encode(0x0456, sealed, &mut Writer(&mut place));
            let txn = [1, 2, 3, 4, 5, 6, 7, 8];
            assert_eq!(place[..8], [0xf5, b'm', b'd', b'1', 5, flags, 0x04, 0x56]);
            assert_eq!(place[8..], txn);
        }
        header.encode(70_000, false, &mut Writer(&mut place));
        assert_eq!(place[6..8], [0xff, 0xff]);
        let header = Header { flags: 0x17, ..header };
        header.encode(32, true, &mut Writer(&mut place));
        assert_eq!(place[5], 0x17);
        let kinds =
            [Kind::Query, Kind::Reply, Kind::Announce, Kind::Goodbye, Kind::Busy].map(|k| k as u8);
        assert_eq!(kinds, [1, 2, 3, 4, 5]);
    }
}

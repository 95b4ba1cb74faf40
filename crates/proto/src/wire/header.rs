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

//! The structured protocol's datagrams, version 1: the bytes, their limits, and nothing that happens
//! over time.
//!
//! `docs/protocol.md` is the format's specification, for implementers in any language. Here a datagram
//! is decoded into a borrowed [`Datagram`] by [`decode`], and encoded from one by
//! [`Datagram::encode`] or [`Datagram::encode_to`]; all without allocation, the second where the buffer's
//! capacity suffices.
//! Whatever the bytes are, decoding neither panics nor does more work than their length.
//!
//! ```
//! use mcast_proto::wire::{self, Datagram, Query, Reply, Tlv, TlvBuf};
//!
//! // Asking: everybody, once.
//! let mut buffer = Vec::new();
//! Datagram::Query(Query::new(0x1122_3344_5566_7788, 1)).encode(None, &mut buffer);
//! assert_eq!(buffer.len(), wire::MIN_QUERY);
//!
//! // Answering.
//! let Ok(Datagram::Query(query)) = wire::decode(&buffer) else { panic!("not a query") };
//! assert!(query.is_in(0xfeed) && query.selects(wire::Tlvs::NONE));
//! let mut tlvs = TlvBuf::new();
//! tlvs.push(Tlv::Payload(b"Me!"))?;
//! let reply = Reply { txn: query.txn, id: 0xfeed, round: query.round, copy: 0, whole: None,
//!                     busy: false, lease_s: 120, tlvs: tlvs.as_tlvs() };
//! assert!(reply.encoded_len() <= query.reply_limit());
//! buffer.clear();
//! Datagram::Reply(reply).encode(None, &mut buffer);
//! # assert_eq!(wire::decode(&buffer), Ok(Datagram::Reply(reply)));
//! # Ok::<(), wire::DecodeError>(())
//! ```
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod auth;
mod bytes;
mod error;
mod filter;
mod header;
mod limits;
mod name;
mod query;
mod reply;
mod tlv;

pub use auth::{AuthError, Key, Keyring, Seal, sealed_with};
#[cfg(feature = "auth")]
pub use auth::{Binding, KeyError, MIN_SECRET};
pub use error::{DecodeError, DecodeErrorKind, TooLong};
pub(crate) use filter::place;
pub use filter::{Filter, FilterBuilder, Slice};
pub use limits::{
    MAGIC, MAX_ATTRS, MAX_COPIES, MAX_DATAGRAM, MAX_ENDPOINTS, MAX_FILTER, MAX_HASH_BITS,
    MAX_LEASE_S, MAX_REFUSED, MAX_SENT, MAX_SESSIONS, MAX_TEXT, MAX_TLV_BYTES, MAX_TLVS,
    MAX_WINDOW_MS, MIN_DATAGRAM, MIN_LEASE_S, MIN_QUERY, MIN_QUERY_DATAGRAM, TRAILER,
};
pub use name::{digest, short_name, whole_name};
pub use query::Query;
pub use reply::{Announce, Busy, Goodbye, Reply};
pub use tlv::{Attr, Endpoint, Epoch, Sessions, SessionsBuf, Tlv, TlvBuf, TlvIter, Tlvs};

use alloc::vec::Vec;

use bytes::Writer;
use header::{Header, Kind};

/// A datagram of the structured protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datagram<'a> {
    /// Who is there?
    Query(Query<'a>),
    /// Me!
    Reply(Reply<'a>),
    /// Here I am, unasked.
    Announce(Announce<'a>),
    /// I am going.
    Goodbye(Goodbye<'a>),
    /// I could not answer everybody.
    Busy(Busy<'a>),
}

/// Decodes a datagram. What is authenticated is not verified here: see [`Keyring::verify`].
///
/// # Errors
///
/// If the datagram is not of this protocol, is of a later version, has a critical part that this
/// version does not know, or breaks one of the format's limits. The datagram is then to be ignored.
pub fn decode(datagram: &[u8]) -> Result<Datagram<'_>, DecodeError> {
    let (header, body) = Header::decode(datagram)?;
    Ok(match header.kind {
        Kind::Query => Datagram::Query(Query::decode(&header, body, datagram.len())?),
        Kind::Reply => Datagram::Reply(Reply::decode(&header, body)?),
        Kind::Announce => Datagram::Announce(Announce::decode(body)?),
        Kind::Goodbye => Datagram::Goodbye(Goodbye::decode(body)?),
        Kind::Busy => Datagram::Busy(Busy::decode(body)?),
    })
}

impl Datagram<'_> {
    /// The encoded length in bytes: with the padding, and with the trailer where it is sealed.
    pub fn encoded_len(&self, sealed: bool) -> usize {
        let trailer = if sealed { TRAILER } else { 0 };
        let padded = if let Datagram::Query(query) = self { query.length } else { 0 };
        (self.body_len() + trailer).max(padded.min(MAX_DATAGRAM))
    }

    /// Appends the datagram's bytes to `buffer`, with the authenticating trailer where a seal is
    /// given.
    ///
    /// A value within the documented limits decodes to itself. One that breaks them, which only its
    /// maker can see to, is encoded as it is and refused by every decoder.
    pub fn encode(&self, seal: Option<Seal<'_>>, buffer: &mut Vec<u8>) {
        let start = buffer.len();
        buffer.resize(start + self.encoded_len(seal.is_some()), 0);
        if let Some(place) = buffer.get_mut(start..) {
            self.write(seal, place);
        }
    }

    /// The same into the beginning of a buffer of fixed size; says how many bytes it has written.
    ///
    /// # Errors
    ///
    /// If the buffer is too short. Nothing is written then.
    pub fn encode_to(&self, seal: Option<Seal<'_>>, buffer: &mut [u8]) -> Result<usize, TooLong> {
        let length = self.encoded_len(seal.is_some());
        let place = buffer.get_mut(..length).ok_or(TooLong { length })?;
        self.write(seal, place);
        Ok(length)
    }

    /// Fills a place of just the encoded length.
    fn write(&self, seal: Option<Seal<'_>>, place: &mut [u8]) {
        let (kind, flags, txn) = match self {
            Datagram::Query(query) => (Kind::Query, query.flags(), query.txn),
            Datagram::Reply(reply) => (Kind::Reply, reply.flags(), reply.txn),
            Datagram::Announce(_) => (Kind::Announce, 0, 0),
            Datagram::Goodbye(_) => (Kind::Goodbye, 0, 0),
            Datagram::Busy(_) => (Kind::Busy, 0, 0),
        };
        let mut to = Writer(&mut *place);
        Header { kind, flags, txn }.encode(self.body_len(), seal.is_some(), &mut to);
        match self {
            Datagram::Query(query) => query.encode(&mut to),
            Datagram::Reply(reply) => reply.encode(&mut to),
            Datagram::Announce(announce) => announce.encode(&mut to),
            Datagram::Goodbye(goodbye) => goodbye.encode(&mut to),
            Datagram::Busy(busy) => busy.encode(&mut to),
        }
        to.finish();
        if let Some(seal) = seal {
            seal.write(place);
        }
    }

    /// The length of header, block, filter and TLVs.
    fn body_len(&self) -> usize {
        match self {
            Datagram::Query(query) => query.body_len(),
            Datagram::Reply(reply) => reply.encoded_len(),
            Datagram::Announce(announce) => MIN_DATAGRAM + announce.tlvs.len(),
            Datagram::Goodbye(goodbye) => MIN_DATAGRAM + goodbye.tlvs.len(),
            Datagram::Busy(busy) => MIN_DATAGRAM + busy.tlvs.len(),
        }
    }
}

#[cfg(test)]
mod tests;

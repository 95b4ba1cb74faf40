//! What a responder says of itself: when asked, unasked, and at its end.

use alloc::vec::Vec;

use super::header::{Header, Reader, flag};
use super::tlv::Tlvs;
use super::{DecodeError, MAX_COPIES, MAX_LEASE_S, MIN_DATAGRAM, MIN_LEASE_S};

/// Me! An answer to a [`Query`](super::Query).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The query's.
    pub txn: u64,
    /// The responder: random, and the same over all its addresses for as long as it runs.
    pub id: u64,
    /// The query's.
    pub round: u16,
    /// Which of the copies this is, from 0, below [`MAX_COPIES`](super::MAX_COPIES): the asker can
    /// tell from it how many answers are lost.
    pub copy: u8,
    /// For how long it may be taken to be there, in seconds: [`MIN_LEASE_S`](super::MIN_LEASE_S) to
    /// [`MAX_LEASE_S`](super::MAX_LEASE_S).
    pub lease_s: u32,
    /// There is more than fits: ask again by unicast, in a longer datagram.
    pub truncated: bool,
    /// What it says of itself.
    pub tlvs: Tlvs<'a>,
}

/// Here I am, unasked: sent to the group on a start and on a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announce<'a> {
    /// As in [`Reply::id`].
    pub id: u64,
    /// As in [`Reply::lease_s`].
    pub lease_s: u32,
    /// What it says of itself; [`Tlv::Epoch`](super::Tlv::Epoch) must be among it.
    pub tlvs: Tlvs<'a>,
}

/// I am going: sent to the group at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goodbye<'a> {
    /// As in [`Reply::id`].
    pub id: u64,
    /// [`Tlv::Epoch`](super::Tlv::Epoch) must be among it; more is not needed.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Reply<'a> {
    /// The encoded length in bytes, without a trailer.
    pub fn encoded_len(&self) -> usize {
        MIN_DATAGRAM + self.tlvs.len()
    }

    pub(super) fn flags(&self) -> u8 {
        if self.truncated { flag::TRUNC } else { 0 }
    }

    pub(super) fn decode(header: &Header, body: Reader<'a>) -> Result<Reply<'a>, DecodeError> {
        let Block { id, round, copy, lease_s, tlvs } = Block::decode(body)?;
        if copy >= MAX_COPIES {
            return Err(DecodeError::Copy);
        }
        let lease_s = running(lease_s)?;
        let truncated = header.flags & flag::TRUNC != 0;
        Ok(Reply { txn: header.txn, id, round, copy, lease_s, truncated, tlvs })
    }

    pub(super) fn encode(&self, buffer: &mut Vec<u8>) {
        let Reply { id, round, copy, lease_s, tlvs, .. } = *self;
        Block { id, round, copy, lease_s, tlvs }.encode(buffer);
    }
}

impl<'a> Announce<'a> {
    pub(super) fn decode(body: Reader<'a>) -> Result<Announce<'a>, DecodeError> {
        let Block { id, lease_s, tlvs, .. } = Block::decode(body)?;
        let lease_s = running(lease_s)?;
        tlvs.epoch().ok_or(DecodeError::NoEpoch)?;
        Ok(Announce { id, lease_s, tlvs })
    }

    pub(super) fn encode(&self, buffer: &mut Vec<u8>) {
        let Announce { id, lease_s, tlvs } = *self;
        Block { id, round: 0, copy: 0, lease_s, tlvs }.encode(buffer);
    }
}

impl<'a> Goodbye<'a> {
    pub(super) fn decode(body: Reader<'a>) -> Result<Goodbye<'a>, DecodeError> {
        let Block { id, lease_s, tlvs, .. } = Block::decode(body)?;
        if lease_s != 0 {
            return Err(DecodeError::Lease);
        }
        tlvs.epoch().ok_or(DecodeError::NoEpoch)?;
        Ok(Goodbye { id, tlvs })
    }

    pub(super) fn encode(&self, buffer: &mut Vec<u8>) {
        Block { id: self.id, round: 0, copy: 0, lease_s: 0, tlvs: self.tlvs }.encode(buffer);
    }
}

/// A lease that says that the responder is there.
fn running(lease_s: u32) -> Result<u32, DecodeError> {
    if (MIN_LEASE_S..=MAX_LEASE_S).contains(&lease_s) {
        Ok(lease_s)
    } else {
        Err(DecodeError::Lease)
    }
}

/// What the three types have in common on the wire.
struct Block<'a> {
    id: u64,
    round: u16,
    copy: u8,
    lease_s: u32,
    tlvs: Tlvs<'a>,
}

impl<'a> Block<'a> {
    fn decode(mut body: Reader<'a>) -> Result<Block<'a>, DecodeError> {
        let short = DecodeError::BodyLength;
        let id = body.u64().ok_or(short)?;
        let round = body.u16().ok_or(short)?;
        let [copy, _reserved] = body.array().ok_or(short)?;
        let lease_s = body.u32().ok_or(short)?;
        Ok(Block { id, round, copy, lease_s, tlvs: Tlvs::decode(body.0)? })
    }

    fn encode(&self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(&self.id.to_be_bytes());
        buffer.extend_from_slice(&self.round.to_be_bytes());
        buffer.extend_from_slice(&[self.copy, 0]);
        buffer.extend_from_slice(&self.lease_s.to_be_bytes());
        buffer.extend_from_slice(self.tlvs.as_bytes());
    }
}

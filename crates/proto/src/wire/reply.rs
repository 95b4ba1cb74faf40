//! What a responder says of itself: when asked, unasked, and at its end.

use super::bytes::{Reader, Writer};
use super::header::{Header, flag};
use super::tlv::{Tlv, Tlvs};
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
    /// Where this is not the whole answer, since that was longer than the query allowed: how long the
    /// whole is, in bytes, trailer included. It travels in units of 8 bytes: encoding rounds up, to
    /// 2040 at the most.
    pub whole: Option<u16>,
    /// It has refused, within the last second, to answer a question from this address or from
    /// everybody: that others stay silent says nothing now.
    pub busy: bool,
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

/// I refused questions from these addresses since I last said so: sent to the group, so that who asked
/// in vain, and perhaps somebody else in its name, knows that silence is no absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy<'a> {
    /// As in [`Reply::id`].
    pub id: u64,
    /// [`Tlv::Refused`](super::Tlv::Refused) must be among it.
    pub tlvs: Tlvs<'a>,
}

/// [`Reply::whole`] is in this many bytes on the wire.
const WHOLE_UNIT: u16 = 8;

impl<'a> Reply<'a> {
    /// The encoded length in bytes, without a trailer.
    pub fn encoded_len(&self) -> usize {
        MIN_DATAGRAM + self.tlvs.len()
    }

    /// Whether there is more to say than fits.
    pub fn is_truncated(&self) -> bool {
        self.whole.is_some()
    }

    pub(super) fn flags(&self) -> u8 {
        if self.busy { flag::BUSY } else { 0 }
    }

    pub(super) fn decode(header: &Header, body: Reader<'a>) -> Result<Reply<'a>, DecodeError> {
        let Block { id, round, copy, whole, lease_s, tlvs } = Block::decode(body)?;
        if copy >= MAX_COPIES {
            return Err(DecodeError::Copy);
        }
        let lease_s = running(lease_s)?;
        let whole = (whole != 0).then_some(u16::from(whole) * WHOLE_UNIT);
        let busy = header.flags & flag::BUSY != 0;
        Ok(Reply { txn: header.txn, id, round, copy, whole, busy, lease_s, tlvs })
    }

    pub(super) fn encode(&self, to: &mut Writer<'_>) {
        let Reply { id, round, copy, lease_s, tlvs, .. } = *self;
        let units = |bytes: u16| bytes.div_ceil(WHOLE_UNIT).clamp(1, u8::MAX.into()) as u8;
        let whole = self.whole.map_or(0, units);
        Block { id, round, copy, whole, lease_s, tlvs }.encode(to);
    }
}

impl<'a> Announce<'a> {
    pub(super) fn decode(body: Reader<'a>) -> Result<Announce<'a>, DecodeError> {
        let Block { id, lease_s, tlvs, .. } = Block::decode(body)?;
        let lease_s = running(lease_s)?;
        tlvs.epoch().ok_or(DecodeError::NoEpoch)?;
        Ok(Announce { id, lease_s, tlvs })
    }

    pub(super) fn encode(&self, to: &mut Writer<'_>) {
        let Announce { id, lease_s, tlvs } = *self;
        Block { lease_s, ..Block::unasked(id, tlvs) }.encode(to);
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

    pub(super) fn encode(&self, to: &mut Writer<'_>) {
        Block::unasked(self.id, self.tlvs).encode(to);
    }
}

impl<'a> Busy<'a> {
    pub(super) fn decode(body: Reader<'a>) -> Result<Busy<'a>, DecodeError> {
        let Block { id, tlvs, .. } = Block::decode(body)?;
        let refuses = tlvs.iter().any(|tlv| matches!(tlv, Tlv::Refused(_)));
        refuses.then_some(Busy { id, tlvs }).ok_or(DecodeError::NoRefusal)
    }

    pub(super) fn encode(&self, to: &mut Writer<'_>) {
        Block::unasked(self.id, self.tlvs).encode(to);
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

/// What the four types have in common on the wire.
struct Block<'a> {
    id: u64,
    round: u16,
    copy: u8,
    /// In [`WHOLE_UNIT`]s; 0: this is the whole.
    whole: u8,
    lease_s: u32,
    tlvs: Tlvs<'a>,
}

impl<'a> Block<'a> {
    /// Where nobody asked, most of it is 0.
    fn unasked(id: u64, tlvs: Tlvs<'a>) -> Block<'a> {
        Block { id, round: 0, copy: 0, whole: 0, lease_s: 0, tlvs }
    }

    fn decode(mut body: Reader<'a>) -> Result<Block<'a>, DecodeError> {
        let short = DecodeError::BodyLength;
        let id = body.u64().ok_or(short)?;
        let round = body.u16().ok_or(short)?;
        let [copy, whole] = body.array().ok_or(short)?;
        let lease_s = body.u32().ok_or(short)?;
        Ok(Block { id, round, copy, whole, lease_s, tlvs: Tlvs::decode(body.0)? })
    }

    fn encode(&self, to: &mut Writer<'_>) {
        to.bytes(&self.id.to_be_bytes());
        to.bytes(&self.round.to_be_bytes());
        to.bytes(&[self.copy, self.whole]);
        to.bytes(&self.lease_s.to_be_bytes());
        to.bytes(self.tlvs.as_bytes());
    }
}

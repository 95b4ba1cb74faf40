//! The question: to whom it is put, and how they are to answer.

use super::bytes::{Reader, Writer};
use super::filter::is_sampled;
use super::header::{Header, flag};
use super::tlv::{Tlv, Tlvs};
use super::{
    DecodeError, Filter, MAX_COPIES, MAX_DATAGRAM, MAX_HASH_BITS, MAX_SENT, MAX_WINDOW_MS,
    MIN_QUERY, MIN_QUERY_DATAGRAM, Slice, TRAILER,
};

/// Who is there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// The session's number: random, the same in all its queries, and echoed in the answers.
    pub txn: u64,
    /// Which sweep this belongs to: 0 is the scout, each sweep is one more.
    pub round: u16,
    /// What the filter is hashed with: fresh and random in every query, and secret until it is sent, so
    /// that nobody can make up responders whose bits cover those of another.
    pub salt: u64,
    /// The time over which the answers are to be spread, in milliseconds; at most
    /// [`MAX_WINDOW_MS`].
    pub window_ms: u16,
    /// The responders that are asked.
    pub slice: Slice,
    /// One in 2^`sample_bits` of them answers; at most [`MAX_HASH_BITS`].
    pub sample_bits: u8,
    /// How many times each answer is sent, 1 to [`MAX_COPIES`].
    pub copies: u8,
    /// The estimated number of responders, as its logarithm to base 2 (not 255); a responder may
    /// widen the window by it.
    pub estimate: Option<u8>,
    /// The longest answer that is wanted, in bytes: see [`reply_limit`](Query::reply_limit).
    pub max_reply: u16,
    /// Answer by multicast.
    pub multicast_reply: bool,
    /// The asker watches.
    pub watch: bool,
    /// Those who need not answer, since they are known where they are and by what they say.
    pub filter: Filter<'a>,
    /// What a responder must be: [`Tlv::SelectService`], [`Tlv::SelectAttr`].
    pub tlvs: Tlvs<'a>,
    /// The whole datagram's length, padding and trailer included. Decoding says it; encoding pads to
    /// it where the content is shorter.
    pub length: usize,
}

impl<'a> Query<'a> {
    /// A question to everybody, who are to answer once and at once: what its maker then narrows.
    pub fn new(txn: u64, round: u16) -> Query<'a> {
        Query {
            txn,
            round,
            salt: 0,
            window_ms: 0,
            slice: Slice::ALL,
            sample_bits: 0,
            copies: 1,
            estimate: None,
            max_reply: MAX_SENT as u16,
            multicast_reply: false,
            watch: false,
            filter: Filter::NONE,
            tlvs: Tlvs::NONE,
            length: MIN_QUERY,
        }
    }

    /// Whether the responder of this id is in the slice and in the sample. That it is asked takes more:
    /// the filter must not [silence](Query::silences) it, and it must be
    /// [selected](Query::selects).
    pub fn is_in(&self, id: u64) -> bool {
        self.slice.contains(id, self.txn) && is_sampled(id, self.txn, self.sample_bits)
    }

    /// Whether what this name stands for ([`whole_name`](super::whole_name),
    /// [`short_name`](super::short_name)) has been heard, so that it need not be said again.
    pub fn silences(&self, name: u64) -> bool {
        self.filter.silences(name, self.txn, self.salt)
    }

    /// Whether the responder that describes itself so is asked. Its service must be the one that is
    /// selected, and it must have all the attributes that are; what is not selected does not matter.
    pub fn selects(&self, own: Tlvs<'_>) -> bool {
        self.tlvs.iter().all(|selector| match selector {
            Tlv::SelectService(wanted) => {
                own.iter().any(|tlv| matches!(tlv, Tlv::Service(name) if name == wanted))
            }
            Tlv::SelectAttr(wanted) => own.iter().any(|tlv| {
                matches!(tlv, Tlv::Attr(attr) if attr.key == wanted.key
                    && (wanted.value.is_none() || attr.value == wanted.value))
            }),
            _ => true,
        })
    }

    /// The longest answer, in bytes: no longer than the asker wants, nor than what it sent itself, so
    /// that a forged question gains nothing.
    pub fn reply_limit(&self) -> usize {
        self.length.min(self.max_reply.into())
    }

    /// The longest filter that leaves the datagram within [`MAX_SENT`], beside selectors of this many
    /// bytes.
    pub fn filter_room(selectors: usize, sealed: bool) -> usize {
        let trailer = if sealed { TRAILER } else { 0 };
        (MAX_SENT - MIN_QUERY_DATAGRAM - trailer).saturating_sub(selectors)
    }

    pub(super) fn flags(&self) -> u8 {
        let mreply = if self.multicast_reply { flag::MREPLY } else { 0 };
        let watch = if self.watch { flag::WATCH } else { 0 };
        mreply | watch
    }

    pub(super) fn body_len(&self) -> usize {
        MIN_QUERY_DATAGRAM + self.filter.as_bytes().len() + self.tlvs.len()
    }

    pub(super) fn decode(
        header: &Header,
        mut body: Reader<'a>,
        length: usize,
    ) -> Result<Query<'a>, DecodeError> {
        let short = DecodeError::BodyLength;
        let round = body.u16().ok_or(short)?;
        let window_ms = body.u16().ok_or(short)?.min(MAX_WINDOW_MS);
        let [slice_bits, sample_bits, copies, estimate] = body.array().ok_or(short)?;
        let slice = Slice::new(slice_bits, body.u32().ok_or(short)?).ok_or(DecodeError::Slice)?;
        if sample_bits > MAX_HASH_BITS {
            return Err(DecodeError::Sample);
        }
        let filter_len = usize::from(body.u16().ok_or(short)?);
        let max_reply = body.u16().ok_or(short)?;
        let salt = body.u64().ok_or(short)?;
        let filter = body.bytes(filter_len).and_then(Filter::new).ok_or(DecodeError::Filter)?;
        Ok(Query {
            txn: header.txn,
            round,
            salt,
            window_ms,
            slice,
            sample_bits,
            copies: copies.clamp(1, MAX_COPIES),
            estimate: (estimate != u8::MAX).then_some(estimate),
            max_reply,
            multicast_reply: header.flags & flag::MREPLY != 0,
            watch: header.flags & flag::WATCH != 0,
            filter,
            tlvs: Tlvs::decode(body.0)?,
            length,
        })
    }

    pub(super) fn encode(&self, to: &mut Writer<'_>) {
        let filter = self.filter.as_bytes();
        to.bytes(&self.round.to_be_bytes());
        to.bytes(&self.window_ms.to_be_bytes());
        to.bytes(&[
            self.slice.bits(),
            self.sample_bits,
            self.copies,
            self.estimate.unwrap_or(u8::MAX),
        ]);
        to.bytes(&self.slice.index().to_be_bytes());
        to.bytes(&(filter.len() as u16).to_be_bytes());
        to.bytes(&self.max_reply.to_be_bytes());
        to.bytes(&self.salt.to_be_bytes());
        to.bytes(filter);
        to.bytes(self.tlvs.as_bytes());
    }
}

// `length` and the filter's length go into fields of 16 bits.
const _: () = assert!(MAX_DATAGRAM <= u16::MAX as usize);

#[cfg(test)]
mod tests;

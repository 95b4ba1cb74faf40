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

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;
    use crate::wire::tests::{changed, encoded, presence};
    use crate::wire::{Datagram, Epoch, TlvBuf, decode};

    const REPLY: Reply<'static> = Reply {
        txn: 0x0102_0304_0506_0708,
        id: 0x1112_1314_1516_1718,
        round: 0x2122,
        copy: 2,
        whole: None,
        busy: false,
        lease_s: 0x0001_5180,
        tlvs: Tlvs::NONE,
    };

    #[test]
    fn the_fields_are_where_the_page_says() {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Payload(b"Me!")).unwrap();
        let tlvs = tlvs.as_tlvs();
        let reply = Reply { whole: Some(200), busy: true, tlvs, ..REPLY };
        let bytes = encoded(Datagram::Reply(reply));
        #[rustfmt::skip]
        let expected = [
            0xf5, 0x6d, 0x64, 0x31, 2, 0x10, 0, 38, 1, 2, 3, 4, 5, 6, 7, 8,
            0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x21, 0x22, 2, 25, 0, 1, 0x51, 0x80,
            1, 0, 3, b'M', b'e', b'!',
        ];
        assert_eq!(bytes, expected);
        assert_eq!(reply.encoded_len(), 38);
        assert_eq!(decode(&bytes), Ok(Datagram::Reply(reply)));
        // A flag of a query's has no meaning here.
        assert_eq!(decode(&changed(bytes, 5, &[0xfe])), Ok(Datagram::Reply(reply)));
    }

    #[test]
    fn the_length_of_the_whole_is_rounded_up_to_units_of_eight() {
        for (said, on_wire, read) in [
            (None, 0, None),
            (Some(0), 1, Some(8)),
            (Some(1), 1, Some(8)),
            (Some(8), 1, Some(8)),
            (Some(9), 2, Some(16)),
            (Some(1200), 150, Some(1200)),
            (Some(2040), 255, Some(2040)),
            (Some(2041), 255, Some(2040)),
            (Some(u16::MAX), 255, Some(2040)),
        ] {
            let reply = Reply { whole: said, ..REPLY };
            assert_eq!(reply.is_truncated(), said.is_some());
            let bytes = encoded(Datagram::Reply(reply));
            assert_eq!(bytes[27], on_wire, "{said:?}");
            let read = Reply { whole: read, ..REPLY };
            assert_eq!(decode(&bytes), Ok(Datagram::Reply(read)));
        }
    }

    #[test]
    fn leases_and_copies_are_as_their_type_wants_them() {
        let bytes = encoded(Datagram::Reply(REPLY));
        assert_eq!(decode(&bytes), Ok(Datagram::Reply(REPLY)));
        assert_eq!(decode(&changed(bytes.clone(), 26, &[3])), Err(DecodeError::Copy));
        let tlvs = presence(Epoch { boot: 1, seq: 2 });
        let announce = Announce { id: 2, lease_s: 120, tlvs: tlvs.as_tlvs() };
        for bytes in [bytes, encoded(Datagram::Announce(announce))] {
            for lease_s in [0u32, 9, 86_401, u32::MAX] {
                let bytes = changed(bytes.clone(), 28, &lease_s.to_be_bytes());
                assert_eq!(decode(&bytes), Err(DecodeError::Lease), "{lease_s}");
            }
            for lease_s in [10u32, 86_400] {
                let read = match decode(&changed(bytes.clone(), 28, &lease_s.to_be_bytes())) {
                    Ok(Datagram::Reply(reply)) => reply.lease_s,
                    Ok(Datagram::Announce(announce)) => announce.lease_s,
                    other => panic!("{other:?}"),
                };
                assert_eq!(read, lease_s);
            }
        }
        let goodbye = encoded(Datagram::Goodbye(Goodbye { id: 2, tlvs: tlvs.as_tlvs() }));
        assert_eq!(decode(&changed(goodbye, 31, &[120])), Err(DecodeError::Lease));
    }

    #[test]
    fn what_is_said_unasked_has_an_id_and_else_zeros() {
        let tlvs = presence(Epoch { boot: 1, seq: 2 });
        let (id, tlvs) = (REPLY.id, tlvs.as_tlvs());
        let announce = Datagram::Announce(Announce { id, lease_s: 0x0506, tlvs });
        let goodbye = Datagram::Goodbye(Goodbye { id, tlvs });
        for (datagram, kind, lease) in [(announce, 3, [5, 6]), (goodbye, 4, [0, 0])] {
            let bytes = encoded(datagram);
            assert_eq!(decode(&bytes), Ok(datagram));
            assert_eq!(bytes[4..16], [kind, 0, 0, 43, 0, 0, 0, 0, 0, 0, 0, 0]);
            assert_eq!(bytes[16..24], REPLY.id.to_be_bytes());
            assert_eq!(bytes[24..32], [0, 0, 0, 0, 0, 0, lease[0], lease[1]]);
            assert_eq!(bytes[32..], *tlvs.as_bytes());
            let without = changed(bytes, 7, &[32]);
            assert_eq!(decode(&without), Err(DecodeError::NoEpoch));
        }
    }

    #[test]
    fn who_is_busy_says_to_whom_it_was() {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Refused(Some(Ipv4Addr::new(192, 0, 2, 7).into()))).unwrap();
        let (id, tlvs) = (REPLY.id, tlvs.as_tlvs());
        let busy = Datagram::Busy(Busy { id, tlvs });
        let bytes = encoded(busy);
        assert_eq!(decode(&bytes), Ok(busy));
        assert_eq!(bytes[4..16], [5, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[16..24], REPLY.id.to_be_bytes());
        assert_eq!(bytes[24..32], [0; 8]);
        // A lease or a copy has no meaning here.
        assert_eq!(decode(&changed(bytes.clone(), 24, &[0xff; 8])), Ok(busy));
        assert_eq!(decode(&changed(bytes.clone(), 7, &[32])), Err(DecodeError::NoRefusal));
        // Of a family that is not known, it names nobody.
        assert_eq!(decode(&changed(bytes, 35, &[9])), Err(DecodeError::NoRefusal));
    }
}

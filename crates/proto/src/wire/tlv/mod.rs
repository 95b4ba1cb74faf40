//! The optional parts of a datagram: type, length, value.

mod address;
mod buf;
mod sessions;
mod value;

pub use buf::TlvBuf;
pub use sessions::{Sessions, SessionsBuf};
pub use value::{Attr, Endpoint, Epoch, Tlv};

use super::bytes::Reader;
use super::{DecodeError, MAX_ATTRS, MAX_ENDPOINTS, MAX_REFUSED, MAX_TLVS};
use value::number;

/// The TLVs of a datagram, within their limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tlvs<'a>(&'a [u8]);

impl<'a> Tlvs<'a> {
    /// None at all.
    pub const NONE: Tlvs<'static> = Tlvs(&[]);

    /// Checks all TLVs in `bytes`.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Tlvs<'a>, DecodeError> {
        let mut counts = [0; number::REFUSED as usize + 1];
        let mut left = Reader(bytes);
        for count in 0.. {
            if left.0.is_empty() {
                break;
            }
            if count == MAX_TLVS {
                return Err(DecodeError::TlvCount(None));
            }
            let (kind, value) = split(&mut left).ok_or(DecodeError::TlvLength)?;
            let number = kind & !CRITICAL;
            if let Tlv::Unknown { .. } = Tlv::decode(number, value)?
                && kind & CRITICAL != 0
            {
                return Err(DecodeError::Critical(number));
            }
            if let Some(count) = counts.get_mut(usize::from(number)) {
                *count += 1;
                if *count > most(number) {
                    return Err(DecodeError::TlvCount(Some(number)));
                }
            }
        }
        Ok(Tlvs(bytes))
    }

    /// Bytes that are known to be of valid TLVs.
    pub(crate) fn checked_before(bytes: &'a [u8]) -> Tlvs<'a> {
        Tlvs(bytes)
    }

    /// The first of them, as many as take up no more than `room` bytes.
    pub(crate) fn within(self, room: usize) -> Tlvs<'a> {
        let mut left = Reader(self.0);
        let mut taken = 0;
        while split(&mut left).is_some() && self.0.len() - left.0.len() <= room {
            taken = self.0.len() - left.0.len();
        }
        Tlvs(self.0.get(..taken).unwrap_or_default())
    }

    /// They one after the other.
    pub fn iter(self) -> TlvIter<'a> {
        TlvIter(Reader(self.0))
    }

    /// The epoch, where there is one.
    pub fn epoch(self) -> Option<Epoch> {
        self.iter().find_map(|tlv| if let Tlv::Epoch(epoch) = tlv { Some(epoch) } else { None })
    }

    /// The digest of the whole answer, where there is one.
    pub fn digest(self) -> Option<u64> {
        self.iter().find_map(|tlv| if let Tlv::Digest(digest) = tlv { Some(digest) } else { None })
    }

    /// The sessions that this is an answer to, where it names them.
    pub fn sessions(self) -> Option<Sessions<'a>> {
        self.iter().find_map(|tlv| if let Tlv::Sessions(all) = tlv { Some(all) } else { None })
    }

    /// The bytes of each, its type and length included, but for those that change from one answer to
    /// the next.
    pub(super) fn lasting(self) -> impl Iterator<Item = &'a [u8]> {
        let mut left = Reader(self.0);
        let all = core::iter::from_fn(move || {
            let before = left.0;
            let (kind, _) = split(&mut left)?;
            Some((kind & !CRITICAL, before.get(..before.len() - left.0.len())?))
        });
        let is_lasting =
            |number| !matches!(number, number::EPOCH | number::DIGEST | number::SESSIONS);
        all.filter_map(move |(number, bytes)| is_lasting(number).then_some(bytes))
    }

    /// Their length in bytes.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Their bytes on the wire.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl<'a> IntoIterator for Tlvs<'a> {
    type Item = Tlv<'a>;
    type IntoIter = TlvIter<'a>;
    fn into_iter(self) -> TlvIter<'a> {
        self.iter()
    }
}

/// Iterates over [`Tlvs`].
#[derive(Debug, Clone)]
pub struct TlvIter<'a>(Reader<'a>);

impl<'a> Iterator for TlvIter<'a> {
    type Item = Tlv<'a>;
    fn next(&mut self) -> Option<Tlv<'a>> {
        let (kind, value) = split(&mut self.0)?;
        // What is not valid has not become `Tlvs`.
        Tlv::decode(kind & !CRITICAL, value).ok()
    }
}

/// The length of a TLV's type and length.
const HEAD: usize = 3;

/// The bit of a type that says: who does not know it is to ignore the datagram.
const CRITICAL: u8 = 0x80;

/// How many TLVs of this number a datagram may have.
fn most(number: u8) -> usize {
    match number {
        number::PAYLOAD | number::NAME | number::EPOCH | number::CBOR => 1,
        number::DIGEST | number::SESSIONS => 1,
        number::REFUSED => MAX_REFUSED,
        number::ENDPOINT | number::ORIGIN => MAX_ENDPOINTS,
        number::ATTR | number::SELECT_ATTR => MAX_ATTRS,
        _ => MAX_TLVS,
    }
}

/// Takes the first TLV off: its type, critical bit included, and its value.
fn split<'a>(left: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let kind = left.u8()?;
    let length = left.u16()?;
    Some((kind, left.bytes(length.into())?))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn times(count: usize, number: u8, value: &[u8]) -> Vec<u8> {
        [&[number, 0, value.len() as u8], value].concat().repeat(count)
    }

    #[test]
    fn as_many_as_may_be_are_taken_and_one_more_is_not() {
        const SESSION: &[u8] = &[0; 10];
        for (number, value, most) in [
            (1, &b""[..], 1),
            (2, b"a", 32),
            (3, b"a", 1),
            (4, &[0, 0, 80], 8),
            (5, b"a", 16),
            (6, &[4, 1, 2, 3, 4], 8),
            (7, &[0; 8], 1),
            (8, b"", 1),
            (9, b"", 32),
            (10, b"a", 32),
            (11, b"a", 16),
            (12, &[0; 8], 1),
            (13, SESSION, 1),
            (14, &[0], 8),
            (99, b"", 32),
        ] {
            let bytes = times(most, number, value);
            assert_eq!(Tlvs::decode(&bytes).map(|tlvs| tlvs.iter().count()), Ok(most), "{number}");
            let of = Some(number).filter(|_| most < 32);
            let bytes = times(most + 1, number, value);
            assert_eq!(Tlvs::decode(&bytes), Err(DecodeError::TlvCount(of)), "{number}");
        }
        // Different ones are counted apart, and those with the critical bit with those without.
        let mixed = [times(8, 4, &[0, 0, 80]), times(8, 6, &[4, 1, 2, 3, 4])].concat();
        assert!(Tlvs::decode(&mixed).is_ok());
        let mixed = [times(1, 1, b""), times(1, 0x81, b"")].concat();
        assert_eq!(Tlvs::decode(&mixed), Err(DecodeError::TlvCount(Some(1))));
    }

    #[test]
    fn none_goes_over_the_end() {
        for bytes in [&[1][..], &[1, 0], &[1, 0, 1], &[1, 1, 0, 7], &[1, 0xff, 0xff, 7]] {
            assert_eq!(Tlvs::decode(bytes), Err(DecodeError::TlvLength), "{bytes:?}");
        }
        let long = [&[1, 1, 2][..], &[7; 0x102]].concat();
        assert!(Tlvs::decode(&long).is_ok_and(|tlvs| tlvs.iter().eq([Tlv::Payload(&[7; 0x102])])));
    }

    #[test]
    fn the_critical_bit_matters_to_those_alone_who_do_not_know_the_number() {
        for (kind, value, refused) in [
            (0x80 | 99, &b""[..], Some(99)),
            (0x80, b"", Some(0)),
            (0xff, b"", Some(127)),
            (0x84, &[9, 0, 80], Some(4)),
            (99, b"", None),
            (0, b"", None),
            (4, &[9, 0, 80], None),
            (0x83, b"known", None),
        ] {
            let bytes = times(1, kind, value);
            let error = Tlvs::decode(&bytes).err();
            assert_eq!(error, refused.map(DecodeError::Critical), "{kind:02x}");
        }
        let known = times(1, 0x83, b"known");
        assert!(Tlvs::decode(&known).unwrap().iter().eq([Tlv::Name("known")]));
    }

    #[test]
    fn within_a_room_are_the_first_that_fit() {
        let bytes = [times(1, 3, b"n"), times(1, 1, b"Me!"), times(1, 8, b"")].concat();
        let all = Tlvs::decode(&bytes).unwrap();
        for (room, length) in
            [(0, 0), (3, 0), (4, 4), (9, 4), (10, 10), (12, 10), (13, 13), (99, 13)]
        {
            assert_eq!(all.within(room).as_bytes(), &bytes[..length], "{room}");
        }
    }

    #[test]
    fn they_are_what_they_are_of_and_their_bytes() {
        assert_eq!((Tlvs::NONE.len(), Tlvs::NONE.is_empty()), (0, true));
        let mut sessions = SessionsBuf::new();
        sessions.push(7, 1);
        let (epoch, sessions) = (Epoch { boot: 5, seq: 6 }, sessions.as_sessions());
        let all = [
            Tlv::Name("n"),
            Tlv::Epoch(epoch),
            Tlv::Digest(0x0102_0304_0506_0708),
            Tlv::Sessions(sessions),
            Tlv::Payload(b""),
        ];
        let mut buf = TlvBuf::new();
        all.iter().for_each(|&tlv| buf.push(tlv).unwrap());
        let tlvs = Tlvs::checked_before(buf.as_tlvs().as_bytes());
        assert_eq!((tlvs.len(), tlvs.is_empty()), (4 + 11 + 11 + 13 + 3, false));
        assert!(tlvs.into_iter().eq(all));
        assert_eq!(tlvs.epoch(), Some(epoch));
        assert_eq!(tlvs.digest(), Some(0x0102_0304_0506_0708));
        assert_eq!(tlvs.sessions(), Some(sessions));
        assert!(tlvs.lasting().eq([&b"\x03\0\x01n"[..], b"\x01\0\0"]));
        let others = Tlvs::checked_before(b"\x03\0\x01n");
        assert_eq!((others.epoch(), others.digest(), others.sessions()), (None, None, None));
    }
}

//! The optional parts of a datagram: type, length, value.

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

//! Making TLVs.

use alloc::vec::Vec;

use super::{Epoch, HEAD, Tlv, Tlvs};
use crate::wire::{DecodeError, MAX_TLV_BYTES};

/// TLVs under construction: made once, borrowed by every datagram that says them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlvBuf {
    bytes: Vec<u8>,
    /// Where the epoch's value is.
    epoch: Option<usize>,
}

impl TlvBuf {
    /// None yet.
    pub fn new() -> TlvBuf {
        TlvBuf::default()
    }

    /// None yet, and memory for so many bytes of them.
    pub fn with_capacity(bytes: usize) -> TlvBuf {
        TlvBuf { bytes: Vec::with_capacity(bytes), epoch: None }
    }

    /// Takes all out, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.epoch = None;
    }

    /// Appends a TLV.
    ///
    /// # Errors
    ///
    /// If the value breaks the rules of its type, there are too many, or all together are longer than
    /// [`MAX_TLV_BYTES`] ([`DecodeError::TlvLength`]). Nothing is appended then.
    pub fn push(&mut self, tlv: Tlv<'_>) -> Result<(), DecodeError> {
        self.push_within(MAX_TLV_BYTES, tlv)
    }

    /// Appends a TLV if all together are then no longer than `most` bytes.
    ///
    /// # Errors
    ///
    /// As [`push`](TlvBuf::push).
    pub fn push_within(&mut self, most: usize, tlv: Tlv<'_>) -> Result<(), DecodeError> {
        let start = self.bytes.len();
        if start + HEAD + tlv.value_len() > most.min(MAX_TLV_BYTES) {
            return Err(DecodeError::TlvLength);
        }
        tlv.encode(&mut self.bytes);
        // As a receiver would check it.
        if let Err(error) = Tlvs::decode(&self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        if let Tlv::Epoch(_) = tlv {
            self.epoch = Some(start + HEAD);
        }
        Ok(())
    }

    /// Puts a new epoch in the place of the one that was pushed; without one it does nothing.
    pub fn set_epoch(&mut self, epoch: Epoch) {
        let place = self.epoch.and_then(|at| self.bytes.get_mut(at..at + 8));
        if let Some(place) = place {
            place.copy_from_slice(&epoch.to_bytes());
        }
    }

    /// To be put in a datagram.
    pub fn as_tlvs(&self) -> Tlvs<'_> {
        Tlvs(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut tlvs = TlvBuf::new();
        assert_eq!(tlvs.push(Tlv::Name("a\0")), Err(DecodeError::TlvValue(3)));
        assert_eq!(tlvs.push(Tlv::Payload(&[0; 1146])), Err(DecodeError::TlvLength));
        assert_eq!(tlvs, TlvBuf::new());
        assert_eq!(tlvs.push(Tlv::Payload(&[0; 1145])), Ok(()));
        assert_eq!((MAX_TLV_BYTES, tlvs.as_tlvs().len()), (1148, 1148));
        assert_eq!(tlvs.push(Tlv::Cbor(b"")), Err(DecodeError::TlvLength));

        tlvs.clear();
        tlvs.push(Tlv::Payload(b"Me!")).unwrap();
        assert_eq!(tlvs.push_within(14, Tlv::Name("n")), Ok(()));
        assert_eq!(tlvs.push_within(13, Tlv::Cbor(b"")), Ok(()));
        assert_eq!(tlvs.push_within(16, Tlv::Service("s")), Err(DecodeError::TlvLength));
        assert_eq!(tlvs.push_within(17, Tlv::Payload(b"")), Err(DecodeError::TlvCount(Some(1))));
        assert_eq!(tlvs.push_within(17, Tlv::Service("s")), Ok(()));
        assert_eq!(tlvs.as_tlvs().as_bytes(), b"\x01\0\x03Me!\x03\0\x01n\x08\0\0\x02\0\x01s");
        let far = MAX_TLV_BYTES + 1;
        assert_eq!(
            tlvs.push_within(far, Tlv::Unknown { number: 90, value: &[0; 1129] }),
            Err(DecodeError::TlvLength)
        );
        assert_eq!(tlvs.push_within(far, Tlv::Unknown { number: 90, value: &[0; 1128] }), Ok(()));
    }

    #[test]
    fn the_epoch_is_replaced_in_its_place() {
        let (first, next) = (Epoch { boot: 1, seq: 1 }, Epoch { boot: 1, seq: 2 });
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Payload(b"Me!")).unwrap();
        tlvs.set_epoch(next);
        assert_eq!(tlvs.as_tlvs().epoch(), None);
        tlvs.push(Tlv::Epoch(first)).unwrap();
        tlvs.push(Tlv::Name("n")).unwrap();
        tlvs.set_epoch(next);
        assert!(tlvs.as_tlvs().iter().eq([Tlv::Payload(b"Me!"), Tlv::Epoch(next), Tlv::Name("n")]));

        // An epoch that was taken out has no place any more.
        tlvs.clear();
        assert!(tlvs.as_tlvs().is_empty());
        tlvs.push(Tlv::Payload(&[7; 20])).unwrap();
        tlvs.set_epoch(first);
        assert!(tlvs.as_tlvs().iter().eq([Tlv::Payload(&[7; 20])]));
    }

    #[test]
    fn within_its_capacity_it_keeps_its_memory() {
        let mut tlvs = TlvBuf::with_capacity(MAX_TLV_BYTES);
        let memory = tlvs.bytes.as_ptr();
        for _ in 0..3 {
            tlvs.clear();
            tlvs.push(Tlv::Payload(&[7; 1145])).unwrap();
            assert_eq!(tlvs.push(Tlv::Cbor(&[7; 1145])), Err(DecodeError::TlvLength));
        }
        assert_eq!(tlvs.bytes.as_ptr(), memory);
        assert!(tlvs.bytes.capacity() >= MAX_TLV_BYTES);
    }
}

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

//! Making TLVs.

use alloc::vec::Vec;

use super::{Epoch, Tlv, Tlvs};
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

    /// Appends a TLV.
    ///
    /// # Errors
    ///
    /// If the value breaks the rules of its type, there are too many, or all together are longer than
    /// [`MAX_TLV_BYTES`] ([`DecodeError::TlvLength`]). Nothing is appended then.
    pub fn push(&mut self, tlv: Tlv<'_>) -> Result<(), DecodeError> {
        let start = self.bytes.len();
        tlv.encode(&mut self.bytes);
        let pushed = self.finish(start);
        if pushed.is_err() {
            self.bytes.truncate(start);
        } else if let Tlv::Epoch(_) = tlv {
            self.epoch = Some(start + HEAD);
        }
        pushed
    }

    /// Writes the length of the TLV at `start`, and checks the whole as a receiver would.
    fn finish(&mut self, start: usize) -> Result<(), DecodeError> {
        if self.bytes.len() > MAX_TLV_BYTES {
            return Err(DecodeError::TlvLength);
        }
        let value_len = (self.bytes.len() - start).saturating_sub(HEAD);
        let field = self.bytes.get_mut(start + 1..start + HEAD).ok_or(DecodeError::TlvLength)?;
        field.copy_from_slice(&(value_len as u16).to_be_bytes());
        Tlvs::decode(&self.bytes).map(drop)
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

/// A TLV's type and length.
const HEAD: usize = 3;

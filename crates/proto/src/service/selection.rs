//! Whom a discovery asks for.

use crate::wire::{Attr, DecodeError, Tlv, TlvBuf, Tlvs};

/// What selects shares a datagram with the filter, which needs its room.
const LONGEST: usize = 512;

/// Which responders are asked: all, or those of a service, with attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection(TlvBuf);

impl Selection {
    /// Everybody.
    pub fn all() -> Selection {
        Selection::default()
    }

    /// Those that offer this service, by its exact name.
    ///
    /// # Errors
    ///
    /// If the name is empty, longer than 255 bytes, or has control characters.
    pub fn service(name: &str) -> Result<Selection, DecodeError> {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::SelectService(name))?;
        Ok(Selection(tlvs))
    }

    /// Of those, the ones that have this attribute, with this value where one is given.
    ///
    /// # Errors
    ///
    /// If the key is not printable ASCII without `=`, key and value are longer than 255 bytes, or there
    /// are more than 16, or all together take more than 512 bytes of the query.
    pub fn attr(mut self, key: &str, value: Option<&[u8]>) -> Result<Selection, DecodeError> {
        self.0.push(Tlv::SelectAttr(Attr { key, value }))?;
        if self.0.as_tlvs().len() > LONGEST { Err(DecodeError::TlvLength) } else { Ok(self) }
    }

    pub(super) fn tlvs(&self) -> Tlvs<'_> {
        self.0.as_tlvs()
    }
}

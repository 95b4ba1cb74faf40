//! What a responder says of itself.

use crate::wire::{Attr, DecodeError, Endpoint, Epoch, Tlv, TlvBuf, Tlvs};

/// What a responder says of itself. The parts are said in the order in which they are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer(TlvBuf);

impl Offer {
    /// A service by its name.
    ///
    /// # Errors
    ///
    /// If the name is empty, longer than 255 bytes, or has control characters.
    pub fn new(service: &str) -> Result<Offer, DecodeError> {
        let mut tlvs = TlvBuf::new();
        // The epoch has a place of its own, always the same.
        tlvs.push(Tlv::Epoch(Epoch { boot: 0, seq: 0 }))?;
        Offer(tlvs).with(Tlv::Service(service))
    }

    /// A name for people.
    ///
    /// # Errors
    ///
    /// As for [`new`](Offer::new), and for a second name.
    pub fn name(self, name: &str) -> Result<Offer, DecodeError> {
        self.with(Tlv::Name(name))
    }

    /// The service's port, at the address that answers.
    ///
    /// # Errors
    ///
    /// For more than 8 endpoints.
    pub fn port(self, port: u16) -> Result<Offer, DecodeError> {
        self.with(Tlv::Endpoint(Endpoint { address: None, port }))
    }

    /// An attribute.
    ///
    /// # Errors
    ///
    /// If the key is not printable ASCII without `=`, key and value are longer than 255 bytes, or there
    /// are more than 16.
    pub fn attr(self, key: &str, value: &[u8]) -> Result<Offer, DecodeError> {
        self.with(Tlv::Attr(Attr { key, value: Some(value) }))
    }

    /// Any other part.
    ///
    /// # Errors
    ///
    /// If it breaks the rules of its type, or there is no room left for it.
    pub fn with(mut self, tlv: Tlv<'_>) -> Result<Offer, DecodeError> {
        self.0.push(tlv)?;
        Ok(self)
    }

    pub(super) fn set_epoch(&mut self, epoch: Epoch) {
        self.0.set_epoch(epoch);
    }

    /// Its parts, in the order in which they are said. The epoch among them is the responder's to set.
    pub fn tlvs(&self) -> Tlvs<'_> {
        self.0.as_tlvs()
    }
}

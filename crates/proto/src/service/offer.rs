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
    /// If it breaks the rules of its type, or there is no room left for it, or it is not of what a
    /// responder says of itself: a selector, or what belongs to one answer or is the responder's own to say
    /// ([`Tlv::Epoch`], [`Tlv::Digest`], [`Tlv::Sessions`], [`Tlv::Refused`]).
    pub fn with(mut self, tlv: Tlv<'_>) -> Result<Offer, DecodeError> {
        if let Tlv::Attr(attr) = tlv
            && attr.key.contains('=')
        {
            // It would be read as another key, with a value.
            return Err(DecodeError::TlvValue(5));
        }
        self.0.push(tlv)?;
        // As a receiver would read it.
        let number = match self.0.as_tlvs().iter().last() {
            Some(Tlv::SelectService(_)) => 10,
            Some(Tlv::SelectAttr(_)) => 11,
            Some(Tlv::Digest(_)) => 12,
            Some(Tlv::Sessions(_)) => 13,
            Some(Tlv::Refused(_)) => 14,
            _ => return Ok(self),
        };
        Err(DecodeError::TlvCount(Some(number)))
    }

    pub(crate) fn set_epoch(&mut self, epoch: Epoch) {
        self.0.set_epoch(epoch);
    }

    /// Its parts, in the order in which they are said. The epoch among them is the responder's to set.
    pub fn tlvs(&self) -> Tlvs<'_> {
        self.0.as_tlvs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::SessionsBuf;

    #[test]
    fn its_parts_are_said_in_the_order_in_which_they_were_given() {
        let offer = Offer::new("printer").unwrap().name("lab-3").unwrap().port(631).unwrap();
        let mut offer = offer.attr("color", b"yes").unwrap().with(Tlv::Payload(b"Me!")).unwrap();
        let epoch = Epoch { boot: 1, seq: 2 };
        offer.set_epoch(epoch);
        assert!(offer.tlvs().iter().eq([
            Tlv::Epoch(epoch),
            Tlv::Service("printer"),
            Tlv::Name("lab-3"),
            Tlv::Endpoint(Endpoint { address: None, port: 631 }),
            Tlv::Attr(Attr { key: "color", value: Some(b"yes") }),
            Tlv::Payload(b"Me!"),
        ]));
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        assert!(Offer::new("").is_err() && Offer::new("a\n").is_err());
        let offer = Offer::new("printer").unwrap().name("lab-3").unwrap();
        assert!(offer.clone().name("lab-4").is_err());
        assert!(offer.clone().attr("a=b", b"").is_err());
        assert!((0..9).try_fold(offer, |offer, port| offer.port(port)).is_err());
    }

    #[test]
    fn what_a_responder_does_not_say_of_itself_is_refused_whatever_it_is_called() {
        let mut sessions = SessionsBuf::new();
        sessions.push(1, 1);
        for (tlv, number) in [
            (Tlv::Epoch(Epoch { boot: 1, seq: 1 }), 7),
            (Tlv::SelectService("printer"), 10),
            (Tlv::SelectAttr(Attr { key: "color", value: None }), 11),
            (Tlv::Digest(7), 12),
            (Tlv::Unknown { number: 12, value: &[0; 8] }, 12),
            (Tlv::Sessions(sessions.as_sessions()), 13),
            (Tlv::Refused(None), 14),
        ] {
            let refused = Offer::new("printer").unwrap().with(tlv);
            assert_eq!(refused, Err(DecodeError::TlvCount(Some(number))));
        }
        let later = Tlv::Unknown { number: 99, value: b"later" };
        assert!(Offer::new("printer").unwrap().with(later).is_ok());
    }
}

//! What a responder says of itself, as an asker tells it.

use crate::wire::{Attr, Tlv, Tlvs};

/// What a responder says, as it has just been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instance<'a> {
    /// Its number: the same at all its addresses and after each start.
    pub id: u64,
    /// Whether it proved to have the shared secret.
    pub authentic: bool,
    /// There is more than it said, and asking for the whole brought no answer.
    pub truncated: bool,
    /// Everything that it said of itself.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Instance<'a> {
    /// The service that it offers.
    pub fn service(&self) -> Option<&'a str> {
        self.tlvs
            .iter()
            .find_map(|tlv| if let Tlv::Service(name) = tlv { Some(name) } else { None })
    }

    /// Its name, for people.
    pub fn name(&self) -> Option<&'a str> {
        self.tlvs.iter().find_map(|tlv| if let Tlv::Name(name) = tlv { Some(name) } else { None })
    }

    /// The port of its service, of the first endpoint where it has several.
    pub fn port(&self) -> Option<u16> {
        self.tlvs
            .iter()
            .find_map(|tlv| if let Tlv::Endpoint(at) = tlv { Some(at.port) } else { None })
    }

    /// What the plain protocol's answer would be.
    pub fn payload(&self) -> Option<&'a [u8]> {
        self.tlvs
            .iter()
            .find_map(|tlv| if let Tlv::Payload(bytes) = tlv { Some(bytes) } else { None })
    }

    /// Its attributes, in the order in which it says them.
    pub fn attrs(&self) -> impl Iterator<Item = Attr<'a>> + use<'a> {
        self.tlvs.iter().filter_map(|tlv| if let Tlv::Attr(attr) = tlv { Some(attr) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::wire::{Endpoint, TlvBuf};

    fn of(tlvs: &TlvBuf) -> Instance<'_> {
        Instance { id: 7, authentic: false, truncated: false, tlvs: tlvs.as_tlvs() }
    }

    #[test]
    fn what_it_says_is_told_by_its_kind_and_the_first_where_there_are_several() {
        let mut tlvs = TlvBuf::new();
        let attr = |key, value| Attr { key, value };
        let (color, floor) = (attr("color", None), attr("floor", Some(b"3".as_slice())));
        let endpoint = |port| Tlv::Endpoint(Endpoint { port, address: None });
        for tlv in [
            Tlv::Payload(b"Me!"),
            Tlv::Attr(color),
            Tlv::Name("lab-3"),
            endpoint(631),
            Tlv::Service("printer"),
            Tlv::Attr(floor),
            Tlv::Service("scanner"),
            endpoint(632),
        ] {
            tlvs.push(tlv).unwrap();
        }
        let instance = of(&tlvs);
        assert_eq!((instance.service(), instance.name()), (Some("printer"), Some("lab-3")));
        assert_eq!((instance.port(), instance.payload()), (Some(631), Some(b"Me!".as_slice())));
        assert_eq!(instance.attrs().collect::<Vec<_>>(), [color, floor]);
    }

    #[test]
    fn what_it_does_not_say_is_not_told() {
        let tlvs = TlvBuf::new();
        let instance = of(&tlvs);
        assert_eq!((instance.service(), instance.name()), (None, None));
        assert_eq!((instance.port(), instance.payload()), (None, None));
        assert_eq!(instance.attrs().count(), 0);
    }
}

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

    pub(crate) fn tlvs(&self) -> Tlvs<'_> {
        self.0.as_tlvs()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn everybody_is_selected_by_nothing_and_others_by_service_and_attributes() {
        assert!(Selection::all().tlvs().is_empty());
        let selection = Selection::service("printer").unwrap();
        let selection =
            selection.attr("color", Some(b"yes")).unwrap().attr("duplex", None).unwrap();
        let attr = |key, value| Tlv::SelectAttr(Attr { key, value });
        assert_eq!(
            selection.tlvs().iter().collect::<Vec<_>>(),
            [Tlv::SelectService("printer"), attr("color", Some(b"yes")), attr("duplex", None)]
        );
        assert_eq!(Selection::all().attr("floor", None).unwrap().tlvs().iter().count(), 1);
    }

    #[test]
    fn what_is_no_name_or_key_is_refused() {
        assert!(Selection::service("").is_err() && Selection::service("a\n").is_err());
        assert!(Selection::all().attr("", None).is_err());
    }

    #[test]
    fn selectors_take_512_bytes_at_the_most() {
        // Three bytes, the key, an equals sign and the value.
        let first = Selection::all().attr("a", Some(&[b'x'; 250])).unwrap();
        assert_eq!(first.tlvs().len(), 255);
        let with = |length: usize| first.clone().attr("b", Some(&alloc::vec![b'x'; length]));
        assert_eq!(with(252).unwrap().tlvs().len(), 512);
        assert_eq!(with(253), Err(DecodeError::TlvLength));
    }
}

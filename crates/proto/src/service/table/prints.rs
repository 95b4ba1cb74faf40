//! By what an answer that was heard before is known again.

use core::fmt;
use core::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::secret::Secret;
use crate::wire::Tlvs;

/// Makes prints of answers, under a key that nobody else has. The digest of an answer takes longer than
/// all else that is done with it, and most answers have been heard before.
#[derive(Clone)]
pub(crate) struct Prints(SipHasher24);

impl Prints {
    pub(crate) fn new(secret: Secret) -> Prints {
        let (one, other) = (secret.number("print"), secret.number("print, second half"));
        Prints(SipHasher24::new_with_keys(one, other))
    }

    /// The print of an answer that says this. Two that say different things have different ones.
    pub(crate) fn of(&self, lease_s: u32, tlvs: Tlvs<'_>) -> u64 {
        let mut hasher = self.0;
        hasher.write(&lease_s.to_be_bytes());
        hasher.write(tlvs.as_bytes());
        hasher.finish()
    }
}

impl fmt::Debug for Prints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prints")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::wire::{Tlv, TlvBuf};

    #[test]
    fn a_print_is_of_the_lease_and_the_words_and_of_whoever_makes_it() {
        let prints = Prints::new(Secret::new(1));
        let said = |text| {
            let mut tlvs = TlvBuf::new();
            tlvs.push(Tlv::Name(text)).unwrap();
            tlvs
        };
        let (lab, attic) = (said("lab"), said("attic"));
        let print = prints.of(120, lab.as_tlvs());
        assert_eq!(prints.of(120, lab.as_tlvs()), print);
        assert_ne!(prints.of(121, lab.as_tlvs()), print);
        assert_ne!(prints.of(120, attic.as_tlvs()), print);
        assert_ne!(prints.of(120, Tlvs::NONE), print);
        assert_ne!(Prints::new(Secret::new(2)).of(120, lab.as_tlvs()), print);
    }

    #[test]
    fn its_key_is_not_printed() {
        assert_eq!(format!("{:?}", Prints::new(Secret::new(1))), "Prints");
    }
}

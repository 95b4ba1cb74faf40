//! What a responder's id is made of.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::secret::first_number;

/// So that the machine's secret, should it be used elsewhere too, gives other numbers there.
const LABEL: &[u8] = b"mcast v1 id";

/// What a responder's id is made of: the same parts give the same id, after every start, at every address
/// and port, by every compiler.
///
/// The id is the first 8 bytes of the SHA-256 of `mcast v1 id`, the four parts of bytes in the order below,
/// each behind its length in 4 bytes, and the slot in 4 bytes; all numbers are big-endian. It tells of none
/// of its parts: who sees it learns neither the machine's secret nor whether an id of another network is of
/// the same machine, unless the two networks have one label.
///
/// With `std`, `mcast_net::ClaimedId` finds the parts. A device without it has them in its firmware:
///
/// ```
/// use mcast_proto::service::{Identity, Offer, Responding};
///
/// # fn serial_number() -> [u8; 12] { *b"0123456789ab" }
/// let identity = Identity {
///     machine: &serial_number(),
///     network: b"",
///     service: "printer",
///     name: "lab-3",
///     slot: 0,
/// };
/// let offer = Offer::new("printer")?.name("lab-3")?;
/// let responding = Responding { id: Some(identity.id()), ..Responding::of(offer) };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// What is this machine's alone and stays: random bytes that were stored once, a serial number, the
    /// system's machine id. Who knows it can tell which ids are the machine's.
    pub machine: &'a [u8],
    /// What network it is, so that the machine has another id elsewhere; empty where that does not matter.
    pub network: &'a [u8],
    /// The service that is offered.
    pub service: &'a str,
    /// The name that it is offered by; empty where it has none.
    pub name: &'a str,
    /// Which of several: one machine may offer a service twice by one name.
    pub slot: u32,
}

impl Identity<'_> {
    /// The id.
    pub fn id(&self) -> u64 {
        let Identity { machine, network, service, name, slot } = *self;
        let mut digest = Sha256::new_with_prefix(LABEL);
        for part in [machine, network, service.as_bytes(), name.as_bytes()] {
            // With their lengths, no two lists of parts are one text.
            digest.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            digest.update(part);
        }
        digest.update(slot.to_be_bytes());
        first_number(digest.finalize().into())
    }
}

/// Leaves the machine's secret out.
impl fmt::Debug for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("service", &self.service)
            .field("name", &self.name)
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;

    use super::*;

    const LAB: Identity<'_> = Identity {
        machine: b"3d1219c7c4c5404aaa1f6d2a48adfda4",
        network: b"10.0.0.0/24",
        service: "printer",
        name: "lab-3",
        slot: 0,
    };

    #[test]
    fn an_id_is_what_any_sha256_gives() {
        // Of Python's hashlib.
        assert_eq!(LAB.id(), 0xb2c2_1265_8e64_8357);
        assert_eq!(Identity { slot: 1, ..LAB }.id(), 0x8a77_8bdd_4cbb_dbd6);
    }

    #[test]
    fn whatever_differs_gives_another_id() {
        let mut seen = BTreeSet::from([LAB.id()]);
        for other in [
            Identity { machine: b"another", ..LAB },
            Identity { network: b"10.0.1.0/24", ..LAB },
            Identity { service: "scanner", ..LAB },
            Identity { name: "lab-4", ..LAB },
            Identity { name: "", ..LAB },
            Identity { slot: 7, ..LAB },
            // The same letters, otherwise parted.
            Identity { service: "printerlab-", name: "3", ..LAB },
            Identity {
                machine: b"",
                network: b"3d1219c7c4c5404aaa1f6d2a48adfda410.0.0.0/24",
                ..LAB
            },
        ] {
            assert!(seen.insert(other.id()), "{other:?}");
        }
        assert!((1..1000).all(|slot| slot == 7 || seen.insert(Identity { slot, ..LAB }.id())));
    }

    #[test]
    fn the_secret_is_not_printed() {
        let shown = format!("{LAB:?}");
        assert!(
            shown.contains("lab-3") && !shown.contains("3d12") && !shown.contains("51, "),
            "{shown}"
        );
    }
}

//! Whether a datagram is of those with whom a secret is shared.

use crate::wire::{Keyring, sealed_with};
use crate::{Arrival, Summary};

/// Whether a datagram, which has been decoded, proves that its sender has our secret; where we have
/// none, whether its sender has none either. What does not is counted.
pub(crate) fn is_proven(
    keyring: Option<&Keyring>,
    arrival: Arrival,
    datagram: &[u8],
    counts: &mut Summary,
) -> bool {
    let is_proven = match keyring {
        Some(ring) => ring.verify(arrival.from.remote, datagram).is_ok(),
        None => sealed_with(datagram).is_none(),
    };
    if !is_proven {
        counts.unauthentic += 1;
        counts.ignored += 1;
    }
    is_proven
}

#[cfg(all(test, feature = "auth"))]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::wire::{Binding, Datagram, Key, Query, Seal};
    use crate::{Cast, Path};

    #[test]
    fn what_was_sent_with_another_key_or_against_having_none_is_counted() {
        let remote = ([10, 0, 0, 2], 41_234).into();
        let from = Path::new(remote);
        let arrival = Arrival::new(from, Cast::Unicast, true);
        let key = |secret| Key::new(secret, Binding::Source).unwrap();
        let (ours, other) = (key(b"sixteen bytes, ours"), key(b"sixteen bytes, another's"));
        let sent_with = |key: Option<&Key>| {
            let mut datagram = Vec::new();
            let seal = key.map(|key| Seal { key, from: remote });
            Datagram::Query(Query::new(1, 0)).encode(seal, &mut datagram);
            datagram
        };
        let ring = Keyring::new(ours.clone(), Vec::new());
        for (keyring, sealed, expected) in [
            (None, None, true),
            (None, Some(&ours), false),
            (Some(&ring), None, false),
            (Some(&ring), Some(&ours), true),
            (Some(&ring), Some(&other), false),
        ] {
            let mut counts = Summary::default();
            assert_eq!(is_proven(keyring, arrival, &sent_with(sealed), &mut counts), expected);
            let refused = u64::from(!expected);
            assert_eq!((counts.unauthentic, counts.ignored), (refused, refused));
        }
    }
}

//! What is random in a machine, from one seed, in domains that tell nothing of each other.
//!
//! Some of it is seen by everybody (an id, a salt), some must not be guessed (a session's number, the
//! place of a source in a table). Each has a label of its own, and SHA-256 between it and the seed: who
//! knows one number knows neither the seed nor another number.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::rng::Rng;

/// So that the seed, should it be used elsewhere too, gives other numbers there.
const LABEL: &[u8] = b"mcast v1 seed";

/// The seed of a machine.
#[derive(Clone, Copy)]
pub(crate) struct Secret(u64);

impl Secret {
    pub(crate) fn new(seed: u64) -> Secret {
        Secret(seed)
    }

    /// The number of this domain.
    pub(crate) fn number(self, label: &str) -> u64 {
        first_number(self.digest(label))
    }

    /// A generator for what nobody gains by guessing, such as moments of time.
    pub(crate) fn rng(self, label: &str) -> Rng {
        Rng::new(self.number(label))
    }

    /// A stream of numbers of which all that were seen tell nothing of the next.
    pub(crate) fn salts(self, label: &str) -> Salts {
        Salts { key: self.digest(label), drawn: 0 }
    }

    /// The seed has a fixed length and comes last, so that no two labels give the same input.
    fn digest(self, label: &str) -> [u8; 32] {
        Sha256::new_with_prefix(LABEL)
            .chain_update(label)
            .chain_update(self.0.to_be_bytes())
            .finalize()
            .into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Unpredictable numbers: SHA-256 in counter mode.
#[derive(Clone)]
pub(crate) struct Salts {
    key: [u8; 32],
    drawn: u64,
}

impl Salts {
    pub(crate) fn next(&mut self) -> u64 {
        let block = Sha256::new_with_prefix(self.key).chain_update(self.drawn.to_be_bytes());
        self.drawn += 1;
        first_number(block.finalize().into())
    }
}

impl fmt::Debug for Salts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Salts({} drawn)", self.drawn)
    }
}

/// The number of a digest.
pub(crate) fn first_number(digest: [u8; 32]) -> u64 {
    digest.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;

    use super::*;

    #[test]
    fn a_number_is_what_any_sha256_gives() {
        // sha256sum of "mcast v1 seed" "id" and eight bytes of big-endian 7.
        assert_eq!(Secret::new(7).number("id"), 0x6af4_0a50_bf41_6fdb);
    }

    #[test]
    fn domains_and_seeds_have_numbers_of_their_own() {
        let mut seen = BTreeSet::new();
        for seed in 0..100 {
            assert!(seen.insert(seed));
            for label in ["id", "session", "i", "d", ""] {
                assert!(seen.insert(Secret::new(seed).number(label)), "{label} of {seed}");
            }
        }
    }

    #[test]
    fn a_generator_starts_at_its_domain_and_not_at_the_seed() {
        let secret = Secret::new(7);
        let mut jitter = secret.rng("jitter");
        assert_eq!(jitter.next(), Rng::new(secret.number("jitter")).next());
        assert_ne!(secret.rng("jitter").next(), Rng::new(7).next());
    }

    #[test]
    fn salts_are_counted_blocks_and_none_comes_twice() {
        let mut salts = Secret::new(7).salts("salts");
        let first = salts.next();
        // sha256sum of the digest of the domain and eight zero bytes.
        assert_eq!(first, 0x71d7_3b69_7799_9b5e);
        let mut seen = BTreeSet::from([first]);
        assert!((0..10_000).all(|_| seen.insert(salts.next())));
        assert_ne!(Secret::new(8).salts("salts").next(), first);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let secret = Secret::new(0x5eed);
        assert_eq!(format!("{secret:?}"), "Secret");
        let mut salts = secret.salts("salts");
        salts.next();
        assert_eq!(format!("{salts:?}"), "Salts(1 drawn)");
    }
}

//! What is random in a machine, from its seed: nobody who has seen some of it can tell the rest.

use core::fmt;
use core::time::Duration;

use sha2::{Digest, Sha256};

/// SHA-256 in counter mode, so that the number of a question can't be guessed from those before it.
#[derive(Clone)]
pub(crate) struct Draws {
    key: [u8; 32],
    drawn: u64,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Draws {
        let key =
            Sha256::new_with_prefix(b"mcast dialects v1 seed").chain_update(seed.to_be_bytes());
        Draws { key: key.finalize().into(), drawn: 0 }
    }

    /// Others, which tell nothing of these.
    pub(crate) fn apart(&self, label: &str) -> Draws {
        let key = Sha256::new_with_prefix(self.key).chain_update(label);
        Draws { key: key.finalize().into(), drawn: 0 }
    }

    pub(crate) fn bytes(&mut self) -> [u8; 16] {
        let block = Sha256::new_with_prefix(self.key).chain_update(self.drawn.to_be_bytes());
        self.drawn += 1;
        let block = block.finalize();
        core::array::from_fn(|nth| block[nth])
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Uniform from nothing to this.
    pub(crate) fn within(&mut self, window: Duration) -> Duration {
        let nanos = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        let drawn = (u128::from(self.number()) * (u128::from(nanos) + 1)) >> 64;
        Duration::from_nanos(drawn as u64)
    }
}

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draws({} drawn)", self.drawn)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn none_comes_twice_and_the_seed_decides_them() {
        let mut seen = BTreeSet::new();
        for seed in 0..10 {
            let (mut draws, mut same) = (Draws::new(seed), Draws::new(seed));
            for _ in 0..100 {
                let drawn = draws.bytes();
                assert_eq!(drawn, same.bytes());
                assert!(seen.insert(drawn));
            }
        }
        let draws = Draws::new(7);
        assert_ne!(draws.apart("a").bytes(), draws.apart("b").bytes());
        assert_eq!(alloc::format!("{draws:?}"), "Draws(0 drawn)");
    }
}

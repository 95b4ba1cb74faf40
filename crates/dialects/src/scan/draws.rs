//! What is random in a machine, from its seed: nobody who has seen some of it can tell the rest.

use core::fmt;
use core::time::Duration;

use sha2::{Digest, Sha256};

/// SHA-256 in counter mode, so that the number of a question can't be guessed from those before it.
#[derive(Clone)]
pub struct Draws {
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

    /// A duration that is a quarter longer or shorter at the most.
    pub(crate) fn around(&mut self, duration: Duration) -> Duration {
        duration * 3 / 4 + self.within(duration / 2)
    }

    /// A random UUID (RFC 9562 section 5.4).
    pub(crate) fn uuid(&mut self) -> Uuid {
        let mut bytes = self.bytes();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Uuid(bytes)
    }
}

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draws({} drawn)", self.drawn)
    }
}

/// A UUID, which displays as text in small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Uuid(pub(crate) [u8; 16]);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, byte) in self.0.iter().enumerate() {
            let dash = if matches!(nth, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl Uuid {
    /// The UUID that a text is, with dashes or without.
    pub(crate) fn parse(text: &str) -> Option<Uuid> {
        let mut bytes = [0; 16];
        let mut digits = text.bytes().filter(|byte| *byte != b'-');
        for byte in &mut bytes {
            let mut digit = || char::from(digits.next()?).to_digit(16);
            *byte = (digit()? << 4 | digit()?) as u8;
        }
        digits.next().is_none().then_some(Uuid(bytes))
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

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

    #[test]
    fn a_uuid_is_a_random_one_and_reads_back() {
        let uuid = Draws::new(7).uuid();
        let text = uuid.to_string();
        assert_eq!((text.len(), text.as_bytes()[14]), (36, b'4'));
        assert!(b"89ab".contains(&text.as_bytes()[19]), "{text}");
        assert_eq!(Uuid::parse(&text), Some(uuid));
        assert_eq!(Uuid::parse(&text.to_uppercase()), Some(uuid));
        for other in ["", "1", &text[1..], &alloc::format!("{text}0"), "g"] {
            assert_eq!(Uuid::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_duration_is_jittered_by_a_quarter_to_either_side() {
        let mut draws = Draws::new(7);
        let second = Duration::from_secs(1);
        let drawn: BTreeSet<Duration> = (0..1000).map(|_| draws.around(second)).collect();
        assert!(*drawn.first().expect("some") >= second * 3 / 4);
        assert!(*drawn.last().expect("some") <= second * 5 / 4);
        assert!(*drawn.first().expect("some") < second * 77 / 100);
        assert!(*drawn.last().expect("some") > second * 123 / 100);
        assert_eq!(draws.within(Duration::ZERO), Duration::ZERO);
    }
}

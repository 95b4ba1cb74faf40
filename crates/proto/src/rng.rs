//! Randomness as an input: everything random in a machine comes from the seed it was made with.

use core::time::Duration;

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014):
/// a counter and a mixing function. Good for spreading load in time; not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix64(self.0)
    }

    /// Uniform in `0..=limit`.
    pub(crate) fn up_to(&mut self, limit: u64) -> u64 {
        // The multiplication maps 64 random bits on the range with a bias below 2^-64 a value, which
        // a waiting time can't show.
        ((u128::from(self.next()) * (u128::from(limit) + 1)) >> 64) as u64
    }

    /// Uniform in `0..=window`; windows above 584 years count as that.
    pub(crate) fn within(&mut self, window: Duration) -> Duration {
        let nanos = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.up_to(nanos))
    }
}

/// SplitMix64's finaliser: a bijection on 64 bits in which every input bit reaches every output bit.
pub(crate) fn mix64(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_published_generator() {
        // The first outputs of the reference implementation for seed 1234567.
        let mut rng = Rng::new(1_234_567);
        assert_eq!(rng.next(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_window_is_used_evenly_and_to_its_ends() {
        let mut rng = Rng::new(7);
        let mut tenths = [0u32; 10];
        for _ in 0..10_000 {
            let at = rng.within(Duration::from_nanos(999));
            tenths[(at.as_nanos() / 100) as usize] += 1;
        }
        assert!(tenths.iter().all(|&n| (850..1150).contains(&n)), "{tenths:?}");
        assert_eq!(rng.within(Duration::ZERO), Duration::ZERO);
        assert!((0..1000).any(|_| rng.up_to(1) == 1) && (0..1000).any(|_| rng.up_to(1) == 0));
    }
}

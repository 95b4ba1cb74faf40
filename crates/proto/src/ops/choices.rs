//! Decisions from bytes.

use alloc::vec::Vec;

/// Bytes, read as decisions. What is past their end reads as zeros, and zero stands for the simplest that
/// can be decided, so that fewer and smaller bytes make simpler operations.
#[derive(Debug, Clone)]
pub struct Choices<'b>(&'b [u8]);

impl<'b> Choices<'b> {
    /// The decisions that are in these bytes.
    pub fn new(bytes: &'b [u8]) -> Choices<'b> {
        Choices(bytes)
    }

    /// Takes so many bytes off, to be decisions of their own.
    pub fn split(&mut self, bytes: usize) -> Choices<'b> {
        let (taken, left) = self.0.split_at(bytes.min(self.0.len()));
        self.0 = left;
        Choices(taken)
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'b [u8] {
        self.0
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        let bits = 64 - limit.saturating_sub(1).leading_zeros();
        let bytes = self.split(bits.div_ceil(8) as usize);
        let number = bytes.0.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        number % limit.max(1)
    }

    /// Rarely true: one time in so many, 256 at the most.
    pub fn one_in(&mut self, times: u8) -> bool {
        self.below(times.into()) == u64::from(times) - 1
    }

    /// One of some, the first where nothing is decided.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    /// So many bytes: what is left, again and again.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let rest = core::mem::take(&mut self.0);
        rest.iter().chain(rest.is_empty().then_some(&0)).cycle().take(length).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_and_after_them_comes_the_simplest() {
        let mut choices = Choices::new(&[7, 1, 2, 3, 255, 9, 4]);
        assert_eq!(choices.below(5), 2);
        assert_eq!((choices.below(257), choices.below(1)), (258 % 257, 0));
        assert!(!choices.one_in(8) && choices.one_in(8));
        assert_eq!(choices.pick(&["a", "b"]), "b");
        assert_eq!(choices.clone().bytes(3), [4, 4, 4]);
        assert_eq!(choices.rest(), [4]);
        assert_eq!((choices.below(u64::MAX), choices.rest().len()), (4, 0));
        assert_eq!((choices.below(9), choices.one_in(2), choices.pick(&[1, 2])), (0, false, 1));
        assert_eq!(choices.bytes(2), [0, 0]);
    }
}

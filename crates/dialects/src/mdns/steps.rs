//! How many questions go out at a time.

use core::time::Duration;

use mcast_proto::Instant;

/// Questions of one step.
pub(super) const QUESTIONS: u32 = 5;
/// From the last question of a step to the next step.
const STEP: Duration = Duration::from_millis(100);

/// Steps of a few questions each, so that neither the network nor whoever answers gets all at once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Steps {
    /// When the last question was put.
    last: Option<Instant>,
    /// How many more this step has.
    left: u32,
}

impl Steps {
    /// When a question may be put next.
    pub(super) fn next(&self) -> Instant {
        let after = self.last.filter(|_| self.left == 0);
        after.map_or(Instant::AT_ONCE, |last| last + STEP)
    }

    /// Whether a question may be put now, which is so if it is.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if self.last.is_none_or(|last| now - last >= STEP) {
            self.left = QUESTIONS;
        }
        let has_one = self.left > 0;
        if has_one {
            self.left -= 1;
            self.last = Some(now);
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_questions_go_out_and_a_tenth_of_a_second_later_five_more() {
        let at = |millis: u64| Instant::from_millis(1_000 + millis);
        let mut steps = Steps::default();
        assert_eq!(steps.next(), Instant::AT_ONCE);
        let mut put = alloc::vec::Vec::<u64>::new();
        for millis in 0..1_000 {
            let is_over =
                put.last().is_some_and(|last| put.len().is_multiple_of(5) && millis - last < 100);
            assert_eq!(steps.next() > at(millis), is_over);
            // Some put fewer than they may.
            for _ in 0..millis % 3 {
                if steps.take(at(millis)) {
                    put.push(millis);
                }
            }
        }
        assert_eq!(put[..11], [1, 2, 2, 4, 5, 106, 107, 107, 109, 110, 211]);
        assert!(put.windows(6).all(|six| six[5] - six[0] >= 100));
    }
}

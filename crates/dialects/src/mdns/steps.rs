//! How many questions go out at a time.

use core::time::Duration;

use mcast_proto::Instant;

/// Questions of one step.
pub(super) const QUESTIONS: u32 = 5;
/// From the first question of a step to the next step.
const STEP: Duration = Duration::from_millis(100);

/// Steps of a few questions each, so that neither the network nor whoever answers gets all at once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Steps {
    ends: Option<Instant>,
    left: u32,
}

impl Steps {
    /// When a question may be put next.
    pub(super) fn next(&self) -> Instant {
        self.ends.filter(|_| self.left == 0).unwrap_or(Instant::AT_ONCE)
    }

    /// Whether a question may be put now, which is so if it is.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if self.ends.is_none_or(|ends| ends <= now) {
            (self.ends, self.left) = (Some(now + STEP), QUESTIONS);
        }
        let has_one = self.left > 0;
        self.left = self.left.saturating_sub(1);
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_questions_go_out_in_a_tenth_of_a_second() {
        let at = |millis: u64| Instant::from_millis(1_000 + millis);
        let mut steps = Steps::default();
        assert_eq!(steps.next(), Instant::AT_ONCE);
        let mut put = [0; 10];
        for millis in 0..1_000 {
            assert_eq!(steps.next() <= at(millis), put[millis as usize / 100] < 5);
            put[millis as usize / 100] += u32::from(steps.take(at(millis)));
        }
        assert_eq!(put, [5; 10]);
    }
}

//! How often words that prove nothing may make a watcher ask.

use core::time::Duration;

use crate::Instant;

/// One run of sweeps in this time, in the long run.
const EVERY: Duration = Duration::from_secs(2);
/// So many at once after a calm.
const BURST: u32 = 8;

/// The budget of the runs that announcements, goodbyes and other watchers' questions cause, all of which
/// anybody can forge: the generic cell rate algorithm (ITU-T I.371).
#[derive(Debug, Clone, Default)]
pub(crate) struct Prompts {
    /// When the budget is whole again.
    whole_at: Instant,
}

impl Prompts {
    /// When the next run may begin.
    pub(crate) fn next(&self) -> Instant {
        Instant::ZERO + (self.whole_at - (Instant::ZERO + EVERY * (BURST - 1)))
    }

    /// One begins.
    pub(crate) fn spend(&mut self, now: Instant) {
        self.whole_at = self.whole_at.max(now) + EVERY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_at_once_and_then_one_in_two_seconds() {
        let now = Instant::from_millis(50_000);
        let mut prompts = Prompts::default();
        for _ in 0..8 {
            assert!(prompts.next() <= now);
            prompts.spend(now);
        }
        for n in 1..5 {
            let then = now + EVERY * n;
            assert_eq!(prompts.next(), then);
            prompts.spend(then);
        }
    }
}

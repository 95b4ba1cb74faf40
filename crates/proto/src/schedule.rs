//! When to send: repeated probes, and answers spread over a window.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;
use core::time::Duration;

use crate::rng::Rng;
use crate::{Instant, Path};

/// The first gap between two probes. Four probes then go out within the first two seconds, which finds
/// 93 % of the responders at 30 % loss each way: more than one try a second does.
const FIRST_GAP: Duration = Duration::from_millis(250);
/// Gaps double up to this, so that a long run is a steady, slow asking.
const LONGEST_GAP: Duration = Duration::from_secs(1);

/// The times at which a probe is sent: at once, then after growing gaps, each a quarter longer or
/// shorter at random, so that neither askers nor bursts of loss fall into step with it.
#[derive(Debug, Clone)]
pub(crate) struct Repeats {
    left: u32,
    gap: Duration,
}

impl Repeats {
    /// `times` probes in all.
    pub(crate) fn new(times: u32) -> Repeats {
        Repeats { left: times, gap: FIRST_GAP }
    }

    /// A probe is being sent now: when is the next one due?
    pub(crate) fn next(&mut self, now: Instant, rng: &mut Rng) -> Option<Instant> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return None;
        }
        let jittered = self.gap * 3 / 4 + rng.within(self.gap / 2);
        self.gap = (self.gap * 2).min(LONGEST_GAP);
        Some(now + jittered)
    }
}

/// When the last two questions were put.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    last: Option<Instant>,
    before: Option<Instant>,
}

impl Asked {
    /// A question is being put.
    pub(crate) fn ask(&mut self, now: Instant) {
        self.before = self.last.replace(now);
    }

    pub(crate) fn last(&self) -> Option<Instant> {
        self.last
    }

    /// From the last question to what was taken in at that time; from the one before where it was taken
    /// in before the last one was put.
    pub(crate) fn round_trip(&self, taken: Instant) -> Duration {
        let asked = [self.last, self.before].into_iter().flatten().find(|asked| *asked <= taken);
        asked.map_or(Duration::ZERO, |asked| taken - asked)
    }
}

/// Answers waiting for their time, first due first out.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// Ordered by time, then by arrival, so that answers due at once leave in the order of the probes.
    queue: BinaryHeap<Reverse<(Instant, u64, Path)>>,
    arrivals: u64,
}

/// Answers that may wait at one time: two seconds' worth at the default rate, and a few batches.
const MOST_WAITING: usize = 4096;

impl Waiting {
    pub(crate) fn new() -> Waiting {
        Waiting { queue: BinaryHeap::with_capacity(MOST_WAITING), arrivals: 0 }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.queue.len() == MOST_WAITING
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Adds an answer; the caller has asked [`is_full`](Self::is_full).
    pub(crate) fn push(&mut self, due: Instant, to: Path) {
        self.queue.push(Reverse((due, self.arrivals, to)));
        self.arrivals += 1;
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse((due, ..))| *due)
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Path> {
        if self.due()? > now {
            return None;
        }
        self.queue.pop().map(|Reverse((_, _, to))| to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn gaps_grow_to_a_second_and_are_jittered_by_a_quarter() {
        let mut rng = Rng::new(1);
        let mut repeats = Repeats::new(6);
        let mut now = Instant::ZERO;
        let mut gaps = Vec::new();
        while let Some(next) = repeats.next(now, &mut rng) {
            gaps.push((next - now).as_millis());
            now = next;
        }
        assert_eq!(gaps.len(), 5);
        for (gap, nominal) in gaps.iter().zip([250, 500, 1000, 1000, 1000]) {
            assert!((nominal * 3 / 4..=nominal * 5 / 4).contains(gap), "{gaps:?}");
        }
        assert_ne!(gaps[2], gaps[3]);
    }
}

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

/// Answers that may wait at one time: a second's worth at the default rate.
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

    fn ms(n: u64) -> Instant {
        Instant::from_millis(n)
    }

    #[test]
    fn gaps_grow_to_a_second_and_are_jittered_by_a_quarter_to_either_side() {
        let mut gaps = [const { Vec::new() }; 5];
        for seed in 0..200 {
            let (mut rng, mut repeats, mut now) = (Rng::new(seed), Repeats::new(6), ms(1000));
            for gaps in &mut gaps {
                let next = repeats.next(now, &mut rng).expect("there are six");
                gaps.push((next - now).as_micros());
                now = next;
            }
            assert_eq!(repeats.next(now, &mut rng), None);
        }
        for (gaps, nominal) in gaps.iter().zip([250_000, 500_000, 1_000_000, 1_000_000, 1_000_000])
        {
            let (least, most) = (gaps.iter().min().unwrap(), gaps.iter().max().unwrap());
            assert!(
                (nominal * 75 / 100..nominal * 77 / 100).contains(least),
                "{least} of {nominal}"
            );
            assert!(
                (nominal * 123 / 100..=nominal * 125 / 100).contains(most),
                "{most} of {nominal}"
            );
        }
    }

    #[test]
    fn no_probes_are_one_probe() {
        for times in [0, 1] {
            assert_eq!(Repeats::new(times).next(ms(0), &mut Rng::new(1)), None);
        }
    }

    #[test]
    fn a_round_trip_is_from_the_last_question_that_was_put_by_then() {
        let mut asked = Asked::default();
        assert_eq!((asked.last(), asked.round_trip(ms(9))), (None, Duration::ZERO));
        asked.ask(ms(10));
        assert_eq!(asked.last(), Some(ms(10)));
        for (taken, round_trip) in [(9, 0), (10, 0), (15, 5)] {
            assert_eq!(asked.round_trip(ms(taken)), Duration::from_millis(round_trip));
        }
        asked.ask(ms(20));
        for (taken, round_trip) in [(9, 0), (19, 9), (20, 0), (25, 5)] {
            assert_eq!(asked.round_trip(ms(taken)), Duration::from_millis(round_trip));
        }
    }

    #[test]
    fn what_is_due_first_leaves_first_and_what_is_due_together_in_the_order_of_coming() {
        let mut waiting = Waiting::new();
        assert_eq!((waiting.due(), waiting.pop_due(ms(99)), waiting.len()), (None, None, 0));
        let to = |port: u16| Path::new(([10, 0, 0, 1], port).into());
        for (due, port) in [(20, 7), (10, 9), (10, 8), (10, 6), (30, 5)] {
            waiting.push(ms(due), to(port));
        }
        assert_eq!((waiting.len(), waiting.due()), (5, Some(ms(10))));
        assert_eq!(waiting.pop_due(ms(9)), None);
        for (now, port) in [(10, 9), (11, 8), (11, 6)] {
            assert_eq!(waiting.pop_due(ms(now)), Some(to(port)));
        }
        assert_eq!((waiting.pop_due(ms(19)), waiting.pop_due(ms(40))), (None, Some(to(7))));
        assert_eq!(waiting.pop_due(ms(40)), Some(to(5)));
    }

    #[test]
    fn so_many_wait_and_no_more() {
        let mut waiting = Waiting::new();
        for n in 0..MOST_WAITING {
            assert!(!waiting.is_full());
            waiting.push(ms(1), Path::new(([10, 0, 0, 1], n as u16).into()));
        }
        assert!(waiting.is_full());
        waiting.pop_due(ms(1));
        assert!(!waiting.is_full());
    }
}

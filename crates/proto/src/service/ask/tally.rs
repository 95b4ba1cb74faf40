//! How dense the answers of a sweep are, slice by slice.

use alloc::vec::Vec;
use core::time::Duration;

use crate::Instant;

/// Slices that a sweep may have: at the slowest rate this is seven minutes' worth.
pub(crate) const MOST_SLICES: usize = 1 << MOST_SLICE_BITS;
pub(crate) const MOST_SLICE_BITS: u8 = 12;
/// Answers later than this after the end of their window show congestion.
const LATE: Duration = Duration::from_millis(5);
/// Slices whose mean is expected of the next one.
const RECENT: usize = 4;

#[derive(Debug, Clone, Copy)]
struct Slice {
    asked: Instant,
    window_ends: Instant,
    answers: u32,
}

/// An answer to a question of the sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    /// It came long after its window.
    pub(crate) is_late: bool,
    /// When the question was put.
    pub(crate) asked: Instant,
}

/// The answers of a sweep. Only slices whose window is over tell their density: answers that a slow
/// network still holds back would otherwise be taken for a sparse slice, and asked for faster still.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    slices: Vec<Slice>,
    /// Slices at the front whose window is over.
    over: usize,
    /// Thousandths of an answer expected of a slice at the sweep's start.
    expected: u64,
    answers: u64,
    late: u64,
    last_window: Instant,
}

impl Tally {
    pub(crate) fn new() -> Tally {
        Tally {
            slices: Vec::with_capacity(MOST_SLICES),
            over: 0,
            expected: 0,
            answers: 0,
            late: 0,
            last_window: Instant::ZERO,
        }
    }

    /// A sweep begins, with this many thousandths of an answer expected of each slice.
    pub(crate) fn begin(&mut self, now: Instant, expected: u64) {
        self.slices.clear();
        (self.over, self.answers, self.late) = (0, 0, 0);
        self.expected = expected;
        self.last_window = now;
    }

    /// The next slice was asked, for answers until then.
    pub(crate) fn asked(&mut self, now: Instant, window_ends: Instant) {
        self.slices.push(Slice { asked: now, window_ends, answers: 0 });
        self.last_window = self.last_window.max(window_ends);
    }

    /// How many slices were asked.
    pub(crate) fn len(&self) -> usize {
        self.slices.len()
    }

    /// An answer of a slice of this sweep came. `None` if there is no such slice.
    pub(crate) fn heard(&mut self, now: Instant, slice: usize) -> Option<Heard> {
        let slice = self.slices.get_mut(slice)?;
        slice.answers += 1;
        let is_late = now > slice.window_ends + LATE;
        self.answers += 1;
        self.late += u64::from(is_late);
        Some(Heard { is_late, asked: slice.asked })
    }

    /// Thousandths of an answer expected of the next slice.
    pub(crate) fn density(&mut self, now: Instant) -> u64 {
        while self.slices.get(self.over).is_some_and(|slice| slice.window_ends <= now) {
            self.over += 1;
        }
        let recent = self.slices.get(self.over.saturating_sub(RECENT)..self.over).unwrap_or(&[]);
        if recent.is_empty() {
            return self.expected;
        }
        let answers: u64 = recent.iter().map(|slice| u64::from(slice.answers)).sum();
        let mean = answers * 1000 / recent.len() as u64;
        // Silence under congestion is not emptiness.
        if self.late * 5 > self.answers { mean.max(self.expected) } else { mean }
    }

    /// When the last window is over.
    pub(crate) fn last_window(&self) -> Instant {
        self.last_window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn only_slices_whose_window_is_over_are_counted() {
        let mut tally = Tally::new();
        tally.begin(at(0), 9_000);
        for slice in 0..6 {
            tally.asked(at(slice), at(10 + slice));
        }
        for slice in 0..6 {
            let heard = Some(Heard { is_late: false, asked: at(slice as u64) });
            (0..slice).for_each(|_| assert_eq!(tally.heard(at(5), slice), heard));
        }
        assert_eq!(tally.heard(at(5), 6), None);
        assert_eq!(tally.density(at(9)), 9_000);
        assert_eq!(tally.density(at(11)), 500);
        assert_eq!(tally.density(at(15)), (2 + 3 + 4 + 5) * 250);
        assert_eq!(tally.last_window(), at(15));
    }

    #[test]
    fn late_answers_keep_the_expectation_up() {
        let mut tally = Tally::new();
        tally.begin(at(0), 9_000);
        tally.asked(at(1), at(10));
        assert_eq!(tally.heard(at(16), 0), Some(Heard { is_late: true, asked: at(1) }));
        assert_eq!(tally.density(at(17)), 9_000);
        tally.begin(at(20), 3_000);
        assert_eq!(tally.density(at(20)), 3_000);
    }
}

//! When which question is put: all of a dialect's one after the other, and the whole again after a while.

use core::time::Duration;

use mcast_proto::Instant;

use super::draws::Draws;

/// Between two questions of a round.
const BETWEEN: Duration = Duration::from_millis(40);
/// From the start of a round to its first repeat; each further one comes after twice as long. A round in
/// which a burst of loss fell is over by then.
const FIRST_GAP: Duration = Duration::from_millis(500);
/// A question is put so often in one round at the most, with its repeats: what a dialect's standard allows,
/// and what its devices bear.
pub const MOST_REPEATS: u32 = 3;

/// The questions of one round and their repeats.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    questions: usize,
    repeats: u32,
    /// The question that is next, of the round's so many that are left with this one.
    nth: usize,
    left: u32,
    gap: Duration,
    next: Option<Instant>,
    /// When the last one was put, and the one before.
    last: Option<Instant>,
    before: Option<Instant>,
}

impl Asking {
    /// So many questions, each put so often in a round: once at the least, [`MOST_REPEATS`] at the most.
    pub(crate) fn new(questions: usize, repeats: u32) -> Asking {
        Asking {
            questions,
            repeats: repeats.clamp(1, MOST_REPEATS),
            nth: 0,
            left: 0,
            gap: FIRST_GAP,
            next: None,
            last: None,
            before: None,
        }
    }

    /// Starts a round, in place of what is left of the one before.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.nth = 0;
        self.left = self.repeats;
        self.gap = FIRST_GAP;
        self.next = (self.questions > 0).then_some(now);
    }

    /// When the next question is due; `None` once all are put.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// The question that is due, which is put now.
    pub(crate) fn take(&mut self, now: Instant, draws: &mut Draws) -> Option<usize> {
        self.next.filter(|next| *next <= now)?;
        let nth = self.nth;
        self.before = self.last.replace(now);
        self.nth += 1;
        self.next = if self.nth < self.questions {
            Some(now + draws.around(BETWEEN))
        } else {
            self.nth = 0;
            self.left = self.left.saturating_sub(1);
            let gap = self.gap;
            self.gap = gap * 2;
            (self.left > 0).then(|| now + draws.around(gap))
        };
        Some(nth)
    }

    pub(crate) fn last(&self) -> Option<Instant> {
        self.last
    }

    /// From the last question to what was taken in at that time; from the one before where it was taken in
    /// before the last one was put.
    pub(crate) fn round_trip(&self, taken: Instant) -> Duration {
        let asked = [self.last, self.before].into_iter().flatten().find(|asked| *asked <= taken);
        asked.map_or(Duration::ZERO, |asked| taken - asked)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// The questions of a round with the times since its start.
    fn round(asking: &mut Asking, draws: &mut Draws) -> Vec<(usize, Duration)> {
        let start = Instant::from_millis(1_000);
        asking.begin(start);
        let mut put = Vec::new();
        while let Some(next) = asking.next() {
            assert_eq!(asking.take(next + Duration::ZERO, draws).map(|_| asking.last()), {
                Some(Some(next))
            });
            put.push(((put.len()) % 2, next - start));
        }
        put
    }

    #[test]
    fn all_are_put_one_after_the_other_and_then_again() {
        for seed in 0..100 {
            let (mut asking, mut draws) = (Asking::new(2, 3), Draws::new(seed));
            for _ in 0..2 {
                let put = round(&mut asking, &mut draws);
                assert_eq!(put.len(), 6);
                let gap = |from: usize| put[from + 1].1 - put[from].1;
                for pair in [0, 2, 4] {
                    assert!(gap(pair) >= BETWEEN * 3 / 4 && gap(pair) <= BETWEEN * 5 / 4);
                }
                assert!(gap(1) >= FIRST_GAP * 3 / 4 && gap(1) <= FIRST_GAP * 5 / 4);
                assert!(gap(3) >= FIRST_GAP * 3 / 2 && gap(3) <= FIRST_GAP * 5 / 2);
            }
        }
    }

    #[test]
    fn which_question_it_is_and_no_sooner_than_it_is_due() {
        let (mut asking, mut draws) = (Asking::new(3, 0), Draws::new(7));
        let start = Instant::from_millis(5);
        assert_eq!((asking.next(), asking.take(start, &mut draws)), (None, None));
        asking.begin(start);
        assert_eq!(asking.take(Instant::from_millis(4), &mut draws), None);
        for nth in 0..3 {
            let next = asking.next().expect("a question");
            assert_eq!(asking.take(next, &mut draws), Some(nth));
        }
        assert_eq!(asking.next(), None);
        let mut none = Asking::new(0, 3);
        none.begin(start);
        assert_eq!(none.next(), None);
        let mut many = Asking::new(1, 100);
        assert_eq!(round(&mut many, &mut draws).len() as u32, MOST_REPEATS);
    }

    #[test]
    fn a_round_trip_is_from_the_last_question_that_was_put_by_then() {
        let (mut asking, mut draws) = (Asking::new(2, 1), Draws::new(7));
        let ms = Instant::from_millis;
        assert_eq!(asking.round_trip(ms(9)), Duration::ZERO);
        asking.begin(ms(10));
        asking.take(ms(10), &mut draws);
        asking.take(ms(200), &mut draws);
        for (taken, round_trip) in [(9, 0), (10, 0), (199, 189), (200, 0), (205, 5)] {
            assert_eq!(asking.round_trip(ms(taken)), Duration::from_millis(round_trip));
        }
    }
}

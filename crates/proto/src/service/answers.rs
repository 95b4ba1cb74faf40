//! Answers that wait for their time.

use alloc::vec::Vec;
use core::time::Duration;

use crate::rng::Rng;
use crate::{Instant, Path};

/// One copy of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) due: Instant,
    /// Who asked.
    pub(super) to: Path,
    pub(super) txn: u64,
    pub(super) round: u16,
    pub(super) copy: u8,
    /// The longest that it may be.
    pub(super) limit: usize,
}

/// All answers that wait, so few that looking through them is the quickest.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    waiting: Vec<Answer>,
    most: usize,
    due: Option<Instant>,
}

impl Answers {
    pub(super) fn new(most: usize) -> Answers {
        Answers { waiting: Vec::with_capacity(most), most, due: None }
    }

    /// A later question of a session comes: of what waits for it, the first alone is kept. A query that
    /// somebody forged in its name puts nothing off, and a burst of queries is not answered in full.
    pub(super) fn supersede(&mut self, to: Path, txn: u64) {
        let is_older = |answer: &Answer| answer.txn == txn && answer.to.remote == to.remote;
        let older = self.waiting.iter().enumerate().filter(|(_, answer)| is_older(answer));
        let Some((first, _)) = older.min_by_key(|(_, answer)| answer.due) else { return };
        let mut place = 0..;
        self.waiting.retain(|answer| place.next() == Some(first) || !is_older(answer));
    }

    /// Spreads copies over the window, each at a random time in a part of its own. Says whether any has a
    /// place: where there is no room left, what would wait for longest gives way, so that nobody can fill
    /// it with answers that are never due.
    pub(super) fn spread(
        &mut self,
        now: Instant,
        answer: Answer,
        copies: u8,
        window: Duration,
        rng: &mut Rng,
    ) -> bool {
        let mut placed = false;
        let part = window / u32::from(copies.max(1));
        for copy in 0..copies {
            let due = now + part * u32::from(copy) + rng.within(part);
            placed |= self.place(Answer { due, copy, ..answer });
        }
        self.update();
        placed
    }

    fn place(&mut self, answer: Answer) -> bool {
        if self.waiting.len() < self.most {
            self.waiting.push(answer);
            return true;
        }
        let longest = self.waiting.iter_mut().max_by_key(|waiting| waiting.due);
        match longest.filter(|longest| longest.due > answer.due) {
            Some(longest) => {
                *longest = answer;
                true
            }
            None => false,
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Answer> {
        let due = self.due.filter(|due| *due <= now)?;
        let at = self.waiting.iter().position(|answer| answer.due == due)?;
        let answer = self.waiting.swap_remove(at);
        self.update();
        Some(answer)
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.due = None;
    }

    fn update(&mut self) {
        self.due = self.waiting.iter().map(|answer| answer.due).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(txn: u64) -> Answer {
        let to = Path::new("10.0.0.9:4000".parse().unwrap());
        let due = Instant::ZERO;
        Answer { due, to, txn, round: 1, copy: 0, limit: 128 }
    }

    #[test]
    fn each_copy_has_a_part_of_the_window_to_itself() {
        let mut rng = Rng::new(1);
        let window = Duration::from_millis(30);
        for _ in 0..100 {
            let mut answers = Answers::new(64);
            assert!(answers.spread(Instant::ZERO, answer(1), 3, window, &mut rng));
            for copy in 0..3 {
                let sent = answers.pop_due(Instant::from_millis(10 * (copy + 1))).unwrap();
                assert_eq!(u64::from(sent.copy), copy);
                assert!(sent.due >= Instant::from_millis(10 * copy));
            }
            assert_eq!(answers.due(), None);
        }
    }

    #[test]
    fn a_later_question_leaves_the_first_of_what_waits_where_it_is() {
        let mut rng = Rng::new(2);
        let mut answers = Answers::new(64);
        let window = Duration::from_secs(1);
        answers.spread(Instant::ZERO, answer(1), 3, window, &mut rng);
        answers.spread(Instant::ZERO, answer(2), 2, window, &mut rng);
        let first = answers.waiting.iter().find(|waiting| waiting.txn == 1).copied().unwrap();
        for round in 2..5 {
            answers.supersede(answer(1).to, 1);
            let later = Answer { round, ..answer(1) };
            answers.spread(Instant::from_millis(900), later, 3, window, &mut rng);
            assert!(answers.waiting.contains(&first));
            let waits = |txn| answers.waiting.iter().filter(|waiting| waiting.txn == txn).count();
            assert_eq!((waits(1), waits(2)), (4, 2));
        }
        answers.supersede(Path::new("10.0.0.8:4000".parse().unwrap()), 1);
        assert_eq!(answers.waiting.len(), 6);
    }

    #[test]
    fn what_would_wait_for_longest_gives_way() {
        let mut rng = Rng::new(3);
        let mut answers = Answers::new(4);
        let (long, short) = (Duration::from_secs(10), Duration::from_millis(1));
        assert!(answers.spread(Instant::from_millis(100), answer(1), 3, long, &mut rng));
        assert!(answers.spread(Instant::from_millis(100), answer(2), 3, short, &mut rng));
        assert_eq!(answers.waiting.len(), 4);
        let of_second = answers.waiting.iter().filter(|waiting| waiting.txn == 2).count();
        assert_eq!(of_second, 3);
        assert!(!answers.spread(Instant::from_millis(20_000), answer(3), 3, long, &mut rng));
    }
}

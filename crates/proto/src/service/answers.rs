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
    /// Whether it goes to the group instead.
    pub(super) by_group: bool,
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

    /// Takes out what waits for a session's earlier round, which a later one replaces; says when the
    /// first of it would have been sent.
    pub(super) fn replace(&mut self, to: Path, txn: u64) -> Option<Instant> {
        let is_older = |answer: &Answer| answer.txn == txn && answer.to.remote == to.remote;
        let first = self.waiting.iter().filter(|old| is_older(old)).map(|old| old.due).min();
        if first.is_some() {
            self.waiting.retain(|old| !is_older(old));
            self.update();
        }
        first
    }

    /// Spreads copies over the window, each at a random time in a part of its own; the first not
    /// later than `latest_first`. Says whether any has a place: where there is no room left, what would
    /// wait for longest gives way, so that nobody can fill it with answers that are never due.
    pub(super) fn spread(
        &mut self,
        now: Instant,
        answer: Answer,
        copies: u8,
        window: Duration,
        latest_first: Option<Instant>,
        rng: &mut Rng,
    ) -> bool {
        let mut placed = false;
        let part = window / u32::from(copies.max(1));
        for copy in 0..copies {
            let mut due = now + part * u32::from(copy) + rng.within(part);
            if let Some(latest) = latest_first.filter(|_| copy == 0) {
                due = due.min(latest);
            }
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
        Answer { due, to, by_group: false, txn, round: 1, copy: 0, limit: 128 }
    }

    #[test]
    fn each_copy_has_a_part_of_the_window_to_itself() {
        let mut rng = Rng::new(1);
        let window = Duration::from_millis(30);
        for _ in 0..100 {
            let mut answers = Answers::new(64);
            assert!(answers.spread(Instant::ZERO, answer(1), 3, window, None, &mut rng));
            for copy in 0..3 {
                let sent = answers.pop_due(Instant::from_millis(10 * (copy + 1))).unwrap();
                assert_eq!(u64::from(sent.copy), copy);
                assert!(sent.due >= Instant::from_millis(10 * copy));
            }
            assert_eq!(answers.due(), None);
        }
    }

    #[test]
    fn a_later_round_replaces_what_waits_and_never_puts_it_off() {
        let mut rng = Rng::new(2);
        let mut answers = Answers::new(64);
        let window = Duration::from_secs(1);
        answers.spread(Instant::ZERO, answer(1), 1, window, None, &mut rng);
        answers.spread(Instant::ZERO, answer(2), 1, window, None, &mut rng);
        let first = answers.replace(answer(1).to, 1);
        assert_eq!(answers.waiting.len(), 1);
        let later = Answer { round: 2, ..answer(1) };
        answers.spread(Instant::ZERO, later, 3, window * 1000, first, &mut rng);
        assert!(answers.due() <= first);
        assert_eq!(answers.replace(answer(3).to, 3), None);
    }

    #[test]
    fn what_would_wait_for_longest_gives_way() {
        let mut rng = Rng::new(3);
        let mut answers = Answers::new(4);
        let (long, short) = (Duration::from_secs(10), Duration::from_millis(1));
        assert!(answers.spread(Instant::from_millis(100), answer(1), 3, long, None, &mut rng));
        assert!(answers.spread(Instant::from_millis(100), answer(2), 3, short, None, &mut rng));
        assert_eq!(answers.waiting.len(), 4);
        let of_second = answers.waiting.iter().filter(|waiting| waiting.txn == 2).count();
        assert_eq!(of_second, 3);
        assert!(!answers.spread(Instant::from_millis(20_000), answer(3), 3, long, None, &mut rng));
    }
}

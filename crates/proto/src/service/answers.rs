//! Answers that wait for their time.

use alloc::vec::Vec;
use core::time::Duration;

use crate::rng::Rng;
use crate::{Instant, Path};

/// An answer, to be sent once or several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    /// Who asked.
    pub(super) to: Path,
    pub(super) txn: u64,
    pub(super) round: u16,
    /// The longest that it may be.
    pub(super) limit: usize,
    /// The copy that is sent next, from 0, and how many there are.
    pub(super) copy: u8,
    pub(super) copies: u8,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    due: Instant,
    answer: Answer,
    /// Each copy has a part of the window to itself: when that of the next begins.
    begins: Instant,
    part: Duration,
}

/// All answers that wait, so few that looking through them is the quickest. None takes another's place
/// because of what its question says: whoever forged a question could cancel an answer by it.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    waiting: Vec<Waiting>,
    most: usize,
    due: Option<Instant>,
}

/// What became of an answer that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// It waits.
    Free,
    /// It waits, in the place of this one, which is not sent.
    InPlaceOf(Answer),
    /// It has no place.
    Nowhere,
}

impl Answers {
    /// Room for `most`, at least one.
    pub(super) fn new(most: usize) -> Answers {
        Answers { waiting: Vec::with_capacity(most), most, due: None }
    }

    /// Spreads the copies of an answer over the window, each at a random time in a part of its own. Where
    /// there is no room left, what would wait for longest gives way, so that nobody can fill it with
    /// answers that are never due.
    pub(super) fn spread(
        &mut self,
        now: Instant,
        answer: Answer,
        window: Duration,
        rng: &mut Rng,
    ) -> Placed {
        let part = window / u32::from(answer.copies.max(1));
        let waiting = Waiting { due: now + rng.within(part), answer, begins: now, part };
        let placed = self.place(waiting);
        self.update();
        placed
    }

    fn place(&mut self, new: Waiting) -> Placed {
        if self.waiting.len() < self.most {
            self.waiting.push(new);
            return Placed::Free;
        }
        let longest = self.waiting.iter_mut().max_by_key(|waiting| waiting.due);
        match longest.filter(|longest| longest.due > new.due) {
            Some(longest) => Placed::InPlaceOf(core::mem::replace(longest, new).answer),
            None => Placed::Nowhere,
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes out the next copy that is due.
    pub(super) fn pop_due(&mut self, now: Instant, rng: &mut Rng) -> Option<Answer> {
        let due = self.due.filter(|due| *due <= now)?;
        let at = self.waiting.iter().position(|waiting| waiting.due == due)?;
        let waiting = self.waiting.get_mut(at)?;
        let answer = waiting.answer;
        waiting.answer.copy += 1;
        if waiting.answer.copy < answer.copies {
            waiting.begins = waiting.begins + waiting.part;
            waiting.due = waiting.begins + rng.within(waiting.part);
        } else {
            self.waiting.swap_remove(at);
        }
        self.update();
        Some(answer)
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.due = None;
    }

    fn update(&mut self) {
        self.due = self.waiting.iter().map(|waiting| waiting.due).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(txn: u64, copies: u8) -> Answer {
        let to = Path::new("10.0.0.9:4000".parse().unwrap());
        Answer { to, txn, round: 1, limit: 128, copy: 0, copies }
    }

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn each_copy_has_a_part_of_the_window_to_itself() {
        let mut rng = Rng::new(1);
        let window = Duration::from_millis(30);
        let mut tenths = [0u32; 30];
        for _ in 0..1_000 {
            let mut answers = Answers::new(64);
            assert_eq!(answers.spread(at(100), answer(1, 3), window, &mut rng), Placed::Free);
            for copy in 0..3 {
                let due = answers.due().unwrap();
                assert!(due >= at(100 + 10 * copy) && due <= at(110 + 10 * copy), "{due:?}");
                tenths[((due - at(100)).as_millis() as usize).min(29)] += 1;
                assert_eq!(answers.pop_due(at(99 + 10 * copy), &mut rng), None);
                let sent = answers.pop_due(due, &mut rng).unwrap();
                assert_eq!(sent, Answer { copy: copy as u8, ..answer(1, 3) });
            }
            assert_eq!(answers.due(), None);
        }
        assert!(tenths.iter().all(|n| (50..160).contains(n)), "{tenths:?}");
    }

    #[test]
    fn a_later_answer_to_the_same_asker_leaves_what_waits_where_it_is() {
        let mut rng = Rng::new(2);
        let mut answers = Answers::new(64);
        let window = Duration::from_millis(24);
        answers.spread(at(0), Answer { round: 7, ..answer(1, 3) }, window, &mut rng);
        for ms in 0..50 {
            // What somebody forged in its name, due before it.
            let forged = Answer { round: 60_000, ..answer(1, 1) };
            answers.spread(at(0), forged, Duration::from_micros(ms), &mut rng);
        }
        let sent: Vec<Answer> = core::iter::from_fn(|| answers.pop_due(at(24), &mut rng)).collect();
        let copies = sent.iter().filter(|sent| sent.round == 7).map(|sent| sent.copy);
        assert!(copies.eq(0..3) && sent.len() == 53);
    }

    #[test]
    fn what_would_wait_for_longest_gives_way_and_is_named() {
        let mut rng = Rng::new(3);
        let mut answers = Answers::new(2);
        let (long, short) = (Duration::from_secs(10), Duration::ZERO);
        for txn in 1..3 {
            assert_eq!(answers.spread(at(0), answer(txn, 3), long, &mut rng), Placed::Free);
        }
        let longest = answers.waiting.iter().max_by_key(|waiting| waiting.due).unwrap().answer;
        let placed = answers.spread(at(1), answer(3, 3), short, &mut rng);
        assert_eq!(placed, Placed::InPlaceOf(longest));
        assert_eq!(answers.due(), Some(at(1)));
        let placed = answers.spread(at(10_000), answer(4, 3), short, &mut rng);
        assert_eq!(placed, Placed::Nowhere);
        // One that would wait as long does not push another out.
        let mut answers = Answers::new(1);
        assert_eq!(answers.spread(at(0), answer(1, 1), short, &mut rng), Placed::Free);
        assert_eq!(answers.spread(at(0), answer(2, 1), short, &mut rng), Placed::Nowhere);
        answers.clear();
        assert_eq!((answers.due(), answers.pop_due(at(9), &mut rng)), (None, None));
        assert_eq!(answers.spread(at(0), answer(2, 1), short, &mut rng), Placed::Free);
    }
}

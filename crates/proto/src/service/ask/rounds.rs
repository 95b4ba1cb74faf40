//! Which rounds may still be answered.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::Instant;

/// Rounds that are remembered.
const MOST: usize = 64;
/// For how long answers to a round are waited for: longer than any window that is asked for, and a
/// second. Later they may have been sent again by anybody.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);

/// A round of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) number: u16,
    /// When its first question was put.
    pub(crate) began: Instant,
    last_asked: Instant,
}

/// The rounds of a session, the latest last. Their numbers wrap in a session that goes on for long, so
/// that a number alone says nothing.
#[derive(Debug, Clone)]
pub(crate) struct Rounds(VecDeque<Round>);

impl Rounds {
    pub(crate) fn new() -> Rounds {
        Rounds(VecDeque::with_capacity(MOST))
    }

    /// A question of this round is put.
    pub(crate) fn ask(&mut self, now: Instant, number: u16) {
        match self.0.back_mut().filter(|round| round.number == number) {
            Some(round) => round.last_asked = now,
            None => {
                if self.0.len() == MOST {
                    self.0.pop_front();
                }
                self.0.push_back(Round { number, began: now, last_asked: now });
            }
        }
    }

    /// The round of this number, if an answer to it may still come.
    pub(crate) fn answered(&self, now: Instant, number: u16) -> Option<Round> {
        let is_it = |round: &&Round| round.number == number;
        let round = self.0.iter().rev().find(is_it)?;
        (now - round.last_asked <= ANSWERED_WITHIN).then_some(*round)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn a_round_is_answered_for_four_seconds_after_its_last_question() {
        let mut rounds = Rounds::new();
        assert_eq!(rounds.answered(at(0), 0), None);
        rounds.ask(at(10), 1);
        rounds.ask(at(1_000), 1);
        rounds.ask(at(1_500), 2);
        let first = rounds.answered(at(5_000), 1).unwrap();
        assert_eq!((first.number, first.began), (1, at(10)));
        assert_eq!(rounds.answered(at(5_001), 1), None);
        assert_eq!(rounds.answered(at(5_001), 2).unwrap().began, at(1_500));
        assert_eq!(rounds.answered(at(5_001), 3), None);
    }

    #[test]
    fn of_two_rounds_of_one_number_the_latest_counts_and_64_are_remembered() {
        let mut rounds = Rounds::new();
        rounds.ask(at(1), 7);
        rounds.ask(at(2), 8);
        rounds.ask(at(3), 7);
        assert_eq!(rounds.answered(at(4), 7).unwrap().began, at(3));
        (100..163).for_each(|number| rounds.ask(at(5), number));
        assert!(rounds.answered(at(5), 7).is_some() && rounds.answered(at(5), 8).is_none());
        rounds.ask(at(6), 163);
        assert_eq!(rounds.answered(at(6), 7), None);
    }
}

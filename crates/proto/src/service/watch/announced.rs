//! Those who announced themselves and have not answered yet.

use alloc::vec::Vec;
use core::time::Duration;

use crate::Instant;

/// So many are remembered: enough to know that somebody is to be asked for.
const MOST: usize = 256;
/// Who has not answered by then may be deaf, or made up.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// Responders of which nothing is known but that somebody announced them. An announcement proves
/// nothing, so that they are kept apart from those who answered, and for a short time alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Announced {
    /// By time.
    waiting: Vec<(u64, Instant)>,
    /// Heard since they were last asked for.
    news: u64,
}

impl Announced {
    /// One that is not known was announced.
    pub(crate) fn hear(&mut self, now: Instant, id: u64) {
        self.expire(now);
        if self.waiting.iter().any(|(waiting, _)| *waiting == id) {
            return;
        }
        self.news += 1;
        if self.waiting.len() == MOST {
            self.waiting.remove(0);
        }
        self.waiting.push((id, now));
    }

    /// It has answered.
    pub(crate) fn answered(&mut self, id: u64) {
        self.waiting.retain(|(waiting, _)| *waiting != id);
    }

    fn expire(&mut self, now: Instant) {
        self.waiting.retain(|(_, heard)| now - *heard < FORGOTTEN_AFTER);
    }

    /// Takes those who are to be asked for, by their number.
    pub(crate) fn take_news(&mut self) -> u64 {
        core::mem::take(&mut self.news)
    }

    /// Whether some were asked for and have not answered.
    pub(crate) fn are_waiting(&mut self, now: Instant) -> bool {
        self.expire(now);
        !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_news_once_until_it_answers_or_is_forgotten() {
        let (start, later) = (Instant::ZERO, Instant::from_millis(10_000));
        let mut announced = Announced::default();
        announced.hear(start, 1);
        announced.hear(start, 1);
        announced.hear(start, 2);
        assert_eq!((announced.take_news(), announced.take_news()), (2, 0));
        assert!(announced.are_waiting(start));
        announced.answered(1);
        assert!(announced.are_waiting(Instant::from_millis(9_999)));
        assert!(!announced.are_waiting(later));
        announced.hear(later, 2);
        assert_eq!(announced.take_news(), 1);
        announced.answered(2);
        assert!(!announced.are_waiting(later));
    }

    #[test]
    fn however_many_are_made_up_few_are_remembered_and_all_are_counted() {
        let mut announced = Announced::default();
        (0..5_000).for_each(|id| announced.hear(Instant::ZERO, id));
        assert_eq!(announced.take_news(), 5_000);
        assert_eq!(announced.waiting.len(), MOST);
        assert_eq!(announced.waiting.last(), Some(&(4_999, Instant::ZERO)));
    }
}

//! Those who have proven that they went.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::Instant;
use crate::wire::Epoch;

/// Longer than any answer is waited for.
const REMEMBERED: Duration = Duration::from_secs(10);
const MOST: usize = 1024;

/// Responders that said goodbye and proved it: an answer from before, late or sent again by somebody,
/// brings none of them back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Departed(VecDeque<(u64, Option<Epoch>, Instant)>);

impl Departed {
    pub(crate) fn insert(&mut self, now: Instant, id: u64, epoch: Option<Epoch>) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((id, epoch, now));
    }

    /// Whether what it said at this epoch was said before it went.
    pub(crate) fn has(&mut self, now: Instant, id: u64, epoch: Option<Epoch>) -> bool {
        while self.0.front().is_some_and(|(.., went)| now - *went >= REMEMBERED) {
            self.0.pop_front();
        }
        self.0.iter().any(|(departed, last, _)| *departed == id && epoch <= *last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_before_a_goodbye_is_past_for_ten_seconds() {
        let epoch = |boot, seq| Some(Epoch { boot, seq });
        let mut departed = Departed::default();
        departed.insert(Instant::ZERO, 7, epoch(1, 9));
        let last = Instant::from_millis(9_999);
        assert!(departed.has(last, 7, epoch(1, 9)) && departed.has(last, 7, None));
        assert!(!departed.has(last, 7, epoch(2, 0)) && !departed.has(last, 8, epoch(1, 9)));
        assert!(!departed.has(Instant::from_millis(10_000), 7, epoch(1, 9)));
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut departed = Departed::default();
        (0..=MOST as u64).for_each(|id| departed.insert(Instant::ZERO, id, None));
        assert!(!departed.has(Instant::ZERO, 0, None) && departed.has(Instant::ZERO, 1, None));
    }
}

//! What is still to be asked because of an answer: questions to one, or after one, that wait for their turn.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::{Destination, Instant};

use super::fair::Source;

/// From one to the next: answers of strangers decide that they are sent, and so never many at a time.
const BETWEEN: Duration = Duration::from_millis(20);
/// Those that wait at one time.
const MOST_WAITING: usize = 128;
/// Those of one source that wait at one time.
const MOST_OF_ONE: usize = 8;

/// A datagram that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FollowUp {
    pub(crate) to: Destination,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct FollowUps {
    waiting: VecDeque<(Source, FollowUp)>,
    /// When the last one was sent.
    last: Option<Instant>,
}

impl FollowUps {
    /// Adds one that an answer from there gave rise to, if there is room.
    pub(crate) fn push(&mut self, because_of: Source, follow_up: FollowUp) -> bool {
        let own = self.waiting.iter().filter(|(source, _)| *source == because_of).count();
        let has_room = self.waiting.len() < MOST_WAITING && own < MOST_OF_ONE;
        if has_room {
            self.waiting.push_back((because_of, follow_up));
        }
        has_room
    }

    /// When the next is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        let next = self.last.map_or(Instant::AT_ONCE, |last| last + BETWEEN);
        (!self.waiting.is_empty()).then_some(next)
    }

    pub(crate) fn take(&mut self, now: Instant) -> Option<FollowUp> {
        self.due().filter(|due| *due <= now)?;
        self.last = Some(now);
        self.waiting.pop_front().map(|(_, follow_up)| follow_up)
    }

    pub(crate) fn last(&self) -> Option<Instant> {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(host: u8) -> Source {
        Source::of(([10, 0, 0, host], 9).into())
    }

    fn follow_up(n: u8) -> FollowUp {
        FollowUp { to: Destination::GROUP, bytes: alloc::vec![n] }
    }

    #[test]
    fn they_leave_in_order_and_not_many_at_a_time() {
        let mut waiting = FollowUps::default();
        assert_eq!((waiting.due(), waiting.take(Instant::ZERO)), (None, None));
        assert!(waiting.push(source(1), follow_up(1)) && waiting.push(source(1), follow_up(2)));
        let now = Instant::from_millis(7);
        assert_eq!(waiting.take(now), Some(follow_up(1)));
        assert_eq!((waiting.take(now), waiting.due()), (None, Some(now + BETWEEN)));
        assert_eq!(waiting.take(now + BETWEEN), Some(follow_up(2)));
        assert_eq!((waiting.due(), waiting.last()), (None, Some(now + BETWEEN)));
    }

    #[test]
    fn one_source_has_its_share_and_all_have_an_end() {
        let mut waiting = FollowUps::default();
        let took = |waiting: &mut FollowUps, host| {
            (0..200).filter(|n| waiting.push(source(host), follow_up(*n))).count()
        };
        assert_eq!(took(&mut waiting, 1), MOST_OF_ONE);
        assert_eq!((2..60).map(|host| took(&mut waiting, host)).sum::<usize>(), 120);
        assert_eq!(waiting.waiting.len(), MOST_WAITING);
    }
}

//! How many responders there are, as far as one of them can tell.

use core::time::Duration;

use crate::Instant;
use crate::wire::Query;

/// For how long announcements count.
const MEMORY: Duration = Duration::from_secs(600);
/// Each responder announces itself this many times at its start.
const ANNOUNCEMENTS: u64 = 3;
/// More than this nobody is believed.
const MOST: u64 = 1 << 17;
/// Answers a second that the group of all responders sends to one asker at the most, and to the group.
const UNICAST_RATE: u64 = 100_000;
const GROUP_RATE: u64 = 1_000;
const LONGEST_WINDOW: Duration = Duration::from_secs(2);

/// Counts announcements, so that a forged query can't make a large group answer within a millisecond.
///
/// What a query itself says of the group's size widens the window of its own answer and no other's: a
/// forged one would otherwise slow the answers to everybody.
#[derive(Debug, Clone, Default)]
pub(super) struct Crowd {
    announcements: u64,
    /// The first of them.
    since: Option<Instant>,
    before: u64,
}

impl Crowd {
    pub(super) fn heard_announcement(&mut self, now: Instant) {
        let age = now - *self.since.get_or_insert(now);
        if age > MEMORY {
            self.before = if age > 2 * MEMORY { 0 } else { self.announcements };
            (self.announcements, self.since) = (0, Some(now));
        }
        self.announcements += 1;
    }

    fn size(&self, now: Instant) -> u64 {
        let is_fresh = self.since.is_some_and(|since| now - since <= 2 * MEMORY);
        let heard = if is_fresh { self.announcements.max(self.before) } else { 0 };
        heard / ANNOUNCEMENTS + 1
    }

    /// The time over which an answer to this query is spread: what it asks for, or more where so many
    /// are asked that they would answer faster than the rate.
    pub(super) fn window(&self, now: Instant, query: &Query<'_>) -> Duration {
        let said = query.estimate.map_or(1, |bits| 1 << bits.min(17));
        let asked = self.size(now).max(said).min(MOST)
            >> query.slice.bits().saturating_add(query.sample_bits).min(63);
        let rate = if query.multicast_reply { GROUP_RATE } else { UNICAST_RATE };
        let needed = Duration::from_nanos(asked * 1_000_000_000 / rate).min(LONGEST_WINDOW);
        Duration::from_millis(query.window_ms.into()).max(needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_group_takes_its_time_even_when_asked_to_hurry() {
        let mut crowd = Crowd::default();
        let hurried = Query::new(1, 1);
        let now = Instant::from_millis(1000);
        assert!(crowd.window(now, &hurried) < Duration::from_millis(1));
        (0..30_000).for_each(|_| crowd.heard_announcement(now));
        let window = crowd.window(now, &hurried);
        assert!((100..102).contains(&window.as_millis()), "{window:?}");
        // One in 2^8 is asked: they need a 2^8th of the time.
        let sample = Query { sample_bits: 8, ..hurried };
        assert!(crowd.window(now, &sample) < Duration::from_millis(1));
        let by_group = Query { multicast_reply: true, ..hurried };
        assert_eq!(crowd.window(now, &by_group), LONGEST_WINDOW);
        assert!(crowd.window(now + 3 * MEMORY, &hurried) < Duration::from_millis(1));
    }

    #[test]
    fn what_a_query_says_widens_its_own_window_alone() {
        let crowd = Crowd::default();
        let query = Query { estimate: Some(200), window_ms: 8, ..Query::new(1, 1) };
        assert_eq!(crowd.window(Instant::ZERO, &query).as_millis(), 1310);
        let next = Query { window_ms: 8, ..Query::new(2, 1) };
        assert_eq!(crowd.window(Instant::ZERO, &next).as_millis(), 8);
    }
}

//! How many responders there are, as far as one of them can tell.

use alloc::boxed::Box;
use alloc::vec;
use core::time::Duration;

use crate::Instant;
use crate::rng::mix64;
use crate::wire::Query;

/// For how long announcements count.
const MEMORY: Duration = Duration::from_secs(600);
/// More than this nobody is believed.
const MOST: u64 = 1 << 17;
/// Answers a second that the group of all responders sends to one asker at the most, and to the group.
const UNICAST_RATE: u64 = 100_000;
const GROUP_RATE: u64 = 1_000;
/// No window is shorter for a copy, whatever a query says, unless a sample alone is asked.
const SHORTEST_WINDOW: Duration = Duration::from_millis(8);
/// What others say stretches a window to this at the most: an asker waits no longer for the answers to
/// one question, and must not take for absent who was made to wait.
const LONGEST_STRETCH: Duration = Duration::from_millis(100);
const LONGEST_GROUP_WINDOW: Duration = Duration::from_secs(2);
/// Bits of the sketch: 2^13 tell up to some 50,000 ids apart.
const SKETCH: usize = 1 << 13;

/// Estimates how many different responders announced themselves, so that a forged query can't make a
/// large group answer within a millisecond.
///
/// One who announces much counts once: it is linear counting (Whang, Vander-Zanden, Taylor 1990), a bit
/// for each id.
#[derive(Debug, Clone)]
pub(crate) struct Crowd {
    bits: Box<[u64]>,
    set: usize,
    /// How many ids that is, in parts of 2^8.
    ids: u64,
    /// The first announcement of this time, and how many responders there were in the one before.
    since: Option<Instant>,
    before: u64,
}

impl Crowd {
    pub(crate) fn new() -> Crowd {
        let bits = vec![0; SKETCH / 64].into_boxed_slice();
        Crowd { bits, set: 0, ids: 0, since: None, before: 0 }
    }

    pub(crate) fn heard_announcement(&mut self, now: Instant, id: u64) {
        let age = now - *self.since.get_or_insert(now);
        if age > MEMORY {
            self.before = if age > 2 * MEMORY { 0 } else { self.count() };
            (self.set, self.ids, self.since) = (0, 0, Some(now));
            self.bits.fill(0);
        }
        let bit = mix64(id) as usize % SKETCH;
        let mask = 1 << (bit % 64);
        if let Some(word) = self.bits.get_mut(bit / 64).filter(|word| **word & mask == 0) {
            *word |= mask;
            self.ids += ((SKETCH << 8) / (SKETCH - self.set)) as u64;
            self.set += 1;
        }
    }

    /// n = -m ln(z / m) for m bits of which z are not set, by the series of the logarithm's integral: the
    /// sum of m / z over all the bits that were set.
    fn count(&self) -> u64 {
        self.ids >> 8
    }

    /// Those that were heard, and so many of our own.
    fn size(&self, now: Instant, own: usize) -> u64 {
        let is_fresh = self.since.is_some_and(|since| now - since <= 2 * MEMORY);
        let heard = if is_fresh { self.count().max(self.before) } else { 0 };
        heard + own as u64
    }

    /// The time over which an answer to this query is spread: what it asks for, or more where so many
    /// are asked that they would answer faster than the rate.
    ///
    /// What a query itself says of the group's size widens the window of its own answer and no other's: a
    /// forged one would otherwise slow the answers to everybody.
    pub(crate) fn window(&self, now: Instant, query: &Query<'_>, own: usize) -> Duration {
        let asked = |size: u64| {
            size.min(MOST) >> query.slice.bits().saturating_add(query.sample_bits).min(63)
        };
        let rate = if query.multicast_reply { GROUP_RATE } else { UNICAST_RATE };
        let time = |size| Duration::from_nanos(asked(size) * 1_000_000_000 / rate);
        let stretch = if query.multicast_reply { LONGEST_GROUP_WINDOW } else { LONGEST_STRETCH };
        let said = query.estimate.map_or(Duration::ZERO, |bits| time(1 << bits.min(17)));
        let shortest = if query.sample_bits == 0 { SHORTEST_WINDOW } else { Duration::ZERO };
        Duration::from_millis(query.window_ms.into())
            .max(shortest * query.copies.into())
            .max(time(self.size(now, own)).min(stretch))
            .max(said.min(LONGEST_GROUP_WINDOW))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: u128 = SHORTEST_WINDOW.as_millis();

    #[test]
    fn a_large_group_takes_its_time_even_when_asked_to_hurry() {
        let mut crowd = Crowd::new();
        let hurried = Query::new(1, 1);
        let now = Instant::from_millis(1000);
        assert_eq!(crowd.window(now, &hurried, 1).as_millis(), SHORTEST);
        assert_eq!(crowd.window(now, &Query { copies: 3, ..hurried }, 1).as_millis(), 3 * SHORTEST);
        (0..5_000).for_each(|id| crowd.heard_announcement(now, id));
        let window = crowd.window(now, &hurried, 1);
        assert!((48..53).contains(&window.as_millis()), "{window:?}");
        // One in 2^4 is asked: they need a 2^4th of the time.
        let sample = Query { sample_bits: 4, ..hurried };
        let window = crowd.window(now, &sample, 1);
        assert!((3..4).contains(&window.as_millis()), "{window:?}");
        let by_group = Query { multicast_reply: true, ..hurried };
        assert_eq!(crowd.window(now, &by_group, 1), LONGEST_GROUP_WINDOW);
        (0..30_000).for_each(|id| crowd.heard_announcement(now, id));
        assert_eq!(crowd.window(now, &hurried, 1), LONGEST_STRETCH);
        // It is remembered for twenty minutes at the most.
        let later = now + MEMORY + Duration::from_millis(1);
        crowd.heard_announcement(later, 1);
        assert_eq!(crowd.window(later, &hurried, 1), LONGEST_STRETCH);
        assert_eq!(crowd.window(later + 2 * MEMORY, &hurried, 1), LONGEST_STRETCH);
        let forgotten = later + 2 * MEMORY + Duration::from_millis(1);
        assert_eq!(crowd.window(forgotten, &hurried, 1).as_millis(), SHORTEST);
        crowd.heard_announcement(forgotten, 1);
        assert_eq!(crowd.size(forgotten, 1), 2);
    }

    #[test]
    fn one_who_announces_itself_all_the_time_counts_once() {
        let mut crowd = Crowd::new();
        (0..100_000).for_each(|_| crowd.heard_announcement(Instant::ZERO, 7));
        assert_eq!(crowd.size(Instant::ZERO, 1), 2);
        for (ids, least, most) in [(1_000, 970, 1_030), (20_000, 19_000, 21_000)] {
            let mut crowd = Crowd::new();
            (0..ids).for_each(|id| crowd.heard_announcement(Instant::ZERO, id));
            let size = crowd.size(Instant::ZERO, 1);
            assert!((least..most).contains(&size), "{size}");
        }
        // More than it can tell apart: each bit is set.
        let mut crowd = Crowd::new();
        (0..300_000).for_each(|id| crowd.heard_announcement(Instant::ZERO, id));
        assert_eq!(crowd.set, SKETCH);
        assert!((70_000..90_000).contains(&crowd.size(Instant::ZERO, 1)));
    }

    #[test]
    fn what_a_query_says_widens_its_own_window_alone() {
        let crowd = Crowd::new();
        let query = Query { estimate: Some(200), window_ms: 9, ..Query::new(1, 1) };
        assert_eq!(crowd.window(Instant::ZERO, &query, 1).as_millis(), 1310);
        let next = Query { window_ms: 9, ..Query::new(2, 1) };
        assert_eq!(crowd.window(Instant::ZERO, &next, 1).as_millis(), 9);
    }

    #[test]
    fn our_own_services_are_some_of_the_crowd() {
        let mut crowd = Crowd::new();
        let hurried = Query::new(1, 1);
        let now = Instant::ZERO;
        let by_group = Query { multicast_reply: true, ..hurried };
        for (own, alone, group) in
            [(1, SHORTEST, SHORTEST), (500, SHORTEST, 500), (2_000, 20, 2_000)]
        {
            assert_eq!(crowd.window(now, &hurried, own).as_millis(), alone);
            assert_eq!(crowd.window(now, &by_group, own).as_millis(), group);
        }
        (0..3_000).for_each(|id| crowd.heard_announcement(now, id));
        let window = crowd.window(now, &hurried, 2_000);
        assert!((48..53).contains(&window.as_millis()), "{window:?}");
    }
}

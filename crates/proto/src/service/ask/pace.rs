//! How fast answers are asked for.

use core::time::Duration;

use crate::Instant;

/// Answers a second at the start, unless the receive buffer is smaller than 5 ms of it: what Linux's
/// default buffer, 256 small datagrams, holds while a program is kept from reading.
const START: u64 = 50_000;
const BUFFERED: Duration = Duration::from_millis(5);
/// Slower than this it does not get, so that it comes to an end.
const SLOWEST: u64 = 5_000;
const SLOW_DOWN_EVERY: Duration = Duration::from_millis(50);
const SPEED_UP_EVERY: Duration = Duration::from_millis(100);

/// The rate of answers, and what it follows: up while they come in time, down when the asker's own
/// system drops some, or the network delays them.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// Answers a second.
    rate: u64,
    most: u64,
    changed: Instant,
    /// Since it was changed.
    heard: u64,
    late: u64,
    dropped: u64,
}

impl Pace {
    pub(crate) fn new(now: Instant, most: u32, buffer: u64) -> Pace {
        let buffered = buffer.saturating_mul(1_000) / BUFFERED.as_millis() as u64;
        let most = u64::from(most).max(1);
        let rate = START.min(buffered).max(SLOWEST).min(most);
        Pace { rate, most, changed: now, heard: 0, late: 0, dropped: 0 }
    }

    pub(crate) fn heard(&mut self, late: bool) {
        self.heard += 1;
        self.late += u64::from(late);
    }

    pub(crate) fn dropped(&mut self, datagrams: u64) {
        self.dropped = self.dropped.saturating_add(datagrams);
    }

    /// Before more is asked for: over 1 % dropped or over 20 % late slows down.
    pub(crate) fn adjust(&mut self, now: Instant) {
        let since = now - self.changed;
        let congested = self.dropped.saturating_mul(99) > self.heard || self.late * 5 > self.heard;
        if congested && since >= SLOW_DOWN_EVERY {
            self.change(now, (self.rate * 7 / 10).max(SLOWEST.min(self.most)));
        } else if !congested && since >= SPEED_UP_EVERY {
            self.change(now, (self.rate * 5 / 4).min(self.most));
        }
    }

    fn change(&mut self, now: Instant, rate: u64) {
        *self = Pace { rate, most: self.most, changed: now, heard: 0, late: 0, dropped: 0 };
    }

    /// The time that this many thousandths of an answer take.
    pub(crate) fn time_for(&self, milli_answers: u64) -> Duration {
        Duration::from_nanos(milli_answers.saturating_mul(1_000_000) / self.rate)
    }

    /// The time that they take at the fastest.
    pub(crate) fn least_time_for(&self, milli_answers: u64) -> Duration {
        Duration::from_nanos(milli_answers.saturating_mul(1_000_000) / self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn it_starts_by_the_buffer_and_doubles_in_three_tenths_of_a_second() {
        assert_eq!(Pace::new(after(0), 100_000, 256).rate, 50_000);
        assert_eq!(Pace::new(after(0), 100_000, 100).rate, 20_000);
        assert_eq!(Pace::new(after(0), 100_000, 1).rate, 5_000);
        assert_eq!(Pace::new(after(0), 700, 256).rate, 700);
        let mut pace = Pace::new(after(0), 100_000, 256);
        for ms in 0..=1000 {
            pace.adjust(after(ms));
            assert_eq!(pace.rate == 100_000, ms >= 400, "{ms}: {}", pace.rate);
        }
        assert_eq!(pace.time_for(1_000_000), Duration::from_millis(10));
    }

    #[test]
    fn no_configuration_stops_it() {
        for (most, buffer, rate) in [(0, 0, 1), (1, 256, 1), (u32::MAX, u64::MAX, 50_000)] {
            let pace = Pace::new(after(0), most, buffer);
            assert_eq!(pace.rate, rate);
            assert!(pace.time_for(u64::MAX) > Duration::from_secs(1));
            assert_eq!(pace.time_for(0), Duration::ZERO);
        }
    }

    /// The rate after 100 ms in which so many were heard, of which so many were late, and dropped.
    fn rate_after(heard: u64, late: u64, dropped: u64) -> u64 {
        let mut pace = Pace::new(after(0), 100_000, 256);
        (0..heard).for_each(|n| pace.heard(n < late));
        pace.dropped(dropped);
        pace.adjust(after(100));
        pace.rate
    }

    #[test]
    fn over_one_in_a_hundred_dropped_or_one_in_five_late_is_too_fast() {
        for (heard, late, dropped, is_fast) in [
            (0, 0, 0, false),
            (99, 0, 1, false),
            (98, 0, 1, true),
            (198, 0, 2, false),
            (0, 0, 1, true),
            (100, 20, 0, false),
            (100, 21, 0, true),
            (1, 1, 0, true),
            (0, 0, u64::MAX, true),
        ] {
            let expected = if is_fast { 35_000 } else { 62_500 };
            assert_eq!(rate_after(heard, late, dropped), expected, "{heard} {late} {dropped}");
        }
    }

    #[test]
    fn it_is_judged_by_what_came_since_it_last_changed() {
        let mut pace = Pace::new(after(0), 100_000, 256);
        pace.heard(true);
        pace.dropped(9);
        pace.dropped(u64::MAX);
        pace.adjust(after(50));
        assert_eq!(pace.rate, 35_000);
        pace.adjust(after(149));
        assert_eq!(pace.rate, 35_000);
        pace.adjust(after(150));
        assert_eq!(pace.rate, 43_750);
    }

    #[test]
    fn who_wants_few_answers_a_second_gets_no_fewer_when_it_slows_down() {
        let mut pace = Pace::new(after(0), 700, 256);
        pace.dropped(1);
        pace.adjust(after(50));
        assert_eq!(pace.rate, 700);
        pace.adjust(after(150));
        assert_eq!(pace.rate, 700);
    }

    #[test]
    fn drops_and_lateness_slow_it_down_once_in_fifty_milliseconds() {
        let mut pace = Pace::new(after(0), 100_000, 256);
        (0..100).for_each(|_| pace.heard(false));
        pace.dropped(2);
        pace.adjust(after(49));
        assert_eq!(pace.rate, 50_000);
        pace.adjust(after(50));
        assert_eq!(pace.rate, 35_000);
        (0..100).for_each(|i| pace.heard(i < 21));
        pace.adjust(after(100));
        assert_eq!(pace.rate, 24_500);
        for round in 3..50 {
            pace.dropped(1);
            pace.adjust(after(50 * round));
        }
        assert_eq!(pace.rate, SLOWEST);
    }
}

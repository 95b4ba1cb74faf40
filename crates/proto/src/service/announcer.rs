//! When a responder speaks unasked.

use core::time::Duration;

use crate::Instant;
use crate::rng::Rng;

/// A round of announcements begins within this, at random.
const FIRST_WITHIN: Duration = Duration::from_secs(1);
/// After the first.
const SECOND: Duration = Duration::from_secs(1);
const THIRD: Duration = Duration::from_secs(3);
/// With more announcements heard than this while it waits for its first, as when the power comes back,
/// it waits for twice as long.
const STORM: u32 = 100;
const LONGEST_DELAY: Duration = Duration::from_secs(60);
const GOODBYE_GAP: Duration = Duration::from_millis(100);
const GOODBYES: u8 = 2;

/// What is to be said unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    Announcement,
    Goodbye,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Silent,
    /// The first announcement of a round is due then, after this delay at the most.
    First(Instant, Duration),
    Second(Instant),
    Third(Instant),
    /// The next is due then, a lease after the last.
    Presence(Instant),
    Goodbye(Instant, u8),
}

#[derive(Debug, Clone)]
pub(super) struct Announcer {
    stage: Stage,
    lease: Duration,
    heard: u32,
}

impl Announcer {
    pub(super) fn new(lease: Duration) -> Announcer {
        Announcer { stage: Stage::Silent, lease, heard: 0 }
    }

    /// Begins a round of three announcements.
    pub(super) fn begin(&mut self, now: Instant, rng: &mut Rng) {
        self.stage = Stage::First(now + rng.within(FIRST_WITHIN), FIRST_WITHIN);
        self.heard = 0;
    }

    /// From now on nothing but goodbyes, and then nothing.
    pub(super) fn say_goodbye(&mut self, now: Instant) {
        self.stage = Stage::Goodbye(now, GOODBYES);
    }

    pub(super) fn heard_announcement(&mut self, now: Instant, rng: &mut Rng) {
        let Stage::First(_, delay) = self.stage else { return };
        self.heard += 1;
        if self.heard > STORM && delay < LONGEST_DELAY {
            let longer = (delay * 2).min(LONGEST_DELAY);
            self.stage = Stage::First(now + rng.within(longer), longer);
            self.heard = 0;
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Silent => None,
            Stage::First(at, _)
            | Stage::Second(at)
            | Stage::Third(at)
            | Stage::Presence(at)
            | Stage::Goodbye(at, _) => Some(at),
        }
    }

    pub(super) fn poll(&mut self, now: Instant, rng: &mut Rng) -> Option<Speech> {
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        self.stage = match self.stage {
            Stage::First(..) => Stage::Second(now + SECOND),
            Stage::Second(_) => Stage::Third(now + (THIRD - SECOND)),
            Stage::Third(_) | Stage::Presence(_) => {
                // A tenth early at random, so that hosts that started together drift apart.
                Stage::Presence(now + self.lease * 9 / 10 + rng.within(self.lease / 10))
            }
            Stage::Goodbye(_, left) => {
                self.stage = match left - 1 {
                    0 => Stage::Silent,
                    left => Stage::Goodbye(now + GOODBYE_GAP, left),
                };
                return Some(Speech::Goodbye);
            }
            other => other,
        };
        Some(Speech::Announcement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn it_announces_three_times_and_then_once_a_lease() {
        let mut rng = Rng::new(1);
        let mut announcer = Announcer::new(Duration::from_secs(100));
        announcer.begin(Instant::ZERO, &mut rng);
        let times: Vec<Instant> = (0..5)
            .map(|_| {
                let at = announcer.deadline().unwrap();
                assert_eq!(announcer.poll(at, &mut rng), Some(Speech::Announcement));
                at
            })
            .collect();
        assert!(times[0] <= Instant::from_millis(1000));
        assert_eq!((times[1] - times[0], times[2] - times[0]), (SECOND, THIRD));
        for pair in times[2..].windows(2) {
            assert!((90..=100).contains(&(pair[1] - pair[0]).as_secs()));
        }
        announcer.say_goodbye(times[4]);
        assert_eq!(announcer.poll(times[4], &mut rng), Some(Speech::Goodbye));
        assert_eq!(announcer.deadline(), Some(times[4] + GOODBYE_GAP));
        assert_eq!(announcer.poll(times[4] + GOODBYE_GAP, &mut rng), Some(Speech::Goodbye));
        assert_eq!(announcer.deadline(), None);
    }

    #[test]
    fn a_storm_puts_the_first_off_up_to_a_minute() {
        let mut rng = Rng::new(2);
        let mut latest = Instant::ZERO;
        for _ in 0..200 {
            let mut announcer = Announcer::new(Duration::from_secs(100));
            announcer.begin(Instant::ZERO, &mut rng);
            (0..10_000).for_each(|_| announcer.heard_announcement(Instant::ZERO, &mut rng));
            latest = latest.max(announcer.deadline().unwrap());
        }
        assert!(latest > Instant::from_millis(50_000) && latest <= Instant::from_millis(60_000));
    }
    #[test]
    fn nothing_is_said_before_its_time_nor_before_it_begins() {
        let mut rng = Rng::new(3);
        let mut announcer = Announcer::new(Duration::from_secs(100));
        let far = Instant::from_millis(1_000_000);
        assert_eq!((announcer.deadline(), announcer.poll(far, &mut rng)), (None, None));
        announcer.begin(far, &mut rng);
        let due = announcer.deadline().unwrap();
        assert_eq!(announcer.poll(Instant::from_nanos(due.as_nanos() - 1), &mut rng), None);
        assert_eq!(announcer.deadline(), Some(due));
    }

    #[test]
    fn more_than_a_hundred_announcements_are_a_storm_until_it_has_spoken() {
        let mut rng = Rng::new(4);
        let mut announcer = Announcer::new(Duration::from_secs(100));
        announcer.begin(Instant::ZERO, &mut rng);
        let hear = |announcer: &mut Announcer, rng: &mut Rng, times: u32| {
            let before = announcer.deadline();
            (0..times).for_each(|_| announcer.heard_announcement(Instant::ZERO, rng));
            announcer.deadline() != before
        };
        assert!(!hear(&mut announcer, &mut rng, STORM));
        // What was heard before does not count when it begins anew.
        announcer.begin(Instant::ZERO, &mut rng);
        assert!(!hear(&mut announcer, &mut rng, STORM));
        assert!(hear(&mut announcer, &mut rng, 1));
        // From one second to 2, 4, 8, 16, 32 and 60, and no further.
        for _ in 0..5 {
            assert!(!hear(&mut announcer, &mut rng, STORM));
            assert!(hear(&mut announcer, &mut rng, 1));
        }
        assert!(!hear(&mut announcer, &mut rng, 10 * STORM));
        let due = announcer.deadline().unwrap();
        assert_eq!(announcer.poll(due, &mut rng), Some(Speech::Announcement));
        assert!(!hear(&mut announcer, &mut rng, 10 * STORM));
    }
}

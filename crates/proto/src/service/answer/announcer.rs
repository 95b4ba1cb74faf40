//! When services speak unasked.

use alloc::vec::Vec;
use core::time::Duration;

use crate::Instant;
use crate::rng::Rng;
use crate::service::answer::timers::Timers;

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
/// So far apart the services of one machine begin to speak, where all of them do: whoever hears them has
/// room for a few hundred.
const PACE: Duration = Duration::from_millis(1);
/// Within this the last of them begins to say goodbye, however many there are.
const GOODBYES_WITHIN: Duration = Duration::from_millis(1_500);

/// What is to be said unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    Announcement,
    /// And whether it is the last word.
    Goodbye {
        is_last: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Silent,
    /// The first announcement of a round.
    First,
    Second,
    Third,
    /// A lease after the last.
    Presence,
    /// With so many left.
    Goodbye(u8),
}

/// What each of a machine's services says next, and when.
#[derive(Debug, Clone)]
pub(crate) struct Announcer {
    stages: Vec<Stage>,
    due: Timers,
    lease: Duration,
    /// Services whose round has not begun, within how long it is to, and what was heard meanwhile.
    waiting: usize,
    delay: Duration,
    heard: u32,
}

impl Announcer {
    pub(crate) fn new(lease: Duration) -> Announcer {
        let (stages, due) = (Vec::new(), Timers::new());
        Announcer { stages, due, lease, waiting: 0, delay: FIRST_WITHIN, heard: 0 }
    }

    /// Makes room for so many services.
    pub(crate) fn grow(&mut self, services: usize) {
        self.stages.resize(services, Stage::Silent);
        self.due.grow(services);
    }

    /// Begins a round of three announcements of these services, so many. Where they are many each has a part of the
    /// time to itself, so that they do not come in bursts.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        count: usize,
        services: impl Iterator<Item = usize>,
        rng: &mut Rng,
    ) {
        let parts = (count as u32).max(1);
        let within = FIRST_WITHIN.max(PACE * parts);
        // Else it is one more of those that wait.
        let is_new = count >= self.waiting;
        for (nth, service) in services.enumerate() {
            let due = now + within * nth as u32 / parts + rng.within(within / parts);
            self.set(service, Stage::First, Some(due));
        }
        if is_new {
            (self.delay, self.heard) = (within, 0);
        }
    }

    /// From now on nothing of these services, so many, but goodbyes, and then nothing.
    pub(crate) fn say_goodbye(
        &mut self,
        now: Instant,
        count: usize,
        services: impl Iterator<Item = usize>,
    ) {
        let parts = (count as u32).max(1);
        let within = (PACE * parts).min(GOODBYES_WITHIN);
        for (nth, service) in services.enumerate() {
            let due = now + within * nth as u32 / parts;
            self.set(service, Stage::Goodbye(GOODBYES), Some(due));
        }
    }

    /// A service says nothing any more.
    pub(crate) fn forget(&mut self, service: usize) {
        self.set(service, Stage::Silent, None);
    }

    pub(crate) fn heard_announcement(&mut self, now: Instant, rng: &mut Rng) {
        if self.waiting == 0 {
            return;
        }
        self.heard += 1;
        if self.heard <= STORM || self.delay >= LONGEST_DELAY {
            return;
        }
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
        self.heard = 0;
        for (service, stage) in self.stages.iter().enumerate() {
            if *stage == Stage::First {
                self.due.set(service, Some(now + rng.within(self.delay)));
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| due)
    }

    /// What is due, and which service says it.
    pub(crate) fn poll(&mut self, now: Instant, rng: &mut Rng) -> Option<(usize, Speech)> {
        let (_, service) = self.due.first().filter(|(due, _)| *due <= now)?;
        let announcement = Speech::Announcement;
        let (speech, stage, due) = match self.stages.get(service).copied().unwrap_or_default() {
            Stage::First => (announcement, Stage::Second, Some(now + SECOND)),
            Stage::Second => (announcement, Stage::Third, Some(now + (THIRD - SECOND))),
            Stage::Third | Stage::Presence => {
                // A tenth early at random, so that those that started together drift apart.
                let due = now + self.lease * 9 / 10 + rng.within(self.lease / 10);
                (announcement, Stage::Presence, Some(due))
            }
            Stage::Goodbye(left) if left > 1 => {
                let speech = Speech::Goodbye { is_last: false };
                (speech, Stage::Goodbye(left - 1), Some(now + GOODBYE_GAP))
            }
            Stage::Goodbye(_) => (Speech::Goodbye { is_last: true }, Stage::Silent, None),
            Stage::Silent => {
                self.forget(service);
                return None;
            }
        };
        self.set(service, stage, due);
        Some((service, speech))
    }

    fn set(&mut self, service: usize, stage: Stage, due: Option<Instant>) {
        if let Some(before) = self.stages.get_mut(service) {
            self.waiting -= usize::from(*before == Stage::First);
            self.waiting += usize::from(stage == Stage::First);
            *before = stage;
            self.due.set(service, due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNOUNCED: Option<(usize, Speech)> = Some((0, Speech::Announcement));

    fn goodbye(is_last: bool) -> Speech {
        Speech::Goodbye { is_last }
    }

    fn announcer(services: usize) -> Announcer {
        let mut announcer = Announcer::new(Duration::from_secs(100));
        announcer.grow(services);
        announcer
    }

    #[test]
    fn it_announces_three_times_and_then_once_a_lease() {
        let mut rng = Rng::new(1);
        let mut announcer = announcer(1);
        announcer.begin(Instant::ZERO, 1, 0..1, &mut rng);
        let times: Vec<Instant> = (0..5)
            .map(|_| {
                let at = announcer.deadline().unwrap();
                assert_eq!(announcer.poll(at, &mut rng), ANNOUNCED);
                at
            })
            .collect();
        assert!(times[0] <= Instant::from_millis(1000));
        assert_eq!((times[1] - times[0], times[2] - times[0]), (SECOND, THIRD));
        for pair in times[2..].windows(2) {
            assert!((90..=100).contains(&(pair[1] - pair[0]).as_secs()));
        }
        announcer.say_goodbye(times[4], 1, 0..1);
        assert_eq!(announcer.poll(times[4], &mut rng), Some((0, goodbye(false))));
        assert_eq!(announcer.deadline(), Some(times[4] + GOODBYE_GAP));
        assert_eq!(announcer.poll(times[4] + GOODBYE_GAP, &mut rng), Some((0, goodbye(true))));
        assert_eq!(announcer.deadline(), None);
    }

    #[test]
    fn a_storm_puts_the_first_off_up_to_a_minute() {
        let mut rng = Rng::new(2);
        let mut latest = Instant::ZERO;
        for _ in 0..200 {
            let mut announcer = announcer(1);
            announcer.begin(Instant::ZERO, 1, 0..1, &mut rng);
            (0..10_000).for_each(|_| announcer.heard_announcement(Instant::ZERO, &mut rng));
            latest = latest.max(announcer.deadline().unwrap());
        }
        assert!(latest > Instant::from_millis(50_000) && latest <= Instant::from_millis(60_000));
    }
    #[test]
    fn nothing_is_said_before_its_time_nor_before_it_begins() {
        let mut rng = Rng::new(3);
        let mut announcer = announcer(1);
        let far = Instant::from_millis(1_000_000);
        assert_eq!((announcer.deadline(), announcer.poll(far, &mut rng)), (None, None));
        announcer.begin(far, 1, 0..1, &mut rng);
        let due = announcer.deadline().unwrap();
        assert_eq!(announcer.poll(Instant::from_nanos(due.as_nanos() - 1), &mut rng), None);
        assert_eq!(announcer.deadline(), Some(due));
    }

    #[test]
    fn more_than_a_hundred_announcements_are_a_storm_until_it_has_spoken() {
        let mut rng = Rng::new(4);
        let mut announcer = announcer(1);
        announcer.begin(Instant::ZERO, 1, 0..1, &mut rng);
        let hear = |announcer: &mut Announcer, rng: &mut Rng, times: u32| {
            let before = announcer.deadline();
            (0..times).for_each(|_| announcer.heard_announcement(Instant::ZERO, rng));
            announcer.deadline() != before
        };
        assert!(!hear(&mut announcer, &mut rng, STORM));
        // What was heard before does not count when it begins anew.
        announcer.begin(Instant::ZERO, 1, 0..1, &mut rng);
        assert!(!hear(&mut announcer, &mut rng, STORM));
        assert!(hear(&mut announcer, &mut rng, 1));
        // From one second to 2, 4, 8, 16, 32 and 60, and no further.
        for _ in 0..5 {
            assert!(!hear(&mut announcer, &mut rng, STORM));
            assert!(hear(&mut announcer, &mut rng, 1));
        }
        assert!(!hear(&mut announcer, &mut rng, 10 * STORM));
        let due = announcer.deadline().unwrap();
        assert_eq!(announcer.poll(due, &mut rng), ANNOUNCED);
        assert!(!hear(&mut announcer, &mut rng, 10 * STORM));
    }

    /// When each service said something, all of it up to a moment.
    fn said(announcer: &mut Announcer, until: Instant, rng: &mut Rng) -> Vec<(Instant, usize)> {
        core::iter::from_fn(|| {
            let due = announcer.deadline().filter(|due| *due <= until)?;
            announcer.poll(due, rng).map(|(service, _)| (due, service))
        })
        .collect()
    }

    #[test]
    fn many_announce_themselves_evenly_and_no_more_than_a_thousand_a_second() {
        let mut rng = Rng::new(5);
        for (count, within) in [(500, 1_000), (2_000, 2_000)] {
            let mut announcer = announcer(count);
            announcer.begin(Instant::ZERO, count, 0..count, &mut rng);
            let firsts = said(&mut announcer, Instant::from_millis(within), &mut rng);
            let firsts = &firsts[..count.min(firsts.len())];
            for tenth in 0..10 {
                let times = tenth * within / 10..(tenth + 1) * within / 10;
                let in_it =
                    firsts.iter().filter(|(at, _)| times.contains(&(at.as_nanos() / 1_000_000)));
                let least = count / 10 - 1;
                if count == 500 {
                    assert!((least..=least + 2).contains(&in_it.count()), "{tenth} of {count}");
                }
            }
        }
    }

    #[test]
    fn the_goodbyes_of_any_number_are_paced_and_over_soon() {
        let mut rng = Rng::new(6);
        for (count, within) in [(2, 102), (500, 600), (4_096, 1_600)] {
            let mut announcer = announcer(count);
            announcer.begin(Instant::ZERO, count, 0..count, &mut rng);
            announcer.say_goodbye(Instant::ZERO, count, 0..count);
            let said = said(&mut announcer, Instant::from_millis(within), &mut rng);
            assert_eq!((said.len(), announcer.deadline()), (2 * count, None));
            // Of what comes within five milliseconds a buffer for 256 has room for most.
            let most = said.iter().enumerate().map(|(nth, (at, _))| {
                let until = *at + Duration::from_millis(5);
                said[nth..].iter().take_while(|(other, _)| *other < until).count()
            });
            assert!(most.max().unwrap() <= 30);
        }
    }

    #[test]
    fn one_of_many_speaks_and_ends_by_itself() {
        let mut rng = Rng::new(7);
        let mut announcer = announcer(3);
        announcer.begin(Instant::ZERO, 2, [0, 2].into_iter(), &mut rng);
        announcer.say_goodbye(Instant::ZERO, 1, 1..2);
        announcer.forget(2);
        let said = said(&mut announcer, Instant::from_millis(5_000), &mut rng);
        let count = |service| said.iter().filter(|(_, whose)| *whose == service).count();
        assert_eq!([0, 1, 2].map(count), [3, 2, 0]);
        assert_eq!(announcer.waiting, 0);
    }
}

//! One sweep: a question to each slice of the responders.

use core::time::Duration;

use crate::Instant;
use crate::service::GROUP_GAP;
use crate::service::ask::pace::Pace;
use crate::service::ask::tally::{Heard, MOST_SLICES, Tally};
use crate::wire::{Filter, MAX_SENT, MAX_WINDOW_MS, MIN_QUERY, Slice};

/// The shortest window of a copy. It is above what a host takes to wake up, holds a thousand answers
/// that nobody expected, and three are longer than most bursts of loss.
const SHORTEST_WINDOW: Duration = Duration::from_millis(8);
/// The longest window of a slice, and so the time after which the asker can slow down or stop; where
/// there are no more slices to be had, it is this.
const LONGEST_WINDOW: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_millis(MAX_WINDOW_MS as u64);
/// However slow the pace, the questions of a sweep are put within this time, at the fastest pace that is
/// allowed at the most: that answers come late, or that there are many, anybody can pretend, and who is asked
/// last is to be asked. But not where the asker's own system drops answers: more of them would be.
const LONGEST_SWEEP: Duration = Duration::from_secs(4);
/// With more expected than this a second and a third copy cost more than a further sweep.
const BULK: u64 = 500;
const TAIL_COPIES: u8 = 3;
/// Answers that come to the group in a second, and for how long they are waited for at the most.
const GROUP_RATE: u64 = 1_000;
const LONGEST_GROUP_WINDOW: Duration = Duration::from_secs(2);
/// An answer of this length is one at the rate at which answers are asked for; a longer one is more.
const UNIT: usize = 160;

/// What a sweep asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answers to the asker, as long as the shortest query allows.
    Ordinary,
    /// The same, as long as the longest that is missing. Where the way is too narrow for so long a query,
    /// nobody hears it: so that nobody answers says nothing.
    Padded,
    /// Answers to the group.
    Group,
}

/// By what a sweep is planned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// Answers.
    pub(crate) expected: u64,
    /// Those that are known in part, and the length of the longest.
    pub(crate) missing: Option<(u64, u16)>,
    /// Voices that are to be named, and the room for that in a query.
    pub(crate) voices: usize,
    pub(crate) room: usize,
    /// It is the first sweep, to which everybody answers.
    pub(crate) is_first: bool,
}

/// A sweep that is under way, slice by slice.
#[derive(Debug, Clone)]
pub(crate) struct Sweep {
    pub(crate) kind: Kind,
    pub(crate) began: Instant,
    /// How many times each answer is sent.
    pub(crate) copies: u8,
    /// How long each question is, padding included.
    pub(crate) length: usize,
    slice_bits: u8,
    tally: Tally,
    /// The asker's own system has dropped some of what came.
    has_dropped: bool,
}

impl Sweep {
    /// None at all.
    pub(crate) fn new() -> Sweep {
        Sweep {
            kind: Kind::Ordinary,
            began: Instant::ZERO,
            copies: 1,
            length: MIN_QUERY,
            slice_bits: 0,
            tally: Tally::new(),
            has_dropped: false,
        }
    }

    pub(crate) fn begin(&mut self, now: Instant, kind: Kind, need: Need, pace: &Pace) {
        (self.kind, self.began, self.has_dropped) = (kind, now, false);
        let missing = need.missing.filter(|_| kind == Kind::Padded);
        self.length = missing.map_or(0, |(_, longest)| longest.into()).clamp(MIN_QUERY, MAX_SENT);
        let expected = missing.map_or(need.expected, |(missing, _)| missing + 1);
        let one_copy = need.is_first || expected > BULK || kind == Kind::Group;
        self.copies = if one_copy { 1 } else { TAIL_COPIES };

        // Slices are not all of one size: a thirtieth of the room is for that.
        let filters = Filter::bytes_for(need.voices).div_ceil((need.room * 29 / 30).max(1));
        let answers = expected.saturating_mul(1000 * u64::from(self.copies));
        let window = pace.time_for(answers.saturating_mul(self.units()));
        let windows = window.as_nanos().div_ceil(LONGEST_WINDOW.as_nanos()) as usize;
        let slices = filters.max(windows).clamp(1, MOST_SLICES).next_power_of_two();
        self.slice_bits = slices.ilog2() as u8;
        self.tally.begin(now, answers >> self.slice_bits);
    }

    /// By how much an answer is longer than the shortest.
    fn units(&self) -> u64 {
        self.length.div_ceil(UNIT) as u64
    }

    /// The slice that is asked next; `None`: all were asked.
    pub(crate) fn slice(&self) -> Option<Slice> {
        Slice::new(self.slice_bits, u32::try_from(self.tally.len()).ok()?)
    }

    /// The next slice is asked, of about so many responders in all. Says the window for its answers, and
    /// when the next slice's turn is.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        population: u64,
        pace: &Pace,
    ) -> (Duration, Duration) {
        let answers = self.tally.density(now).saturating_mul(self.units());
        let spread = pace.time_for(answers);
        let left = (1u32 << self.slice_bits).saturating_sub(self.tally.len() as u32).max(1);
        let share = (self.began + LONGEST_SWEEP - now) / left;
        let gap = match self.has_dropped {
            true => spread,
            false => spread.min(share.max(pace.least_time_for(answers))),
        };
        let shortest = SHORTEST_WINDOW * self.copies.into();
        let least = match self.kind {
            Kind::Group => {
                Duration::from_nanos(population.saturating_mul(1_000_000_000) / GROUP_RATE)
                    .clamp(SHORTEST_WINDOW * TAIL_COPIES.into(), LONGEST_GROUP_WINDOW)
            }
            Kind::Ordinary | Kind::Padded => shortest,
        };
        let window = spread.max(least).min(LONGEST_WAIT);
        let window = Duration::from_millis(window.as_nanos().div_ceil(1_000_000) as u64);
        self.tally.asked(now, now + window);
        (window, gap)
    }

    pub(crate) fn note_drops(&mut self) {
        self.has_dropped = true;
    }

    /// An answer to it came. `None` if the slice that it belongs to was not asked.
    pub(crate) fn heard(&mut self, now: Instant, id: u64, txn: u64) -> Option<Heard> {
        self.tally.heard(now, Slice::of(id, txn, self.slice_bits).index() as usize)
    }

    /// When all answers should have come. One to the group may be late: a responder answers there only
    /// so often.
    pub(crate) fn settled(&self) -> Instant {
        let late = if self.kind == Kind::Group { GROUP_GAP } else { Duration::ZERO };
        self.tally.last_window() + late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEED: Need =
        Need { expected: 10, missing: None, voices: 0, room: 1_160, is_first: false };

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// 50,000 answers a second.
    fn pace() -> Pace {
        Pace::new(at(0), 100_000, 256)
    }

    fn begun(kind: Kind, need: Need) -> Sweep {
        let mut sweep = Sweep::new();
        sweep.begin(at(5), kind, need, &pace());
        sweep
    }

    fn slices(kind: Kind, need: Need) -> u32 {
        1 << begun(kind, need).slice().unwrap().bits()
    }

    #[test]
    fn each_slice_is_asked_once_in_its_order() {
        let mut sweep = begun(Kind::Ordinary, Need { voices: 3_000, ..NEED });
        assert_eq!((sweep.kind, sweep.began), (Kind::Ordinary, at(5)));
        for index in 0..4 {
            assert_eq!(sweep.slice(), Slice::new(2, index));
            sweep.ask(at(10), 1, &pace());
        }
        assert_eq!(sweep.slice(), None);
        // And again in the next.
        sweep.begin(at(99), Kind::Group, NEED, &pace());
        assert_eq!((sweep.slice(), sweep.began), (Some(Slice::ALL), at(99)));
    }

    #[test]
    fn filters_fit_with_a_thirtieth_to_spare() {
        // 10 bits each, in 29 thirtieths of 1160 bytes.
        for (voices, expected) in
            [(0, 1), (896, 1), (898, 2), (1_793, 2), (1_795, 4), (100_000, 128)]
        {
            assert_eq!(slices(Kind::Ordinary, Need { voices, ..NEED }), expected, "{voices}");
        }
        let tight = Need { voices: 100, room: 0, ..NEED };
        assert_eq!(slices(Kind::Ordinary, tight), 256);
        let all = Need { voices: usize::MAX, room: 1, ..NEED };
        assert_eq!(slices(Kind::Ordinary, all), 4_096);
    }

    #[test]
    fn no_slice_takes_longer_than_a_tenth_of_a_second() {
        let first = Need { is_first: true, ..NEED };
        for (expected, count) in [(5_000, 1), (5_001, 2), (20_000, 4), (1 << 20, 256)] {
            assert_eq!(slices(Kind::Ordinary, Need { expected, ..first }), count, "{expected}");
        }
        assert_eq!(slices(Kind::Ordinary, Need { expected: u64::MAX, ..first }), 4_096);
    }

    #[test]
    fn few_are_asked_for_three_copies_and_many_or_all_for_one() {
        for (kind, need, copies) in [
            (Kind::Ordinary, NEED, 3),
            (Kind::Ordinary, Need { expected: 500, ..NEED }, 3),
            (Kind::Ordinary, Need { expected: 501, ..NEED }, 1),
            (Kind::Ordinary, Need { is_first: true, ..NEED }, 1),
            (Kind::Group, NEED, 1),
            (Kind::Padded, Need { missing: Some((499, 300)), expected: 9_000, ..NEED }, 3),
            (Kind::Padded, Need { missing: Some((500, 300)), ..NEED }, 1),
        ] {
            assert_eq!(begun(kind, need).copies, copies, "{kind:?} {need:?}");
        }
    }

    #[test]
    fn a_padded_sweep_asks_in_the_length_of_the_longest_and_gives_it_the_time_of_several() {
        let padded = |missing| begun(Kind::Padded, Need { missing, ..NEED });
        for (longest, length) in [(8, 128), (128, 128), (129, 129), (904, 904), (2_040, 1_200)] {
            assert_eq!(padded(Some((1, longest))).length, length);
        }
        assert_eq!(padded(None).length, 128);
        for kind in [Kind::Ordinary, Kind::Group] {
            assert_eq!(begun(kind, Need { missing: Some((1, 904)), ..NEED }).length, 128);
        }
        // 499 missing and one more, three copies of each, each as six of the shortest: 180 ms.
        let mut sweep = padded(Some((499, 904)));
        assert_eq!(sweep.slice(), Slice::new(1, 0));
        assert_eq!(sweep.ask(at(5), 1, &pace()), (ms(90), ms(90)));
        let mut short = padded(Some((499, 160)));
        assert_eq!(short.ask(at(5), 1, &pace()), (ms(30), ms(30)));
        assert_eq!(padded(Some((499, 161))).ask(at(5), 1, &pace()).1, ms(60));
    }

    #[test]
    fn windows_hold_what_is_expected_and_eight_milliseconds_a_copy_at_the_least() {
        let window = |kind, need, population| begun(kind, need).ask(at(5), population, &pace());
        assert_eq!(window(Kind::Ordinary, NEED, 10), (ms(24), Duration::from_micros(600)));
        let first = Need { is_first: true, ..NEED };
        assert_eq!(window(Kind::Ordinary, first, 10), (ms(8), Duration::from_micros(200)));
        let many = Need { expected: 4_010, ..first };
        // In whole milliseconds, rounded up.
        assert_eq!(window(Kind::Ordinary, many, 10), (ms(81), Duration::from_micros(80_200)));
        for (population, expected) in
            [(1, 24), (24, 24), (30, 30), (2_000, 2_000), (u64::MAX, 2_000)]
        {
            assert_eq!(window(Kind::Group, NEED, population).0, ms(expected), "{population}");
        }
    }

    #[test]
    fn answers_are_waited_for_two_seconds_at_the_most_however_slow_the_pace() {
        let slow = Pace::new(at(0), 1, 256);
        let mut sweep = Sweep::new();
        sweep.begin(at(5), Kind::Ordinary, Need { expected: 1 << 20, ..NEED }, &slow);
        let (window, spread) = sweep.ask(at(5), 1, &slow);
        assert_eq!((window, spread), (ms(2_000), ms(256_000)));
        assert_eq!(sweep.settled(), at(2_005));
    }

    #[test]
    fn all_slices_are_asked_within_four_seconds_however_late_the_answers_and_however_many() {
        // Each question is answered by thousands, most of them in slices that were asked long before.
        let (mut pace, mut id) = (pace(), 0);
        let need = Need { expected: 1 << 17, is_first: true, ..NEED };
        let mut sweep = begun(Kind::Ordinary, need);
        let mut now = at(5);
        while let Some(slice) = sweep.slice() {
            pace.adjust(now);
            let (window, gap) = sweep.ask(now, 1, &pace);
            assert!(gap < ms(500), "{slice:?}: {window:?} {gap:?}");
            for _ in 0..8_000 {
                id += 1;
                let heard = sweep.heard(now + gap, id, 9);
                pace.heard(heard.is_none_or(|heard| heard.is_late));
            }
            now = now + gap;
        }
        assert!(now > at(3_500) && now <= at(4_100), "{now:?}");
        // But no faster than is allowed.
        let slow = Pace::new(at(0), 1_000, 256);
        let mut sweep = begun(Kind::Ordinary, need);
        let (_, gap) = sweep.ask(at(10_000), 1, &slow);
        assert_eq!(gap, ms((1 << 17) >> 5));
        // And where answers are dropped no faster than the pace.
        for (drops, expected) in [(false, 40_960), (true, 81_920)] {
            let mut sweep = begun(Kind::Ordinary, need);
            if drops {
                sweep.note_drops();
            }
            let (_, gap) = sweep.ask(at(10_000), 1, &Pace::new(at(0), 100_000, 256));
            assert_eq!(gap, Duration::from_micros(expected));
        }
    }

    #[test]
    fn the_next_slice_is_expected_to_be_like_those_that_are_over() {
        let mut sweep = begun(Kind::Ordinary, Need { expected: 20_000, is_first: true, ..NEED });
        let txn = 9;
        let mut ids = (0..).filter(|id| Slice::of(*id, txn, 2).index() == 0);
        assert_eq!(sweep.ask(at(5), 1, &pace()), (ms(100), ms(100)));
        for _ in 0..500 {
            let heard = sweep.heard(at(6), ids.next().unwrap(), txn).unwrap();
            assert_eq!((heard.asked, heard.is_late), (at(5), false));
        }
        let other = (0..).find(|id| Slice::of(*id, txn, 2).index() == 1).unwrap();
        assert_eq!(sweep.heard(at(6), other, txn), None);
        assert_eq!(sweep.ask(at(105), 1, &pace()), (ms(10), ms(10)));
        assert!(sweep.heard(at(121), other, txn).unwrap().is_late);
        assert_eq!(sweep.settled(), at(115));
    }

    #[test]
    fn an_answer_to_the_group_may_be_a_fifth_of_a_second_late() {
        let mut sweep = begun(Kind::Group, NEED);
        sweep.ask(at(5), 1, &pace());
        assert_eq!(sweep.settled(), at(5 + 24 + 200));
    }
}

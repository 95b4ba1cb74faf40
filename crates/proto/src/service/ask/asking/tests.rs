use alloc::vec::Vec;
use core::ops::Range;

use super::*;
use crate::Path;
use crate::secret::Secret;
use crate::service::table::entry::{Heard, Said};
use crate::wire::{self, Datagram, Epoch, Tlvs, short_name, whole_name};

const TXN: u64 = 0x7e57;
const LIMITS: Limits = Limits { answers: 100_000, queries: 2_000, buffer: 256, sealed: false };

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A question that was put.
struct Asked {
    at: Instant,
    kind: Kind,
    bytes: Vec<u8>,
}

impl Asked {
    fn query(&self) -> Query<'_> {
        match wire::decode(&self.bytes) {
            Ok(Datagram::Query(query)) => query,
            other => panic!("{other:?}"),
        }
    }
}

/// An asker with whom it knows, and the driver that carries out its plan.
struct Asker {
    asking: Asking,
    known: Known,
    selection: Selection,
    now: Instant,
    /// What the driver says of each sweep.
    evidence: Option<Evidence>,
}

fn asker_with(limits: Limits, goal: Goal) -> Asker {
    let secret = Secret::new(1);
    let mut asking = Asking::new(TXN, secret.salts("salts"), secret.rng("pauses"), limits);
    assert!(asking.is_at_rest() && asking.deadline().is_none());
    asking.start(at(1_000), goal);
    Asker {
        asking,
        known: Known::new(TXN, 1_000_000, Secret::new(1)),
        selection: Selection::all(),
        now: at(1_000),
        evidence: Some(Evidence::CLEAN),
    }
}

fn asker(goal: Goal) -> Asker {
    asker_with(LIMITS, goal)
}

/// With so many expected, so that there is no scout.
fn expecting(expected: u64) -> Goal {
    Goal::everybody(16, Some(expected))
}

fn path(number: u16) -> Path {
    let [a, b] = number.to_be_bytes();
    Path::new(([10, 0, a, b], 50_009).into())
}

impl Asker {
    /// The next question; `None` at the end of the run.
    fn ask(&mut self) -> Option<Asked> {
        self.ask_but(|_| false)
    }

    /// The same, with these voices asked anew.
    fn ask_but(&mut self, is_asked: impl Fn(&Voice) -> bool) -> Option<Asked> {
        for _ in 0..1_000_000 {
            self.now = self.asking.deadline()?.max(self.now);
            let Asker { asking, known, selection, now, .. } = self;
            match asking.poll(*now, known, selection, |voice| !is_asked(voice)) {
                Some(Step::Ask(query)) => {
                    let mut bytes = Vec::new();
                    Datagram::Query(query).encode(None, &mut bytes);
                    return Some(Asked { at: *now, kind: asking.sweep.kind, bytes });
                }
                Some(Step::Audit) => {
                    self.evidence.into_iter().for_each(|evidence| asking.audited(evidence));
                }
                None => {}
            }
        }
        panic!("it does nothing, again and again")
    }

    /// Runs on to the first question of this kind.
    fn ask_until(&mut self, kind: Kind) -> Asked {
        loop {
            let asked = self.ask().expect("it goes on");
            if asked.kind == kind {
                return asked;
            }
        }
    }

    /// The kinds of the questions from here to the end, where nobody answers.
    fn kinds(&mut self) -> Vec<Kind> {
        core::iter::from_fn(|| self.ask().map(|asked| asked.kind)).collect()
    }

    /// A responder answers to this round now.
    fn hear(&mut self, id: u64, round: u16, missing: Option<u16>, via: Via) -> Option<Duration> {
        let said = Said {
            at: path(id as u16),
            via,
            id,
            words: 10,
            print: 0,
            missing,
            epoch: Some(Epoch { boot: 1, seq: 1 }),
            lease: ms(120_000),
            tlvs: Tlvs::NONE,
            asked: self.now,
        };
        let news = match self.known.hear(self.now, said) {
            Heard::New | Heard::NewInPart => News::Voice,
            Heard::Whole | Heard::Changed(_) => News::Changed,
            Heard::Nothing | Heard::NoRoom => News::Nothing,
        };
        self.asking.heard(self.now, id, round, news, via)
    }

    fn hear_all(&mut self, ids: Range<u64>) {
        let round = self.asking.round;
        for id in ids {
            self.hear(id, round, None, Via::Unicast);
        }
    }
}

// The scout.

#[test]
fn first_one_in_256_is_asked_and_waited_for_five_milliseconds() {
    let mut asker = asker(Goal { watch: true, ..Goal::everybody(16, None) });
    let scout = asker.ask().unwrap();
    let Query { round, window_ms, sample_bits, slice, copies, watch, estimate, .. } = scout.query();
    assert_eq!((round, window_ms, sample_bits, slice), (0, 4, 8, Slice::ALL));
    assert_eq!((copies, watch, estimate, scout.at), (1, true, None, at(1_000)));
    assert_eq!(scout.kind, Kind::Ordinary);
    assert_eq!((asker.asking.deadline(), asker.asking.sweeps()), (Some(at(1_005)), 0));
    asker.now = at(1_003);
    assert_eq!(asker.hear(1, 0, None, Via::Unicast), Some(ms(3)));
    let first = asker.ask().unwrap();
    let Query { round, sample_bits, copies, watch, estimate, .. } = first.query();
    // One is known, and 1024 are expected.
    assert_eq!((round, sample_bits, copies, watch, estimate), (1, 0, 1, true, Some(10)));
    assert_eq!(first.at, at(1_005));
    assert!(!asker.asking.is_at_rest());
}

#[test]
fn each_question_is_for_those_who_are_selected_and_few_are_asked_for_three_copies() {
    let mut asker = asker(Goal::everybody(16, None));
    asker.selection = Selection::service("printer").unwrap();
    let tlvs = asker.selection.tlvs().as_bytes().to_vec();
    for copies in [1, 3, 3] {
        let asked = asker.ask().unwrap();
        let query = asked.query();
        assert_eq!((query.tlvs.as_bytes(), query.copies), (&tlvs[..], copies));
        // Few are expected from here on.
        asker.asking.is_first = false;
    }
}

#[test]
fn as_many_are_expected_as_the_sample_says_and_two_standard_deviations_more() {
    for (heard, expected) in [
        (0, 64),
        (1, 4 * 256),
        (4, 9 * 256),
        (100, 121 * 256),
        // More than this is not believed.
        (512, 558 * 256),
        (513, 558 * 256),
        (5_000, 558 * 256),
    ] {
        let mut asker = asker(Goal::everybody(16, None));
        asker.ask();
        asker.hear_all(0..heard);
        asker.ask();
        assert_eq!(asker.asking.expected, expected, "{heard} heard");
    }
}

#[test]
fn one_address_can_not_make_up_a_crowd_in_the_sample() {
    let mut asker = asker(Goal::everybody(16, None));
    asker.ask();
    // All ids are of one host.
    (0..500).for_each(|n| assert!(asker.hear(n << 16, 0, None, Via::Unicast).is_some()));
    asker.ask();
    assert_eq!((asker.known.len(), asker.asking.expected), (500, 25 * 256));
}

#[test]
fn what_is_expected_is_clamped_whoever_says_it() {
    let mut asker = asker(expecting(u64::MAX));
    let first = asker.ask().unwrap();
    assert_eq!((asker.asking.expected, first.query().estimate), (1 << 20, Some(20)));
    // A sweep of them has 256 slices of a window of a tenth of a second, and after the first that nobody
    // answers there is no more to wait for.
    assert_eq!((first.query().slice.bits(), first.query().window_ms), (8, 82));
    let last = core::iter::from_fn(|| asker.ask()).take(255).last().unwrap();
    assert_eq!(last.query().slice.index(), 255);
    assert!(last.at - first.at < ms(400), "{:?}", last.at - first.at);
    asker.asking.news = u64::MAX - 1;
    asker.ask();
    assert_eq!(asker.asking.expected, 1 << 20);
}

// Sweeps, one after the other.

#[test]
fn after_sixteen_sweeps_without_anybody_new_it_is_done() {
    let mut asker = asker(expecting(3));
    let first = asker.ask().unwrap();
    asker.hear_all(0..3);
    let starts: Vec<Instant> = core::iter::from_fn(|| asker.ask().map(|asked| asked.at)).collect();
    let gaps: Vec<u128> = [first.at]
        .iter()
        .chain(&starts)
        .zip(&starts)
        .map(|(before, after)| (*after - *before).as_millis())
        .collect();
    // A window of 24 ms and 2 ms more, and 2 ms again after news; then 20 ms, which are over; then 40.
    let expected: Vec<u128> = [28, 26].into_iter().chain([40; 14]).collect();
    assert_eq!(gaps, expected);
    assert!(asker.asking.is_at_rest() && asker.asking.has_reached_goal());
    assert_eq!((asker.asking.sweeps(), asker.asking.verdict().quiet()), (17, 16));
    assert!(asker.ask().is_none());
}

#[test]
fn where_enough_sweeps_heard_nobody_at_all_it_goes_on_ten_times_a_second() {
    let mut asker = asker(expecting(3));
    while asker.asking.verdict().quiet() < 17 {
        assert!(!asker.asking.has_reached_goal());
        asker.ask().unwrap();
    }
    let (before, after) = (asker.ask().unwrap(), asker.ask().unwrap());
    assert_eq!(after.at - before.at, ms(100));
    let goal = Goal { even_if_nobody: true, ..Goal::everybody(4, Some(3)) };
    let mut asker = self::asker(goal);
    assert_eq!(asker.kinds().len(), 4);
    assert!(asker.asking.has_reached_goal());
}

#[test]
fn a_run_that_has_a_bound_ends_there_and_has_not_reached_its_goal() {
    let mut asker = asker(expecting(3).bounded());
    asker.evidence = None;
    assert_eq!(asker.kinds().iter().filter(|kind| **kind == Kind::Ordinary).count(), 64);
    assert!(asker.asking.is_at_rest() && !asker.asking.has_reached_goal());
    // The next run has as many again.
    asker.evidence = Some(Evidence::CLEAN);
    asker.asking.start(asker.now, Goal { even_if_nobody: true, ..expecting(3).bounded() });
    assert!(asker.kinds().len() >= 16);
    assert!(asker.asking.has_reached_goal());
    asker.asking.start(asker.now, expecting(3));
    assert!(!asker.asking.has_reached_goal());
}

#[test]
fn sweeps_that_do_not_count_are_as_far_apart_as_quiet_ones() {
    for (evidence, news, gap) in [(None, 0, 40), (None, 1, 28), (Some(Evidence::CLEAN), 1, 28)] {
        let mut asker = asker(expecting(3));
        asker.evidence = evidence;
        let first = asker.ask().unwrap();
        asker.hear_all(0..news);
        assert_eq!(asker.ask().unwrap().at - first.at, ms(gap), "{evidence:?} {news}");
    }
    let goal = Goal { gap: ms(28), ..expecting(3) };
    let mut asker = self::asker(goal);
    asker.evidence = None;
    let first = asker.ask().unwrap();
    assert_eq!(asker.ask().unwrap().at - first.at, ms(28));
}

#[test]
fn the_more_often_it_is_refused_the_later_it_asks_again() {
    let mut asker = asker(expecting(3));
    let mut before = asker.ask().unwrap().at;
    let mut gap = |asker: &mut Asker| {
        let asked = asker.ask().unwrap().at;
        (asked - core::mem::replace(&mut before, asked)).as_millis()
    };
    let mut waits = Vec::new();
    for refusals in 1..100 {
        asker.asking.spoil(Doubts::REFUSED);
        waits.push(gap(&mut asker));
        let longest = (40 << (refusals / 16)).min(640);
        let shortest = (longest / 2).max(26);
        assert!((shortest..=longest).contains(waits.last().unwrap()), "{waits:?}");
    }
    assert!(waits.iter().any(|wait| wait % 40 != 0), "at random: {waits:?}");
    // Sweeps without a refusal bring it back to its pace by and by, and who answers does so at once.
    for longest in [160, 80, 40] {
        let wait = gap(&mut asker);
        assert!((longest / 2..=longest).contains(&wait), "{wait}");
    }
    asker.asking.spoil(Doubts::REFUSED);
    asker.hear_all(0..1);
    assert_eq!(gap(&mut asker), 28);
}

#[test]
fn what_the_driver_says_counts_when_it_is_asked_and_at_no_other_time() {
    let mut asker = asker(expecting(3));
    asker.evidence = None;
    asker.ask();
    asker.asking.audited(Evidence::CLEAN);
    asker.ask();
    assert_eq!(asker.asking.verdict().quiet(), 0);
    assert_eq!(asker.asking.verdict().doubts(), Doubts::UNAUDITED);
    asker.evidence = Some(Evidence::CLEAN);
    asker.ask();
    assert_eq!(asker.asking.verdict().quiet(), 1);
}

#[test]
fn what_happens_meanwhile_spoils_the_sweep_that_is_under_way() {
    let mut asker = asker(expecting(3));
    (0..9).for_each(|_| drop(asker.ask()));
    assert_eq!(asker.asking.verdict().quiet(), 7);
    asker.asking.spoil(Doubts::REFUSED);
    asker.ask();
    assert_eq!(asker.asking.verdict().quiet(), 0);
}

#[test]
fn who_says_something_new_is_asked_in_two_more_sweeps() {
    for (quiet, left) in [(1, 1), (14, 14), (15, 14)] {
        let mut asker = asker(expecting(3));
        asker.ask();
        asker.hear_all(0..1);
        while asker.asking.verdict().quiet() < quiet {
            asker.ask();
        }
        // It is quiet but for a change.
        asker.asking.heard(asker.now, 0, asker.asking.round, News::Changed, Via::Unicast);
        asker.ask();
        let expected = (left + u32::from(quiet < 14)).min(14);
        assert_eq!(asker.asking.verdict().quiet(), expected);
        asker.asking.start(asker.now, expecting(3));
        assert!(!asker.asking.has_changed);
    }
}

#[test]
fn a_sweep_settles_while_somebody_new_is_heard_and_for_two_seconds_at_the_most() {
    let mut asker = asker(expecting(3));
    let first = asker.ask().unwrap();
    let mut next = 0;
    // Somebody new each millisecond.
    while asker.asking.sweeps() == 0 {
        asker.hear_all(next..next + 1);
        next += 1;
        asker.now = asker.now + ms(1);
        let Asker { asking, known, selection, now, .. } = &mut asker;
        if let Some(Step::Audit) = asking.poll(*now, known, selection, |_| true) {
            asking.audited(Evidence::CLEAN);
        }
    }
    let took = asker.now - first.at;
    assert!((2_026..2_030).contains(&took.as_millis()), "{took:?}");
    let mut asker = self::asker(expecting(3));
    let first = asker.ask().unwrap();
    asker.now = first.at + ms(26);
    asker.hear_all(0..1);
    assert_eq!(asker.ask().unwrap().at - first.at, ms(28));
}

#[test]
fn rounds_are_counted_and_none_but_the_scout_is_0() {
    let mut asker = asker(expecting(3));
    asker.asking.round = u16::MAX - 2;
    let rounds: Vec<u16> = (0..4).map(|_| asker.ask().unwrap().query().round).collect();
    assert_eq!(rounds, [u16::MAX - 1, u16::MAX, 1, 2]);
    assert!(asker.asking.answered(asker.now, u16::MAX).is_some());
    assert!(asker.asking.answered(asker.now, 3).is_none());
}

#[test]
fn after_so_many_rounds_the_session_is_to_have_another_number() {
    let mut asker = asker(expecting(3));
    for round in [0, 1, 59_999] {
        asker.asking.round = round;
        assert!(!asker.asking.is_worn_out(), "{round}");
    }
    asker.ask();
    assert!(asker.asking.is_worn_out() && asker.asking.answered(asker.now, 60_000).is_some());
    asker.asking.set_txn(TXN + 1);
    asker.known.set_txn(TXN + 1);
    assert!(!asker.asking.is_worn_out() && asker.asking.answered(asker.now, 60_000).is_none());
    asker.hear_all(0..100);
    let asked = asker.ask_until(Kind::Ordinary);
    assert_eq!((asked.query().txn, asked.query().round), (TXN + 1, 1));
}

#[test]
fn round_trips_are_from_the_question_to_the_slice() {
    let mut asker = asker(expecting(20_000));
    let (first, second) = (asker.ask().unwrap(), asker.ask().unwrap());
    let of = |asked: &Asked| (0..).find(|id| asked.query().is_in(*id)).unwrap();
    let round = first.query().round;
    asker.now = second.at + ms(1);
    let since = second.at - first.at;
    assert_eq!(asker.hear(of(&first), round, None, Via::Unicast), Some(since + ms(1)));
    assert_eq!(asker.hear(of(&second), round, None, Via::Unicast), Some(ms(1)));
    // Nobody has asked these yet; and of an earlier round the slices are not known any more.
    let third = asker.ask().unwrap();
    let unasked = (0..).find(|id| Slice::of(*id, TXN, 2).index() == 3).unwrap();
    assert_eq!(asker.hear(unasked, round, None, Via::Unicast), None);
    assert_eq!(third.query().slice, Slice::new(2, 2).unwrap());
    assert_eq!(asker.hear(of(&first), round + 1, None, Via::Unicast), None);
    assert_eq!(asker.hear(of(&first), 0, None, Via::Unicast), None);
}

// How fast.

#[test]
fn answers_that_come_late_or_not_in_time_for_their_round_slow_it_down() {
    let slices = |late: bool, old: bool| {
        let mut asker = asker(expecting(20_000));
        asker.asking.round = 5;
        let first = asker.ask().unwrap();
        let Query { round, window_ms, .. } = first.query();
        let id = (0..).find(|id| first.query().is_in(*id)).unwrap();
        asker.now = first.at + ms(u64::from(window_ms) + if late { 6 } else { 0 });
        let round = if old { round - 1 } else { round };
        for _ in 0..10 {
            asker.asking.heard(asker.now, id, round, News::Nothing, Via::Unicast);
        }
        asker.asking.pace.adjust(first.at + ms(50));
        asker.asking.pace.time_for(1_000_000)
    };
    assert_eq!(slices(false, false), ms(20));
    let slowed = Duration::from_nanos(28_571_428);
    assert_eq!((slices(true, false), slices(false, true)), (slowed, slowed));
}

#[test]
fn drops_slow_it_down_and_the_buffer_says_how_fast_it_may_be() {
    let mut asker = asker(expecting(3));
    asker.asking.dropped(1);
    asker.asking.pace.adjust(at(1_050));
    assert_eq!(asker.asking.pace.time_for(35_000_000), ms(1_000));
    asker.asking.set_buffer(at(1_050), 100);
    assert_eq!(asker.asking.pace.time_for(20_000_000), ms(1_000));
    asker.asking.start(at(1_060), expecting(3));
    assert_eq!(asker.asking.pace.time_for(20_000_000), ms(1_000));
}

#[test]
fn while_slices_are_asked_the_pace_is_adjusted() {
    let mut asker = asker(expecting(200_000));
    let first = asker.ask().unwrap();
    while asker.now < first.at + ms(120) {
        asker.asking.dropped(1);
        asker.ask();
    }
    assert!(asker.asking.pace.time_for(50_000_000) > ms(1_000));
}

#[test]
fn queries_keep_their_rate_from_the_scout_on_through_sweeps_and_runs() {
    let limits = Limits { queries: 10, ..LIMITS };
    let mut asker = asker_with(limits, Goal { even_if_nobody: true, ..Goal::everybody(2, None) });
    asker.known = Known::new(TXN, 1_000_000, Secret::new(1));
    let mut last: Option<Instant> = None;
    for run in 0..3 {
        let mut asked = 0;
        while let Some(question) = asker.ask() {
            let gap = last.map_or(ms(100), |last| question.at - last);
            assert!(gap >= ms(100), "{gap:?} before question {asked} of run {run}");
            last = Some(question.at);
            // Several slices.
            if asked == 0 {
                asker.hear_all(0..3_000);
            }
            asked += 1;
        }
        assert!(asked > 4);
        asker.asking.start(asker.now, Goal { even_if_nobody: true, ..Goal::everybody(2, Some(9)) });
    }
}

#[test]
fn who_is_called_late_catches_up_by_two_milliseconds() {
    for (late, gap) in
        [(0, 10_000), (1_000, 9_000), (2_000, 8_000), (2_001, 10_000), (50_000, 10_000)]
    {
        let limits = Limits { queries: 100, ..LIMITS };
        let mut asker = asker_with(limits, expecting(3));
        asker.hear_all(0..2_000);
        asker.ask();
        asker.now = asker.asking.deadline().unwrap() + Duration::from_micros(late);
        let second = asker.ask().unwrap();
        assert_eq!(asker.ask().unwrap().at - second.at, Duration::from_micros(gap), "{late}");
    }
}

// Whom it names.

#[test]
fn those_who_are_known_are_named_and_not_those_who_are_to_be_asked_again() {
    let mut asker = asker(expecting(3));
    asker.ask();
    asker.hear_all(1..101);
    asker.hear(101, 1, Some(400), Via::Unicast);
    let padded = asker.ask_but(|voice| voice.at == path(7)).unwrap();
    let asked = asker.ask_but(|voice| voice.at == path(7)).unwrap();
    assert_eq!((padded.kind, asked.kind), (Kind::Padded, Kind::Ordinary));
    let whole = |id: u64| whole_name(id, path(id as u16).remote, 10);
    let known = (1..101).filter(|id| asked.query().silences(whole(*id))).count();
    assert_eq!((known, asked.query().silences(whole(7))), (99, false));
    assert!(asked.query().silences(short_name(101, path(101).remote, 10)));
}

#[test]
fn each_slice_names_its_own() {
    let mut asker = asker(expecting(3));
    asker.hear_all(0..2_000);
    for _ in 0..4 {
        let asked = asker.ask().unwrap();
        let of_slice = |id: &u64| asked.query().is_in(*id);
        let silent = |id: u64| asked.query().silences(whole_name(id, path(id as u16).remote, 10));
        assert!((0..2_000).filter(of_slice).all(silent));
        let others = (0..2_000).filter(|id| !of_slice(id)).filter(|id| silent(*id)).count();
        assert!(others < 60, "{others}");
        assert_eq!(asked.query().estimate, Some(10));
    }
}

// Long answers.

#[test]
fn padded_sweeps_alternate_with_ordinary_ones_and_ask_those_alone_who_are_missing() {
    let mut asker = asker(expecting(3));
    asker.ask();
    asker.hear_all(1..2);
    asker.hear(2, 1, Some(400), Via::Unicast);
    asker.hear(3, 1, Some(904), Via::Unicast);
    let padded = asker.ask().unwrap();
    assert_eq!((padded.kind, padded.query().length), (Kind::Padded, 904));
    let silent = |asked: &Asked, id: u64| {
        let from = path(id as u16).remote;
        asked.query().silences(whole_name(id, from, 10))
            || asked.query().silences(short_name(id, from, 10))
    };
    assert!(silent(&padded, 1) && !silent(&padded, 2) && !silent(&padded, 3));
    asker.hear(3, 2, None, Via::Unicast);
    let ordinary = asker.ask().unwrap();
    assert_eq!(ordinary.kind, Kind::Ordinary);
    assert!((1..4).all(|id| silent(&ordinary, id)));
    // No longer than the longest that is missing now.
    let padded = asker.ask().unwrap();
    assert_eq!((padded.kind, padded.query().length), (Kind::Padded, 400));
    asker.hear(2, 4, None, Via::Unicast);
    // The sweeps with news, those in between, and 16.
    assert_eq!(asker.kinds(), [Kind::Ordinary; 15]);
}

#[test]
fn there_are_three_padded_sweeps_for_two_quiet_ones_and_they_are_not_quiet() {
    for quiet in [8, 16] {
        let mut asker = asker(Goal::everybody(quiet, Some(3)));
        asker.ask();
        asker.hear(1, 1, Some(904), Via::Unicast);
        let kinds = asker.kinds();
        let count = |kind| kinds.iter().filter(|k| **k == kind).count() as u32;
        assert_eq!((count(Kind::Padded), count(Kind::Ordinary)), (quiet * 3 / 2, quiet));
        assert!(asker.asking.has_reached_goal());
        // In ten seconds no more, however many runs begin in them.
        let padded = |asker: &mut Asker, after| {
            asker.now = asker.now.max(at(after));
            asker.asking.start(asker.now, Goal::everybody(quiet, Some(3)));
            asker.kinds().iter().filter(|kind| **kind == Kind::Padded).count() as u32
        };
        assert_eq!(padded(&mut asker, 10_999), 0);
        assert_eq!(padded(&mut asker, 0), quiet * 3 / 2);
        assert_eq!(padded(&mut asker, 0), 0);
    }
}

#[test]
fn a_padded_sweep_follows_at_once_and_takes_nothing_from_the_time_between_the_others() {
    let mut asker = asker(expecting(3));
    asker.ask();
    asker.hear(1, 1, Some(904), Via::Unicast);
    (0..6).for_each(|_| drop(asker.ask()));
    let ordinary = asker.ask_until(Kind::Ordinary);
    let padded = asker.ask().unwrap();
    assert_eq!((padded.kind, padded.at - ordinary.at), (Kind::Padded, ms(26)));
    let next = asker.ask().unwrap();
    assert_eq!((next.kind, next.at - ordinary.at), (Kind::Ordinary, ms(52)));
    // How many are expected is known from the ordinary ones.
    assert_eq!(asker.asking.expected, 1);
}

// Answers to the group.

#[test]
fn where_nobody_is_heard_one_sweep_in_four_asks_for_answers_to_the_group() {
    let mut asker = asker(expecting(3));
    let asked: Vec<Asked> = (0..15).map(|_| asker.ask().unwrap()).collect();
    let by_group: Vec<usize> = (0..15).filter(|n| asked[*n].kind == Kind::Group).collect();
    assert_eq!(by_group, [4, 9, 14]);
    let query = asked[4].query();
    assert_eq!((query.copies, query.window_ms), (1, 24));
    // It is waited for as long as an answer there may be late, and is no quiet one.
    assert_eq!(asked[5].at - asked[4].at, ms(24 + 200 + 2));
    assert_eq!(asker.asking.verdict().quiet(), 12);
}

#[test]
fn sweeps_by_group_are_a_fifth_of_a_second_apart() {
    let mut asker = asker(expecting(3));
    let first = asker.ask_until(Kind::Group);
    asker.asking.heard(asker.now, 1, asker.asking.round, News::Nothing, Via::Group);
    let second = asker.ask_until(Kind::Group);
    assert!(second.at - first.at >= GROUP_GAP);
    asker.asking.start(asker.now, Goal { group: true, ..expecting(3) });
    assert_eq!(asker.ask().unwrap().kind, Kind::Group);
}

#[test]
fn where_answers_come_by_the_group_alone_only_sweeps_that_ask_for_those_are_quiet() {
    let mut asker = asker(Goal::everybody(4, Some(3)));
    let group = asker.ask_until(Kind::Group);
    asker.hear(1, group.query().round, None, Via::Group);
    // By turns, and four by group without anybody new.
    let kinds = asker.kinds();
    assert_eq!(kinds, [Kind::Ordinary, Kind::Group].repeat(4));
    assert!(asker.asking.has_reached_goal());
    // Once somebody is heard otherwise it is as everywhere.
    let mut asker = self::asker(Goal::everybody(4, Some(3)));
    let group = asker.ask_until(Kind::Group);
    asker.hear(1, group.query().round, None, Via::Group);
    asker.hear(2, group.query().round, None, Via::Unicast);
    assert_eq!(asker.kinds(), [Kind::Ordinary; 4]);
}

#[test]
fn a_run_may_begin_by_group_and_goes_on_as_usual() {
    let goal =
        Goal { group: true, watch: true, even_if_nobody: true, ..Goal::everybody(4, Some(1)) };
    let mut asker = asker(goal);
    asker.known.hear(asker.now, said_before());
    let first = asker.ask().unwrap();
    assert_eq!((first.kind, first.query().watch), (Kind::Group, true));
    assert_eq!(asker.kinds(), [Kind::Ordinary; 4]);
}

fn said_before() -> Said<'static> {
    Said {
        at: path(1),
        via: Via::Unicast,
        id: 1,
        words: 10,
        print: 0,
        missing: None,
        epoch: None,
        lease: ms(120_000),
        tlvs: Tlvs::NONE,
        asked: at(0),
    }
}

#[test]
fn early_calls_change_nothing() {
    let mut asker = asker(expecting(3));
    let Asker { asking, known, selection, .. } = &mut asker;
    assert!(asking.poll(at(999), known, selection, |_| true).is_none());
    assert_eq!(asking.deadline(), Some(at(1_000)));
    asker.ask();
    let Asker { asking, known, selection, .. } = &mut asker;
    assert!(asking.poll(at(1_025), known, selection, |_| true).is_none());
    assert_eq!(asking.deadline(), Some(at(1_026)));
}

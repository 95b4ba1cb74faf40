//! How long it pauses from one sweep or query to the next.

use super::*;

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

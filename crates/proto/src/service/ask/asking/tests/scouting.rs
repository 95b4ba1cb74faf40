//! The scout, and how many answers are expected.

use super::*;

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
        assert_eq!(asker.asking.expected.answers(), expected, "{heard} heard");
    }
}

#[test]
fn one_address_can_not_make_up_a_crowd_in_the_sample() {
    let mut asker = asker(Goal::everybody(16, None));
    asker.ask();
    // All ids are of one host.
    (0..500).for_each(|n| assert!(asker.hear(n << 16, 0, None, Via::Unicast).is_some()));
    asker.ask();
    assert_eq!((asker.known.len(), asker.asking.expected.answers()), (500, 25 * 256));
}

#[test]
fn what_is_expected_is_clamped_whoever_says_it() {
    let mut asker = asker(expecting(u64::MAX));
    let first = asker.ask().unwrap();
    assert_eq!((asker.asking.expected.answers(), first.query().estimate), (1 << 20, Some(20)));
    // A sweep of them has 256 slices of a window of a tenth of a second, and after the first that nobody
    // answers there is no more to wait for.
    assert_eq!((first.query().slice.bits(), first.query().window_ms), (8, 82));
    let last = core::iter::from_fn(|| asker.ask()).take(255).last().unwrap();
    assert_eq!(last.query().slice.index(), 255);
    assert!(last.at - first.at < ms(400), "{:?}", last.at - first.at);
    asker.asking.news = u64::MAX - 1;
    asker.ask();
    assert_eq!(asker.asking.expected.answers(), 1 << 20);
}

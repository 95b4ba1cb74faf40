//! One sweep after the other, and when that is enough.

use super::*;

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

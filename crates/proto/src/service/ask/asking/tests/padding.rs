//! Padded sweeps, for answers that were cut short.

use super::*;

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
    assert_eq!(asker.asking.expected.answers(), 1);
}

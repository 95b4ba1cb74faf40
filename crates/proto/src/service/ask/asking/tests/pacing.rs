//! How fast answers are asked for.

use super::*;

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

//! Rounds and session numbers, and the answers that come in time for them.

use super::*;

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

//! Truncated answers: what is missing, and who is told in part.

use super::*;

#[test]
fn what_is_missing_is_counted_until_it_has_come_and_the_longest_is_known() {
    let mut known = known(100);
    assert_eq!(known.missing(), None);
    assert_eq!(known.hears(short(1, 1, 200)), Heard::NewInPart);
    assert_eq!(known.hears(short(2, 2, 904)), Heard::NewInPart);
    assert_eq!(known.hears(short(3, 3, 200)), Heard::NewInPart);
    assert_eq!(known.hears(said(4, 4)), Heard::New);
    assert_eq!((known.missing(), known.has_unreported()), (Some((3, 904)), true));
    assert_eq!(known.hears(said(2, 2)), Heard::Whole);
    assert_eq!(known.missing(), Some((2, 200)));
    assert_eq!(known.hears(said(1, 1)), Heard::Whole);
    assert_eq!(known.missing(), Some((1, 200)));
    known.audit();
    let place = known.place(3);
    assert!(known.remove(place).is_some() && known.remove(place).is_none());
    assert_eq!((known.missing(), known.has_unreported()), (None, false));
    // Who is known may have more to say.
    known.hears(Said { epoch: Some(Epoch { boot: 2, seq: 0 }), ..short(4, 4, 300) });
    assert_eq!((known.missing(), known.has_unreported()), (Some((1, 300)), false));
    known.audit();
}

#[test]
fn each_of_whom_nothing_was_told_is_told_of_in_part_once() {
    let mut known = known(100);
    (1..=3).for_each(|id| assert_eq!(known.hears(short(id, 1, 200)), Heard::NewInPart));
    known.hears(said(2, 1));
    let mut told = Vec::new();
    while let Some((id, part)) = known.report_in_part() {
        assert_eq!(part.from, host(1));
        told.push(id);
        known.audit();
    }
    told.sort_unstable();
    assert_eq!(told, [1, 3]);
    assert_eq!((known.has_unreported(), known.missing()), (false, Some((2, 200))));
    assert_eq!(known.hears(said(1, 1)), Heard::Changed(Change::Content));
    known.audit();
}

#[test]
fn promises_take_a_quarter_of_the_room_at_the_most() {
    let mut known = known(40);
    (0..10).for_each(|id| assert_eq!(known.hears(short(id, 1, 200)), Heard::NewInPart));
    assert!(!known.was_full);
    assert_eq!(known.hears(short(10, 1, 200)), Heard::NoRoom);
    assert!(known.was_full && known.get(10).is_none());
    assert_eq!(known.hears(said(10, 1)), Heard::New);
    assert_eq!(known.hears(said(0, 1)), Heard::Whole);
    assert_eq!(known.hears(short(11, 1, 200)), Heard::NewInPart);
    known.audit();
    let mut smallest = Known::new(TXN, 0, Secret::new(1));
    assert_eq!(smallest.hears(short(1, 1, 200)), Heard::NewInPart);
    assert_eq!(smallest.hears(short(2, 1, 200)), Heard::NoRoom);
}

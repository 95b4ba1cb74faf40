//! What becomes of responders for whom there is no room.

use super::*;

#[test]
fn who_gives_way_was_told_of_and_is_found_again_and_nothing_is_complete() {
    let mut run = run(Discovery { capacity: 2, ..few() });
    let asked = run.ask().unwrap();
    for number in 1..=3 {
        assert!(run.answer(host(number), &asked).is_some());
    }
    assert_eq!((run.summary().found, run.summary().doubts), (3, Doubts::NO_ROOM));
    let again: usize = (1..=3).filter(|number| run.answer(host(*number), &asked).is_some()).count();
    assert!(again > 0);
    let done = run.end(&[]);
    assert_eq!((done.found, run.found()), (3 + again as u64, 3 + again as u64));
    assert_eq!((done.complete, done.doubts), (Some(false), Doubts::NO_ROOM));
}

#[test]
fn who_is_promised_and_has_no_room_is_ignored_and_asked_again() {
    let long = |number| Host { more: 200, ..host(number) };
    let mut run = run(Discovery { capacity: 4, ..few() });
    let asked = run.ask().unwrap();
    assert_eq!((run.answer(long(1), &asked), run.answer(long(2), &asked)), (None, None));
    assert_eq!((run.summary().ignored, run.summary().doubts), (1, Doubts::NO_ROOM));
    let done = run.end(&[long(1), long(2)]);
    assert_eq!((done.found, run.told.len()), (2, 2));
    assert_eq!(done.doubts, Doubts::NO_ROOM);
}

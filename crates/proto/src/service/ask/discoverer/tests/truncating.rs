//! Truncated answers: none is an answer yet.

use super::*;

#[test]
fn a_truncated_answer_is_not_counted_until_it_is_told() {
    let long = Host { more: 200, ..host(1) };
    let mut run = run(Discovery { count: Some(1), ..few() });
    let asked = run.ask().unwrap();
    assert_eq!(run.answer(long, &asked), None);
    assert_eq!((run.summary().found, run.summary().doubts), (0, Doubts::NONE));
    let done = run.end(&[long]);
    assert_eq!(run.told, ["1001 is honest at 10.0.0.1:50009"]);
    assert_eq!((done.found, done.doubts), (1, Doubts::COUNT));
}

#[test]
fn what_can_not_be_had_whole_is_told_in_part_counted_and_not_complete() {
    let (long, longer) = (Host { more: 200, ..host(1) }, Host { more: 900, ..host(2) });
    let mut run = run(few());
    run.narrow = 600;
    let done = run.end(&[long, longer]);
    run.told.sort();
    let at = [(1001, "10.0.0.1:50009"), (1002, "10.0.0.2:50009")];
    assert_eq!(run.told, at.map(|(id, at)| format!("{id} is honest at {at} in part")));
    assert_eq!((done.found, done.complete, done.doubts), (2, Some(false), Doubts::CUT_SHORT));
    assert_eq!(done.found_by_group, 0);
}

#[test]
fn of_those_told_in_part_no_more_are_told_than_are_wanted() {
    let long = |number| Host { more: 200, ..host(number) };
    let mut run = run(Discovery { count: Some(2), deadline: Some(ms(100)), ..few() });
    let asked = run.ask().unwrap();
    (1..=5).for_each(|number| assert_eq!(run.answer(long(number), &asked), None));
    let done = run.end(&[]);
    assert_eq!((run.told.len(), done.found), (2, 2));
    assert!(done.doubts.contains(Doubts::COUNT) && done.complete == Some(false));
}

#[test]
fn a_promise_in_an_honest_id_is_not_complete() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    run.answer(host(1), &asked);
    let forged = Host { more: 300, ..host(1).forged(6) };
    run.answer(forged.since(1, 9), &asked);
    let done = run.end(&[]);
    assert_eq!(run.told.len(), 1);
    assert_eq!((done.found, done.complete, done.doubts), (1, Some(false), Doubts::CUT_SHORT));
}

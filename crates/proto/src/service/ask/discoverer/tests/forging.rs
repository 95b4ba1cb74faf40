//! Forged answers: nobody silences or replaces another.

use super::*;

#[test]
fn forged_answers_in_an_honest_id_do_not_name_the_honest_one() {
    let honest = host(1);
    let long = |host: Host| Host { more: 300, ..host };
    for forged in [
        honest.forged(6),
        Host { name: "honest", ..honest.forged(6) },
        honest.forged(6).since(9, 9),
        honest.forged(1),
        honest.forged(1).since(1, 9),
        honest.forged(1).since(9, 0),
        long(honest.forged(6)),
        long(honest.forged(1)).since(9, 9),
    ] {
        let mut run = run(few());
        let mut asked = run.ask().unwrap();
        for _ in 0..8 {
            run.answer(forged, &asked);
            asked = run.ask().unwrap();
            assert!(!honest.is_known_to(&asked), "{} {:?}", forged.number, forged.epoch);
        }
        // The honest one is told of, by whatever change, and is silent then.
        assert!(run.answer(honest, &asked).is_some());
        assert!(honest.is_known_to(&run.ask().unwrap()));
    }
}

#[test]
fn a_forger_who_was_first_is_a_conflict_and_nothing_is_complete() {
    for forged in [host(1).forged(6), host(1).forged(6).since(9, 9), host(1).forged(1)] {
        let mut run = run(few());
        let asked = run.ask().unwrap();
        run.answer(forged, &asked);
        let done = run.end(&[host(1)]);
        let at = host(1).at();
        assert_eq!(run.told[1], format!("1001 Conflict honest at {at}"));
        assert_eq!((done.found, run.told.len()), (1, 2));
        assert_eq!((done.complete, done.doubts), (Some(false), Doubts::CONFLICT));
    }
}

#[test]
fn who_answers_each_question_first_and_as_one_who_is_older_still_is_a_conflict() {
    let mut run = run(few());
    let mut seq = 1;
    while let Some(asked) = run.ask() {
        seq += 1;
        run.answer(host(1).forged(6).since(1, seq), &asked);
        if !host(1).is_known_to(&asked) {
            run.answer(host(1), &asked);
        }
    }
    assert_eq!(run.told.last().map(String::as_str), Some("1001 Conflict honest at 10.0.0.1:50009"));
    assert_eq!(run.done.unwrap().doubts, Doubts::CONFLICT);
}

#[test]
fn who_was_made_to_seem_to_say_something_new_in_the_last_sweep_has_time_to_say_otherwise() {
    for forged in [host(1).forged(1).since(1, 9), host(1).forged(6).since(1, 9)] {
        let mut run = run(few());
        let asked = run.ask().unwrap();
        run.answer(host(1), &asked);
        let last = run.ask_until(|query| query.round == 17);
        run.answer(forged, &last);
        let done = run.end(&[host(1)]);
        assert_eq!((done.complete, done.doubts), (Some(false), Doubts::CONFLICT), "{:?}", run.told);
    }
    // Who does say something new is complete after two more.
    let mut run = run(few());
    let asked = run.ask().unwrap();
    run.answer(host(1), &asked);
    let last = run.ask_until(|query| query.round == 17);
    let later = host(1).since(1, 9);
    run.answer(Host { name: "later", ..later }, &last);
    let done = run.end(&[Host { name: "later", ..later }]);
    assert_eq!((done.complete, done.sweeps), (Some(true), 19));
    // A further address is as much news as a further responder.
    let mut run = self::run(few());
    let asked = run.ask().unwrap();
    run.answer(host(1), &asked);
    let last = run.ask_until(|query| query.round == 17);
    run.answer(Host { number: 6, ..host(1) }, &last);
    let done = run.end(&[]);
    assert_eq!((done.complete, done.sweeps), (Some(true), 33));
}

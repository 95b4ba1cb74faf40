//! How a discovery ends: complete, by time, at a number, closed.

use super::*;

#[test]
fn who_is_there_is_found_and_then_all_are_known_to_be() {
    let mut run = run(Discovery::all());
    let done = run.end(&[host(1), host(2), host(3)]);
    assert_eq!((done.found, done.complete, done.doubts), (3, Some(true), Doubts::NONE));
    assert_eq!((run.found(), run.told.len()), (3, 3));
    // The scout, a sweep that finds all, and sixteen that find nobody else.
    assert_eq!((done.sweeps, done.sent, done.received), (17, 18, 3));
    assert!(done.elapsed > ms(600) && done.elapsed < ms(700), "{:?}", done.elapsed);
    assert_eq!(run.discoverer.deadline(), None);
}

#[test]
fn nothing_is_heard_between_the_last_sweep_and_the_end() {
    let mut run = run(few());
    run.ask_all(&[host(1)]);
    let last = run.ask_until(|query| query.round == 17);
    run.now = run.discoverer.deadline().unwrap();
    while run.step().is_none() && run.done.is_none() {
        // Each time that it is called, somebody new has answered before.
        assert!(run.hear_from(host(2).at(), Cast::Unicast, &host(2).reply(&last)).is_some());
    }
    assert_eq!((run.done, run.found()), (None, 2));
    let mut run = self::run(few());
    run.ask_all(&[host(1)]);
    run.ask_until(|query| query.round == 17);
    run.now = run.discoverer.deadline().unwrap();
    // It asks what became of the sweep, and then it is done.
    assert!(run.step().is_none() && run.step().is_none());
    assert_eq!(run.done.map(|done| done.complete), Some(Some(true)));
}

#[test]
fn where_nobody_answers_it_ends_by_silence_or_deadline_and_is_not_complete() {
    let (short, long) = (Some(ms(700)), Some(ms(9_000)));
    for (deadline, silence) in [(short, None), (None, short), (short, long), (long, short)] {
        let mut run = run(Discovery { deadline, silence, ..Discovery::all() });
        let done = run.end(&[]);
        assert_eq!((Some(done.elapsed), done.complete), (short, Some(false)));
        assert_eq!((done.found, done.doubts), (0, Doubts::DEADLINE));
    }
}

#[test]
fn silence_counts_from_the_last_who_was_new_and_a_deadline_from_the_start() {
    let silence = Some(ms(500));
    for (last, more) in [(host(2), 0), (Host { more: 200, ..host(2) }, 0), (host(2), 200)] {
        let mut run = run(Discovery { silence, deadline: None, ..few() });
        assert_eq!(run.discoverer.ends(), None);
        let asked = run.ask().unwrap();
        let start = asked.at;
        assert_eq!(run.discoverer.ends(), Some(start + ms(500)));
        run.answer(Host { more, ..host(1) }, &asked);
        run.now = start + ms(400);
        run.answer(host(1), &asked);
        run.answer(last, &asked);
        assert_eq!(run.discoverer.ends(), Some(run.now + ms(500)), "{more}");
        run.answer(last.forged(9), &asked);
        assert_eq!(run.discoverer.ends(), Some(run.now + ms(499)), "{more}");
    }
    let mut run = run(Discovery { silence, ..few() });
    let asked = run.ask().unwrap();
    run.now = asked.at + ms(2_900);
    run.answer(host(1), &asked);
    assert_eq!(run.discoverer.ends(), Some(asked.at + ms(3_000)));
}

#[test]
fn the_end_by_time_is_a_reason_only_where_it_was_not_the_end_already() {
    let mut run = run(Discovery { deadline: Some(ms(3_000)), ..few() });
    let start = run.now;
    let asked = run.ask().unwrap();
    run.answer(Host { more: 200, ..host(1) }, &asked);
    while run.told.is_empty() {
        run.now = run.discoverer.deadline().unwrap().max(run.now);
        run.step();
    }
    // The driver is late.
    assert!(run.now < start + ms(3_000));
    run.now = start + ms(4_000);
    let done = run.end(&[]);
    assert_eq!((done.complete, done.doubts), (Some(false), Doubts::CUT_SHORT));
}

#[test]
fn it_ends_at_the_number_that_was_wanted_and_tells_no_more() {
    for count in [1, 2] {
        let mut run = run(Discovery { count: Some(count), ..few() });
        let asked = run.ask().unwrap();
        let answers: Vec<_> = (1..=4).map(|number| run.answer(host(number), &asked)).collect();
        assert_eq!(answers.iter().flatten().count() as u64, count);
        let done = run.end(&[]);
        assert_eq!((done.found, run.found()), (count, count));
        assert_eq!((done.complete, done.doubts), (Some(false), Doubts::COUNT));
        assert_eq!(done.elapsed, run.now - asked.at);
    }
    let mut none = run(Discovery { count: Some(0), ..few() });
    let done = none.end(&[host(1)]);
    assert_eq!((done.found, done.sent, done.doubts), (0, 0, Doubts::COUNT));
}

#[test]
fn what_was_closed_says_so_and_ends_at_once() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    run.answer(Host { more: 200, ..host(1) }, &asked);
    run.discoverer.close(run.now);
    run.discoverer.close(run.now);
    assert_eq!(run.answer(host(2), &asked), None);
    let now = run.now;
    let done = run.end(&[]);
    assert_eq!((run.now, run.told.len()), (now, 1));
    assert_eq!(done.complete, Some(false));
    assert_eq!(done.doubts, Doubts::CLOSED | Doubts::CUT_SHORT);
    assert_eq!(run.discoverer.handle_timeout(run.now), None);
}

#[test]
fn nothing_is_taken_before_the_start_or_after_the_end() {
    let mut run = run(few());
    assert_eq!(run.discoverer.deadline(), Some(Instant::ZERO));
    let asked = self::run(few()).ask().unwrap();
    assert_eq!(run.answer(host(1), &asked), None);
    assert_eq!(run.summary(), Summary { complete: Some(false), ..Summary::default() });
    let asked = run.ask().unwrap();
    run.end(&[host(2)]);
    assert_eq!(run.answer(host(1), &asked), None);
    assert_eq!(run.found(), 1);
}

#[test]
fn before_it_is_due_nothing_is_done() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    assert!(run.discoverer.deadline().unwrap() > asked.at);
    assert_eq!(run.discoverer.handle_timeout(asked.at), None);
    assert_eq!(run.discoverer.handle_timeout(asked.at + ms(25)), None);
    assert_eq!(run.summary().sent, 1);
}

#[test]
fn with_another_selection_it_begins_anew_and_takes_no_answer_to_the_old_questions() {
    let mut discoverer = Discoverer::new(Discovery::of("printer").unwrap(), 1);
    let now = Instant::ZERO;
    let ask = |discoverer: &mut Discoverer| match discoverer.handle_timeout(now) {
        Some(Action::Send { message, .. }) => {
            let mut bytes = Vec::new();
            message.encode(&mut bytes);
            let Ok(Datagram::Query(query)) = wire::decode(&bytes) else { panic!("{bytes:?}") };
            (query.txn, query.round)
        }
        other => panic!("{other:?}"),
    };
    let (old, round) = ask(&mut discoverer);
    discoverer.select(now, Selection::service("scanner").unwrap());
    let (new, _) = ask(&mut discoverer);
    assert_ne!(old, new);
    let arrival = Arrival::new(Path::new(host(1).at()), Cast::Unicast, true);
    let mut answered = |txn| {
        let tlvs = host(1).tlvs();
        let reply = Reply {
            txn,
            id: host(1).id,
            round,
            copy: 0,
            whole: None,
            busy: false,
            lease_s: 120,
            tlvs: tlvs.as_tlvs(),
        };
        let mut bytes = Vec::new();
        Datagram::Reply(reply).encode(None, &mut bytes);
        discoverer.handle_datagram(now, arrival, &bytes).is_some()
    };
    assert!(!answered(old) && answered(new));
    assert_eq!(discoverer.summary(now).found, 1);
}

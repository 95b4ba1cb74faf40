//! The runs that the simulator's table consists of: each hardship that can be chosen is one, and under each
//! of them everybody is told whole.

use std::time::Duration;

use mcast_tests::scenario::{Outcome, Scenario};
use mcast_tests::sim::{Air, Link, Socket, Stalls};

const MS: Duration = Duration::from_millis(1);

fn usual() -> Scenario {
    Scenario::new(100, 0.1)
}

fn run(scenario: &Scenario) -> Outcome {
    let outcome = scenario.run(1);
    let verdict = outcome.verdict.assert_honest();
    assert!(verdict.is_complete() && verdict.is_whole(), "{scenario:?}: {verdict:?}");
    assert_eq!((outcome.found.len(), outcome.told_whole(100)), (100, 100));
    outcome
}

#[test]
fn a_seed_gives_the_same_run_again() {
    assert_eq!(run(&usual()).found, run(&usual()).found);
}

#[test]
fn over_slow_ways_everybody_is_found_that_much_later() {
    let slow = Link { delay: 20 * MS, ..usual().link };
    let first = |outcome: Outcome| outcome.found[0];
    assert!(first(run(&Scenario { link: slow, ..usual() })) > first(run(&usual())) + 35 * MS);
}

#[test]
fn losses_in_bursts_and_worse_links_take_more_sweeps() {
    let sweeps = |outcome: Outcome| outcome.done.sweeps;
    let bursts = Scenario { link: usual().link.in_bursts(50 * MS), ..usual() };
    assert!(sweeps(run(&bursts)) > sweeps(run(&usual())));
    let worse = Scenario { worse: (50, usual().link.loss(0.5)), ..usual() };
    assert!(sweeps(run(&worse)) > sweeps(run(&usual())));
}

#[test]
fn long_answers_are_as_many_bytes_more_and_each_address_answers_for_itself() {
    let (short, long) = (run(&usual()), run(&Scenario { attribute_bytes: 400, ..usual() }));
    assert!(long.traffic.bytes > short.traffic.bytes + 100 * 400);
    let twice = run(&Scenario { addresses: 2, ..usual() });
    assert!(twice.traffic.unicasts > short.traffic.unicasts * 3 / 2);
}

#[test]
fn clocks_that_go_wrong_change_the_times_and_nothing_else() {
    let (right, wrong) = (run(&usual()), run(&Scenario { drift: 100, ..usual() }));
    assert_ne!(right.found, wrong.found);
    let elapsed = right.done.elapsed.as_secs_f64() / wrong.done.elapsed.as_secs_f64();
    assert!((0.9..1.1).contains(&elapsed), "{elapsed}");
}

#[test]
fn slow_readers_at_both_ends_lose_datagrams_and_find_everybody_all_the_same() {
    let stalls = Some(Stalls { every: 100 * MS, length: 40 * MS });
    let slow = Socket { buffer: 8, drain: 2_000, stalls, ..Socket::default() };
    let asker = Scenario { asker_socket: slow, ..usual() };
    let outcome = asker.run(1);
    assert!(outcome.traffic.overflows > 0);
    assert!(!outcome.is_false() && outcome.verdict.missing.is_empty(), "{:?}", outcome.done);
    // A responder that reads five a second has read the first questions long after the last was put.
    let slow = Socket { buffer: 2, drain: 5, ..Socket::default() };
    let responders = Scenario { socket: Some(slow), ..usual() }.run(1);
    assert!(responders.traffic.overflows > 0 && !responders.is_false(), "{:?}", responders.done);
}

#[test]
fn over_one_radio_channel_answers_and_questions_take_each_others_time() {
    let air = |unicasts_per_second| Air {
        multicast_bits_per_second: 1_000_000,
        unicasts_per_second,
        dtim: Some(102 * MS),
    };
    let last = |air| *run(&Scenario { air: Some(air), ..usual() }).found.last().unwrap();
    let wire = *run(&usual()).found.last().unwrap();
    assert!(last(air(3_000)) > wire + 50 * MS && last(air(300)) > last(air(3_000)));
}

use core::net::SocketAddr;

use super::*;
use crate::{Cast, Path};

const EVERY: Duration = Duration::from_secs(10);

fn watcher(capacity: usize) -> Watcher {
    Watcher::new(Watching { every: EVERY, capacity, ..Watching::default() })
}

fn peer(number: u8) -> SocketAddr {
    ([10, 0, 0, number], 50_008).into()
}

/// What a datagram from a peer comes to: found, changed, or nothing.
fn hear(watcher: &mut Watcher, at: Instant, remote: SocketAddr, said: &str) -> &'static str {
    let from = Path::new(remote);
    let arrival = Arrival::new(from, Cast::Unicast, true);
    match watcher.handle_datagram(at, arrival, said.as_bytes()) {
        Some(Action::Emit(Event::Found(finding))) => {
            assert_eq!(finding.payload(), Some(said.as_bytes()));
            "found"
        }
        Some(Action::Emit(Event::Changed { finding, change: Change::Content })) => {
            assert_eq!(finding.payload(), Some(said.as_bytes()));
            "changed"
        }
        None => "nothing",
        other => panic!("{other:?}"),
    }
}

/// Does everything that is due, and returns who was lost until the probe went out.
fn probe(watcher: &mut Watcher, at: Instant) -> Vec<SocketAddr> {
    let mut lost = Vec::new();
    loop {
        match watcher.handle_timeout(at) {
            Some(Action::Emit(Event::Lost { from, reason: Loss::Unanswered, .. })) => {
                lost.push(from.remote);
            }
            Some(Action::Send { to: Destination::Group, .. }) => return lost,
            other => panic!("{other:?}"),
        }
    }
}

fn second(number: u64) -> Instant {
    Instant::from_millis(1000 * number)
}

#[test]
fn it_reports_who_comes_changes_and_leaves_three_probes_unanswered() {
    let mut watcher = watcher(8);
    assert_eq!(probe(&mut watcher, second(0)), []);
    assert_eq!(hear(&mut watcher, second(1), peer(1), "Me!"), "found");
    assert_eq!(hear(&mut watcher, second(1), peer(2), "Me!"), "found");
    assert_eq!(hear(&mut watcher, second(1), peer(1), "Me!"), "nothing");
    assert_eq!(watcher.deadline(), Some(second(10)));
    for round in 1..=3 {
        assert_eq!(probe(&mut watcher, second(10 * round)), []);
        let expected = if round == 2 { "changed" } else { "nothing" };
        assert_eq!(hear(&mut watcher, second(10 * round + 1), peer(2), "Me too!"), expected);
    }
    assert_eq!(probe(&mut watcher, second(40)), [peer(1)]);
    assert_eq!(hear(&mut watcher, second(41), peer(1), "Me!"), "found");
    let summary = watcher.summary(second(41));
    assert_eq!((summary.found, summary.sent, summary.complete), (3, 5, None));
    // The same again, what may be a change, and what was known by then.
    assert_eq!((summary.received, summary.duplicates), (7, 3));
}

#[test]
fn who_answers_while_the_lost_are_told_is_found_again_or_kept() {
    let mut watcher = watcher(8);
    assert_eq!(probe(&mut watcher, second(0)), []);
    for number in [2, 4, 6] {
        assert_eq!(hear(&mut watcher, second(1), peer(number), "Me!"), "found");
    }
    for round in 1..=3 {
        assert_eq!(probe(&mut watcher, second(10 * round)), []);
    }
    let first = watcher.handle_timeout(second(40));
    assert!(
        matches!(first, Some(Action::Emit(Event::Lost { from, .. })) if from.remote == peer(2))
    );
    assert_eq!(hear(&mut watcher, second(40), peer(1), "Me!"), "found");
    assert_eq!(hear(&mut watcher, second(40), peer(2), "Me!"), "found");
    assert_eq!(hear(&mut watcher, second(40), peer(4), "Me!"), "nothing");
    assert_eq!(probe(&mut watcher, second(40)), [peer(6)]);
    assert_eq!(hear(&mut watcher, second(41), peer(1), "Me!"), "nothing");
}

#[test]
fn a_changed_network_is_asked_at_once_and_costs_nobody_a_probe() {
    let mut watcher = watcher(8);
    watcher.handle_observation(second(0), Observation::NetworkChanged);
    assert_eq!(probe(&mut watcher, second(0)), []);
    assert_eq!(hear(&mut watcher, second(0), peer(1), "Me!"), "found");
    for number in 1..=5 {
        watcher.handle_observation(second(number), Observation::NetworkChanged);
        assert_eq!(watcher.deadline(), Some(second(number)));
        assert_eq!(probe(&mut watcher, second(number)), []);
    }
    assert_eq!(watcher.deadline(), Some(second(15)));
}

#[test]
fn it_hears_nobody_before_it_asks_and_nobody_who_can_not_be_a_peer() {
    let mut watcher = watcher(8);
    assert_eq!(hear(&mut watcher, second(0), peer(1), "Me!"), "nothing");
    assert_eq!(probe(&mut watcher, second(0)), []);
    assert_eq!(hear(&mut watcher, second(0), ([224, 0, 0, 1], 9).into(), "Me!"), "nothing");
    let Summary { received, ignored, duplicates, .. } = watcher.summary(second(0));
    assert_eq!((received, ignored, duplicates), (1, 1, 0));
}

#[test]
fn who_gives_way_for_want_of_room_is_told_at_once_and_the_rest_is_in_doubt() {
    let mut watcher = watcher(1);
    assert_eq!(probe(&mut watcher, second(0)), []);
    assert_eq!(hear(&mut watcher, second(0), peer(1), "Me!"), "found");
    assert_eq!(watcher.summary(second(0)).doubts, Doubts::NONE);
    assert_eq!(hear(&mut watcher, second(1), peer(2), "Me!"), "found");
    assert_eq!(watcher.deadline(), Some(Instant::AT_ONCE));
    let lost = watcher.handle_timeout(second(1));
    let from = Path::new(peer(1));
    let key = Key::Plain { remote: peer(1), number: 1 };
    let (protocol, reason) = (Protocol::PLAIN, Loss::NoRoom);
    let expected = Event::Lost { protocol, key, from, reason };
    assert_eq!(lost, Some(Action::Emit(expected)));
    assert_eq!(watcher.deadline(), Some(second(10)));
    let Summary { found, doubts, .. } = watcher.summary(second(1));
    assert_eq!((found, doubts), (2, Doubts::NO_ROOM));
}

#[test]
fn without_room_it_says_so() {
    let mut watcher = watcher(0);
    assert_eq!(probe(&mut watcher, second(0)), []);
    assert_eq!(hear(&mut watcher, second(0), peer(1), "Me!"), "nothing");
    let Summary { found, ignored, doubts, .. } = watcher.summary(second(0));
    assert_eq!((found, ignored, doubts), (0, 1, Doubts::NO_ROOM));
}

#[test]
fn it_asks_ten_times_a_second_at_the_most() {
    let mut watcher = Watcher::new(Watching { every: Duration::ZERO, ..Watching::default() });
    assert_eq!(probe(&mut watcher, second(0)), []);
    assert_eq!(watcher.deadline(), Some(Instant::from_millis(100)));
    assert_eq!(watcher.handle_timeout(Instant::from_millis(99)), None);
    assert_eq!(probe(&mut watcher, Instant::from_millis(100)), []);
}

#[test]
fn an_impatient_one_waits_for_one_probe() {
    let mut watcher = Watcher::new(Watching { patience: 0, every: EVERY, ..Watching::default() });
    assert_eq!(probe(&mut watcher, second(0)), []);
    assert_eq!(hear(&mut watcher, second(1), peer(1), "Me!"), "found");
    assert_eq!(probe(&mut watcher, second(10)), []);
    assert_eq!(probe(&mut watcher, second(20)), [peer(1)]);
}

#[test]
fn a_round_trip_ends_when_the_system_took_the_answer_in() {
    let mut watcher = watcher(8);
    assert_eq!(probe(&mut watcher, second(0)), []);
    let arrival = Arrival::new(Path::new(peer(1)), Cast::Unicast, true);
    let taken = arrival.taken_at(second(1));
    let heard = watcher.handle_datagram(second(3), taken, b"Me!");
    let Some(Action::Emit(Event::Found(finding))) = heard else { panic!("{heard:?}") };
    assert_eq!(finding.round_trip, Some(Duration::from_secs(1)));
}

#[test]
fn it_ends_when_closed_with_what_it_counted() {
    let mut watcher = watcher(8);
    assert_eq!(probe(&mut watcher, second(0)), []);
    watcher.handle_observation(second(0), Observation::Dropped { datagrams: 3 });
    watcher.close(second(1));
    assert_eq!(hear(&mut watcher, second(1), peer(1), "Me!"), "nothing");
    let Some(Action::Done(summary)) = watcher.handle_timeout(second(1)) else { panic!() };
    assert_eq!((summary.found, summary.received, summary.dropped), (0, 0, 3));
    assert_eq!(summary.doubts, Doubts::CLOSED | Doubts::DROPPED);
    assert_eq!(watcher.deadline(), None);
}

use core::net::SocketAddr;

use super::*;
use crate::{Body, Cast, Path, Protocol};

fn peer(host: u8, port: u16) -> SocketAddr {
    ([10, 0, 0, host], port).into()
}

fn ms(n: u64) -> Instant {
    Instant::from_millis(n)
}

/// One that has asked once, at the start.
fn discoverer(config: Discovery) -> Discoverer {
    let mut discoverer = Discoverer::new(config, 1);
    let asked = discoverer.handle_timeout(ms(0));
    assert!(matches!(asked, Some(Action::Send { to: Destination::Group, .. })), "{asked:?}");
    discoverer
}

fn arrival(from: SocketAddr) -> Arrival {
    Arrival::new(Path::new(from), Cast::Unicast, true)
}

/// The number of who is found by an answer, if anybody is.
fn hear(machine: &mut Discoverer, at: Instant, from: SocketAddr, said: &str) -> Option<u64> {
    match machine.handle_datagram(at, arrival(from), said.as_bytes()) {
        Some(Action::Emit(Event::Found(found))) => {
            let Body::Plain { number, payload } = found.body else { panic!("{found:?}") };
            assert_eq!((found.from.remote, payload), (from, said.as_bytes()));
            assert_eq!((found.protocol, found.lease), (Protocol::PLAIN, None));
            Some(number)
        }
        None => None,
        other => panic!("{other:?}"),
    }
}

/// It sends so many probes, each at its time and not before; when the last one was sent.
fn probes(machine: &mut Discoverer, number: usize) -> Instant {
    let mut last = ms(0);
    for _ in 0..number {
        last = machine.deadline().unwrap();
        if last > ms(0) {
            assert_eq!(machine.handle_timeout(ms(last.as_nanos() / 1_000_000)), None);
        }
        let sent = machine.handle_timeout(last);
        assert!(matches!(sent, Some(Action::Send { .. })), "{sent:?}");
    }
    last
}

/// It has nothing to do until then, and then it ends.
fn ends(machine: &mut Discoverer, at: Instant) -> Summary {
    assert_eq!((machine.deadline(), machine.ends()), (Some(at), Some(at)));
    let Some(Action::Done(summary)) = machine.handle_timeout(at) else { panic!("not done") };
    assert_eq!((machine.deadline(), machine.ends()), (None, None));
    summary
}

#[test]
fn a_responder_is_an_address_and_what_it_says() {
    let mut machine = discoverer(Discovery::default());
    for (number, (from, said)) in [
        (peer(1, 7), "Me!"),
        (peer(1, 7), "Me too!"),
        (peer(1, 8), "Me!"),
        (peer(2, 7), "Me!"),
        (peer(2, 7), ""),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(hear(&mut machine, ms(1), from, said), Some(number as u64 + 1));
        assert_eq!(hear(&mut machine, ms(2), from, said), None);
    }
    assert_eq!(hear(&mut machine, ms(3), ([224, 0, 0, 1], 7).into(), "Me!"), None);
    let summary = ends(&mut machine, ms(3001));
    let Summary { found, received, duplicates, ignored, doubts, .. } = summary;
    assert_eq!((found, received, duplicates, ignored), (5, 11, 5, 1));
    assert_eq!((doubts, summary.sent, summary.complete), (Doubts::NONE, 1, None));
}

#[test]
fn it_ends_by_silence_and_at_ten_times_the_silence_whoever_answers() {
    let mut machine = discoverer(Discovery::default());
    for second in 1..=14 {
        assert!(hear(&mut machine, ms(2000 * second), peer(1, second as u16), "Me!").is_some());
        assert_eq!(machine.ends(), Some(ms((2000 * second + 3000).min(30_000))));
    }
    let summary = ends(&mut machine, ms(30_000));
    assert_eq!((summary.found, summary.doubts), (14, Doubts::DEADLINE));
}

#[test]
fn the_ceiling_counts_from_the_last_probe() {
    let mut machine = Discoverer::new(Discovery { repeat: 3, ..Discovery::default() }, 1);
    let last = probes(&mut machine, 3);
    assert!(last > ms(500));
    for tenths in (10..300).step_by(25) {
        let at = last + Duration::from_millis(100 * tenths);
        hear(&mut machine, at, peer(1, tenths as u16), "Me!");
    }
    ends(&mut machine, last + Duration::from_secs(30));
}

#[test]
fn all_probes_are_sent_however_short_the_silence() {
    let silence = Duration::from_millis(1);
    let mut machine = Discoverer::new(Discovery { repeat: 5, silence, ..Discovery::default() }, 1);
    let last = probes(&mut machine, 5);
    assert_eq!(ends(&mut machine, last + silence).sent, 5);
}

#[test]
fn a_probe_that_comes_due_after_the_end_is_not_sent() {
    let config = Discovery { repeat: 9, count: Some(1), ..Discovery::default() };
    let mut machine = Discoverer::new(config, 1);
    probes(&mut machine, 2);
    assert!(hear(&mut machine, ms(600), peer(1, 1), "Me!").is_some());
    assert_eq!(ends(&mut machine, Instant::AT_ONCE).sent, 2);
    assert_eq!(machine.handle_timeout(ms(10_000)), None);
}

#[test]
fn with_a_deadline_there_is_no_other_ceiling() {
    let deadline = Some(Duration::from_secs(60));
    let mut machine = discoverer(Discovery { deadline, ..Discovery::default() });
    for second in 1..30 {
        assert!(hear(&mut machine, ms(2000 * second), peer(1, second as u16), "Me!").is_some());
    }
    assert_eq!(ends(&mut machine, ms(60_000)).doubts, Doubts::DEADLINE);
    let mut machine = discoverer(Discovery { deadline, ..Discovery::default() });
    assert_eq!(ends(&mut machine, ms(3000)).doubts, Doubts::NONE);
    // Probes that are still to be sent do not put it off.
    let deadline = Some(Duration::from_millis(100));
    let mut machine = discoverer(Discovery { deadline, repeat: 9, ..Discovery::default() });
    let summary = ends(&mut machine, ms(100));
    assert_eq!((summary.sent, summary.doubts), (1, Doubts::DEADLINE));
}

#[test]
fn an_end_by_silence_at_the_deadline_is_one_by_silence() {
    let deadline = Some(Duration::from_secs(3));
    let mut machine = discoverer(Discovery { deadline, ..Discovery::default() });
    assert_eq!(ends(&mut machine, ms(3000)).doubts, Doubts::NONE);
}

#[test]
fn it_ends_with_the_last_of_the_count_and_when_closed() {
    let mut machine = discoverer(Discovery { count: Some(2), ..Discovery::default() });
    assert_eq!(hear(&mut machine, ms(1), peer(1, 1), "Me!"), Some(1));
    assert_eq!(hear(&mut machine, ms(1), peer(2, 1), "Me!"), Some(2));
    assert_eq!(hear(&mut machine, ms(1), peer(3, 1), "Me!"), None);
    machine.close(ms(2));
    machine.handle_observation(ms(2), Observation::NetworkChanged);
    machine.handle_observation(ms(2), Observation::Dropped { datagrams: 1 });
    let summary = ends(&mut machine, Instant::AT_ONCE);
    assert_eq!((summary.found, summary.received, summary.dropped), (2, 2, 0));
    assert_eq!(summary.doubts, Doubts::COUNT);
    let mut machine = discoverer(Discovery::default());
    machine.close(ms(2));
    assert_eq!(ends(&mut machine, Instant::AT_ONCE).doubts, Doubts::CLOSED);
}

#[test]
fn what_the_driver_knows_is_a_reason_to_doubt() {
    let mut machine = Discoverer::new(Discovery::default(), 1);
    machine.handle_observation(ms(0), Observation::NetworkChanged);
    machine.handle_observation(ms(0), Observation::Dropped { datagrams: 1 });
    assert_eq!(machine.summary(ms(0)), Summary::default());
    let _probe = machine.handle_timeout(ms(0));
    machine.handle_observation(ms(1), Observation::Dropped { datagrams: 0 });
    machine.handle_observation(ms(1), Observation::ReceiveBuffer { datagrams: 9 });
    assert_eq!(machine.summary(ms(1)).doubts, Doubts::NONE);
    machine.handle_observation(ms(1), Observation::Dropped { datagrams: 2 });
    machine.handle_observation(ms(1), Observation::Dropped { datagrams: 3 });
    assert_eq!(machine.summary(ms(1)).dropped, 5);
    assert_eq!(machine.summary(ms(1)).doubts, Doubts::DROPPED);
    machine.handle_observation(ms(1), Observation::NetworkChanged);
    assert_eq!(machine.summary(ms(1)).doubts, Doubts::DROPPED | Doubts::NETWORK_CHANGED);
}

#[test]
fn of_a_million_answers_from_one_address_none_hides_another_address() {
    let mut machine = discoverer(Discovery { capacity: 100, ..Discovery::default() });
    for port in 1..=1000 {
        assert_eq!(hear(&mut machine, ms(1), peer(1, port), "Me!").is_some(), port <= 100);
    }
    assert_eq!(machine.summary(ms(1)).doubts, Doubts::NO_ROOM);
    let before = machine.summary(ms(1));
    for port in 1..=64 {
        assert!(hear(&mut machine, ms(1), peer(2, port), "Me!").is_some());
    }
    let after = machine.summary(ms(1));
    assert_eq!((after.found, after.ignored), (before.found + 64, before.ignored));
    assert_eq!((before.found, before.ignored), (100, 900));
}

#[test]
fn to_give_way_is_a_reason_to_doubt() {
    let mut machine = discoverer(Discovery { capacity: 1, ..Discovery::default() });
    assert_eq!(hear(&mut machine, ms(1), peer(1, 1), "Me!"), Some(1));
    assert_eq!(machine.summary(ms(1)).doubts, Doubts::NONE);
    assert_eq!(hear(&mut machine, ms(1), peer(2, 1), "Me!"), Some(2));
    assert_eq!(machine.summary(ms(1)).doubts, Doubts::NO_ROOM);
}

#[test]
fn all_the_room_there_is_is_taken_as_it_is_needed() {
    let mut machine = discoverer(Discovery { capacity: usize::MAX, ..Discovery::default() });
    assert_eq!(hear(&mut machine, ms(1), peer(1, 1), "Me!"), Some(1));
}

#[test]
fn a_round_trip_is_from_the_last_probe_before_the_answer_to_when_the_system_took_it_in() {
    let mut machine = discoverer(Discovery { repeat: 2, ..Discovery::default() });
    let second = machine.deadline().unwrap();
    let _probe = machine.handle_timeout(second);
    let late = second + Duration::from_millis(30);
    for (nth, (taken, round_trip)) in [
        (None, late - second),
        (Some(second + Duration::from_millis(10)), Duration::from_millis(10)),
        (Some(second), Duration::ZERO),
        (Some(ms(100)), Duration::from_millis(100)),
        (Some(late + Duration::from_secs(1)), late - second),
    ]
    .into_iter()
    .enumerate()
    {
        let arrival = arrival(peer(1, nth as u16 + 1));
        let arrival = taken.map_or(arrival, |taken| arrival.taken_at(taken));
        let heard = machine.handle_datagram(late, arrival, b"Me!");
        let Some(Action::Emit(Event::Found(found))) = heard else { panic!() };
        assert_eq!(found.round_trip, Some(round_trip), "{nth}");
    }
}

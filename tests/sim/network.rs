//! What the simulator's networks do to datagrams, with stations that only say and hear.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::{Destination, Evidence, Instant, InterfaceId, Observation, Path, service};
use mcast_tests::sim::{
    Air, Card, Clock, Condition, Host, Link, Log, NodeId, Sim, Socket, Station,
};

const MS: Duration = Duration::from_millis(1);

fn group() -> SocketAddr {
    (service::GROUP_V4, service::PORT).into()
}

fn group_v6() -> SocketAddr {
    (service::GROUP_V6, service::PORT).into()
}

fn add_station(sim: &mut Sim, host: Host) -> (NodeId, Log) {
    let (station, log) = Station::new();
    (sim.add(host, station), log)
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn sources(log: &Log) -> Vec<SocketAddr> {
    log.datagrams().iter().map(|(_, arrival, _)| arrival.from.remote).collect()
}

#[test]
fn a_host_with_two_cards_says_everything_on_both_and_is_heard_from_both() {
    let mut sim = Sim::new(1);
    let (_, log) = add_station(&mut sim, Host::new(group(), true));
    let second = Card { interface: 2, ..Card::new(group(), true) };
    let station = Station::new().0.saying(at(1), Destination::GROUP, b"hello");
    let node = sim.add(Host::new(group(), true).card(second), station);
    sim.run_for(5 * MS);
    assert_eq!(sources(&log), sim.addresses(node).collect::<Vec<_>>());
    assert_eq!(sim.traffic().multicasts, 2);
}

#[test]
fn a_host_with_two_cards_hears_on_both_and_answers_by_the_one_that_was_asked() {
    let mut sim = Sim::new(2);
    let second = Card { interface: 2, ..Card::new(group(), true) };
    let (host, of_host) = add_station(&mut sim, Host::new(group(), true).card(second));
    let station = Station::new().0.saying(at(1), Destination::GROUP, b"anybody?");
    let asker = sim.add(Host::new(group(), false), station);
    sim.run_for(5 * MS);
    let heard = of_host.datagrams();
    let interfaces: Vec<_> = heard.iter().map(|(_, arrival, _)| arrival.from.interface).collect();
    assert_eq!(interfaces, [Some(InterfaceId(1)), Some(InterfaceId(2))]);
    let locals: Vec<_> = heard.iter().map(|(_, arrival, _)| arrival.from.local.unwrap()).collect();
    assert_eq!(locals, sim.addresses(host).collect::<Vec<_>>());

    // It answers the two ways, the second first; and one way that leads by no card of its own.
    let (station, log) = Station::new();
    sim.restart(asker, station);
    let answers = Station::new().0.saying(at(10), Destination::peer(heard[1].1.from), b"2");
    let answers = answers.saying(at(11), Destination::peer(heard[0].1.from), b"1");
    let nowhere = Path::new(sim.address(asker)).by(InterfaceId(3));
    sim.restart(host, answers.saying(at(12), Destination::peer(nowhere), b"3"));
    sim.run_for(20 * MS);
    assert_eq!(sources(&log), [locals[1], locals[0]]);
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    let mut sim = Sim::new(9);
    let (asker, log) = add_station(&mut sim, Host::new(group(), false));
    let host = Host::new(group(), true).card(Card::new(group(), true));
    let (host, _) = add_station(&mut sim, host);
    let addresses: Vec<SocketAddr> = sim.addresses(host).collect();
    let back = Path::new(sim.address(asker)).by(InterfaceId(1)).from_local(addresses[1]);
    sim.restart(host, Station::new().0.saying(at(1), Destination::peer(back), b"here"));
    sim.run_for(5 * MS);
    assert_eq!(sources(&log), [addresses[1]]);
}

#[test]
fn cards_on_different_wires_do_not_hear_each_other() {
    let mut sim = Sim::new(3);
    let elsewhere = Card { interface: 2, island: 1, ..Card::new(group(), true) };
    let (_, between) = add_station(&mut sim, Host::new(group(), true).card(elsewhere));
    let mut logs = Vec::new();
    for island in [0, 1] {
        let (station, log) = Station::new();
        let station = station.saying(at(1), Destination::GROUP, b"hello");
        let link = Link { jitter: MS, ..Link::default() };
        let node = sim.add(Host::new(group(), true).link(link), station);
        sim.move_to_island(node, island);
        logs.push(log);
    }
    sim.run_for(5 * MS);
    let interfaces = between.datagrams().into_iter().map(|(_, arrival, _)| arrival.from.interface);
    assert_eq!(interfaces.collect::<BTreeSet<_>>().len(), 2);
    assert!(sources(&between)[0] != sources(&between)[1]);
    // Each of the two hears itself alone.
    assert_eq!(logs.iter().map(|log| log.datagrams().len()).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn a_host_with_both_families_is_two_addresses_and_link_local_ones_have_a_zone() {
    let mut sim = Sim::new(4);
    let card = |group| Card { interface: 4, ..Card::new(group, true) };
    let host = Host { cards: vec![card(group()), card(group_v6())], ..Host::new(group(), true) };
    let (_, log) = add_station(&mut sim, host.clone());
    let station = Station::new().0.saying(at(1), Destination::GROUP, b"hello");
    let node = sim.add(host, station);
    sim.run_for(5 * MS);
    let addresses: Vec<SocketAddr> = sim.addresses(node).collect();
    assert!(addresses[0].is_ipv4() && addresses[1].is_ipv6());
    let SocketAddr::V6(heard) = sources(&log)[1] else { panic!("{:?}", sources(&log)) };
    assert_eq!((sources(&log)[0], heard.ip().is_unicast_link_local()), (addresses[0], true));
    assert_eq!((heard.scope_id(), addresses[1].ip()), (4, (*heard.ip()).into()));

    // An answer finds its way by the address with the zone.
    let back = Path::new(heard.into()).by(InterfaceId(4));
    let asker = Station::new().0.saying(at(10), Destination::peer(back), b"hello you");
    let card = Card { address: None, ..card(group_v6()) };
    sim.add(Host { cards: vec![card], ..Host::new(group_v6(), true) }, asker);
    let (station, log) = Station::new();
    sim.restart(node, station);
    sim.run_for(20 * MS);
    assert_eq!(log.datagrams().len(), 1);
}

#[test]
fn a_host_that_moves_is_reached_at_its_new_address_alone_and_is_told() {
    let mut sim = Sim::new(5);
    let (mover, log) = add_station(&mut sim, Host::new(group(), true));
    let before = sim.address(mover);
    let after = SocketAddr::new(sim.free_ip(before.ip()), before.port());
    let (old, new) = (Destination::peer(Path::new(before)), Destination::peer(Path::new(after)));
    let station = Station::new().0.saying(at(1), old, b"to the old").saying(at(2), new, b"no");
    let station = station.saying(at(11), old, b"no").saying(at(12), new, b"to the new");
    let station = station.saying(at(13), Destination::GROUP, b"to all");
    sim.add(Host::new(group(), false), station);
    sim.run_until(at(10));
    sim.renumber(mover, before, after);
    sim.run_until(at(20));
    let heard = log.datagrams();
    let heard: Vec<_> = heard.iter().map(|(_, a, b)| (a.from.local.unwrap(), &b[..])).collect();
    let expected: [(_, &[u8]); 3] =
        [(before, b"to the old"), (after, b"to the new"), (after, b"to all")];
    assert_eq!(heard, expected);
    assert_eq!(log.observations(), [Observation::NetworkChanged]);
}

#[test]
fn what_is_longer_than_the_paths_mtu_vanishes_in_both_directions() {
    let narrow = Link { mtu: 600, ..Link::default() };
    for jitter in [Duration::ZERO, MS] {
        let mut sim = Sim::new(6);
        let (fits, too_long) = ([0; 572], [0; 573]);
        let (inside, of_inside) = add_station(&mut sim, Host::new(group(), true).link(narrow));
        sim.set_link(inside, Link { jitter, ..narrow });
        let (outside, of_outside) = add_station(&mut sim, Host::new(group(), true));
        for (from, to) in [(inside, outside), (outside, inside)] {
            let to = Destination::peer(Path::new(sim.address(to)));
            let station = Station::new().0.saying(at(1), to, &fits).saying(at(5), to, &too_long);
            let station = station.saying(at(10), Destination::GROUP, &fits);
            let station = station.saying(at(15), Destination::GROUP, &too_long);
            let link = if from == inside { narrow } else { Link::default() };
            sim.add(Host::new(group(), false).link(link), station);
        }
        sim.run_for(30 * MS);
        let lengths = |log: &Log| log.datagrams().iter().map(|d| d.2.len()).collect::<Vec<_>>();
        assert!(lengths(&of_inside).iter().all(|length| *length == 572));
        // One by unicast, and one to the group from each.
        assert_eq!(lengths(&of_inside).len(), 3);
        // Who stands outside hears long ones of others outside.
        assert_eq!(lengths(&of_outside), [572, 572, 572, 573]);
    }
}

#[test]
fn an_audit_tells_what_did_not_leave_what_was_dropped_and_what_changed_since_the_last() {
    let mut sim = Sim::new(7);
    let socket = Socket { buffer: 2, drain: 100, ..Socket::default() };
    let to_group = Destination::GROUP;
    let (station, log) = Station::new();
    let station = station.saying(at(1), to_group, b"leaves").auditing(at(2));
    let station = station.saying(at(11), to_group, b"held").saying(at(12), to_group, b"held");
    let station = station.auditing(at(13)).auditing(at(22)).auditing(at(41)).auditing(at(51));
    let second = Card { interface: 2, ..Card::new(group(), false) };
    let node = sim.add(Host::new(group(), false).card(second).socket(socket), station);
    let (_, heard) = add_station(&mut sim, Host::new(group(), true));
    // It refuses from the start, so that it is in use neither now nor later.
    let [first, refusing] = sim.addresses(node).collect::<Vec<_>>()[..] else { panic!() };
    sim.set_condition(node, refusing, Condition::Refuses);
    sim.run_until(at(10));
    sim.set_condition(node, first, Condition::Unplugged);
    sim.run_until(at(20));
    sim.set_condition(node, first, Condition::Works);
    sim.run_until(at(30));
    let peer = Destination::peer(Path::new(first));
    let flood = (0..5).fold(Station::new().0, |station, _| station.saying(at(31), peer, b"flood"));
    sim.add(Host::new(group(), false), flood);
    sim.run_until(at(60));
    let audits: Vec<Evidence> = log
        .observations()
        .into_iter()
        .filter_map(|o| if let Observation::Audit(evidence) = o { Some(evidence) } else { None })
        .collect();
    assert_eq!(
        audits,
        [
            Evidence::new(0, 0, true),
            Evidence::new(2, 0, true),
            Evidence::new(0, 0, true),
            Evidence::new(0, 3, false),
            Evidence::CLEAN,
        ]
    );
    assert_eq!(heard.datagrams().len(), 1);
}

#[test]
fn a_pulled_cable_lets_nothing_in_and_a_card_that_refuses_hears_still() {
    let mut sim = Sim::new(8);
    let mut logs = Vec::new();
    for condition in [Condition::Works, Condition::Refuses, Condition::Unplugged] {
        let (node, log) = add_station(&mut sim, Host::new(group(), true));
        sim.set_condition(node, sim.address(node), condition);
        logs.push(log);
    }
    let station = Station::new().0.saying(at(1), Destination::GROUP, b"hello");
    sim.add(Host::new(group(), false), station);
    sim.run_for(5 * MS);
    assert_eq!(logs.iter().map(|log| log.datagrams().len()).collect::<Vec<_>>(), [1, 1, 0]);
}

/// One that says so many datagrams, one each millisecond from the first on.
fn saying(count: u64, to: Destination) -> Station {
    let saying = |station: Station, ms: u64| station.saying(at(ms), to, &ms.to_be_bytes());
    (1..=count).fold(Station::new().0, saying)
}

/// The numbers of the datagrams that were heard, of one that is `saying`.
fn heard(log: &Log) -> Vec<u64> {
    let number = |bytes: Vec<u8>| u64::from_be_bytes(bytes.try_into().unwrap());
    log.datagrams().into_iter().map(|(_, _, bytes)| number(bytes)).collect()
}

#[test]
fn in_bursts_as_much_is_lost_but_together_in_each_direction_and_at_each_receiver_apart() {
    const COUNT: u64 = 20_000;
    let of = |inwards: bool, jitter: Duration, burst: Duration| {
        let lossy = Link { jitter, ..Link::default().loss(0.3).in_bursts(burst) };
        let (here, there) =
            if inwards { (Link::default(), lossy) } else { (lossy, Link::default()) };
        let mut sim = Sim::new(11).without_trace();
        let (_, log) = add_station(&mut sim, Host::new(group(), true).link(there));
        let (_, other) = add_station(&mut sim, Host::new(group(), true).link(there));
        sim.add(Host::new(group(), false).link(here), saying(COUNT, Destination::GROUP));
        sim.run_until(at(COUNT + 50));
        let (one, other): (BTreeSet<_>, BTreeSet<_>) =
            (heard(&log).into_iter().collect(), heard(&other).into_iter().collect());
        let lost = COUNT - one.len() as u64;
        assert!((5000..7000).contains(&lost), "{lost}");
        let after_lost = (1..COUNT).filter(|n| !one.contains(n) && !one.contains(&(n + 1))).count();
        (after_lost as f64 / lost as f64, one.intersection(&other).count() as u64)
    };
    for jitter in [Duration::ZERO, MS / 2] {
        for inwards in [true, false] {
            let (again, both) = of(inwards, jitter, Duration::ZERO);
            assert!((0.27..0.33).contains(&again), "{again}");
            let (in_bursts, both_in_bursts) = of(inwards, jitter, 20 * MS);
            assert!((0.94..0.97).contains(&in_bursts), "{in_bursts}");
            // What is lost before the switch is lost to both.
            let share = if inwards { 0.44..0.54 } else { 0.65..0.75 };
            for both in [both, both_in_bursts] {
                assert!(share.contains(&(both as f64 / COUNT as f64)), "{both}");
            }
        }
    }
}

#[test]
fn over_the_air_everything_waits_for_everything_and_multicasts_for_the_dtim() {
    let arrivals = |dtim: Option<Duration>| {
        let air = Air { multicast_bits_per_second: 1_000_000, unicasts_per_second: 1000, dtim };
        let mut sim = Sim::new(12).over_air(air);
        let link = Link { delay: Duration::ZERO, ..Link::default() };
        let (node, log) = add_station(&mut sim, Host::new(group(), true).link(link));
        let peer = Destination::peer(Path::new(sim.address(node)));
        // With its headers of 42 bytes a multicast takes two milliseconds.
        let station = Station::new().0.saying(at(1), Destination::GROUP, &[0; 208]);
        let station = station.saying(at(1), peer, b"1").saying(at(2), peer, b"2");
        let station = station.saying(at(101), Destination::GROUP, &[1; 208]);
        sim.add(Host::new(group(), false).link(link), station);
        sim.run_until(at(300));
        let when = |(at, _, bytes): (Instant, _, Vec<u8>)| (at.as_nanos() / 1_000_000, bytes.len());
        log.datagrams().into_iter().map(when).collect::<Vec<_>>()
    };
    assert_eq!(arrivals(None), [(3, 208), (4, 1), (5, 1), (103, 208)]);
    let held = arrivals(Some(100 * MS));
    assert_eq!(held, [(2, 1), (3, 1), (102, 208), (202, 208)]);
}

#[test]
fn each_goes_by_a_clock_of_its_own() {
    let mut sim = Sim::new(13);
    let fast = Clock { ahead: Duration::from_secs(3600), drift: 100_000 };
    let slow = Clock { ahead: Duration::ZERO, drift: -500_000 };
    let (node, log) = add_station(&mut sim, Host::new(group(), true).clock(fast));
    let link = Link { delay: Duration::ZERO, ..Link::default() };
    let host = Host::new(group(), false).link(link).clock(slow);
    sim.add(host, saying(10, Destination::GROUP));
    sim.run_until(at(30));
    // What says it is its tenth millisecond is the twentieth, and to the other an hour and 22 more.
    let (when, _, _) = log.datagrams()[9];
    let hour = Instant::ZERO + Duration::from_secs(3600);
    assert_eq!(when - hour, Duration::from_micros(22_110));
    assert_eq!((hour - when, heard(&log).len()), (Duration::ZERO, 10));
    // It starts when the simulation says so.
    sim.restart(node, Station::new().0.saying(hour, Destination::GROUP, b"at once"));
    sim.add_at(at(40), Host::new(group(), false).clock(fast), saying(1, Destination::GROUP));
    let (_, log) = add_station(&mut sim, Host::new(group(), true));
    sim.run_until(at(50));
    assert_eq!(
        log.datagrams().iter().map(|d| d.0).collect::<Vec<_>>(),
        [at(30), at(40)].map(|at| at + 2 * MS / 10)
    );
}

#[test]
fn after_a_pause_what_fitted_the_buffer_is_read_in_order_before_anything_else_is_done() {
    let socket = Socket { buffer: 8, drain: 1_000_000, ..Socket::default() };
    for (socket, expected) in [(None, 1..=20), (Some(socket), 1..=13)] {
        let mut sim = Sim::new(14);
        let mut host = Host::new(group(), true);
        host.cards[0].socket = socket;
        let (station, log) = Station::new();
        // What falls due meanwhile is done afterwards: its own datagram is the last.
        let node = sim.add(host, station.saying(at(7), Destination::GROUP, &99u64.to_be_bytes()));
        sim.add(Host::new(group(), false), saying(20, Destination::GROUP));
        sim.run_until(at(6));
        sim.pause(node, 50 * MS);
        sim.run_until(at(55));
        assert_eq!(heard(&log), [1, 2, 3, 4, 5]);
        sim.run_until(at(60));
        assert_eq!(heard(&log), expected.clone().chain([99]).collect::<Vec<_>>());
        let late = log.datagrams().into_iter().filter(|(at, _, _)| *at >= Instant::from_millis(56));
        assert_eq!(late.count() as u64, expected.end() - 4);
        assert_eq!(sim.traffic().overflows, 20 - expected.end());
    }
}

#[test]
fn a_machine_that_is_restarted_is_told_its_buffer_like_the_first() {
    let mut sim = Sim::new(15);
    let host = Host::new(group(), true).socket(Socket { buffer: 77, ..Socket::default() });
    let (node, first) = add_station(&mut sim, host);
    let (station, second) = Station::new();
    sim.restart(node, station);
    for log in [first, second] {
        assert_eq!(log.observations(), [Observation::ReceiveBuffer { datagrams: 77 }]);
    }
}

#[test]
fn a_responders_queue_overflows_like_an_askers_and_its_machine_is_told() {
    let mut sim = Sim::new(16);
    let slow = Socket { buffer: 4, drain: 100, ..Socket::default() };
    let (_, of_slow) = add_station(&mut sim, Host::new(group(), true).socket(slow));
    let (_, of_fast) = add_station(&mut sim, Host::new(group(), true).socket(Socket::default()));
    let asks =
        (0..20).fold(Station::new().0, |asks, _| asks.saying(at(1), Destination::GROUP, b"?"));
    sim.add(Host::new(group(), false), asks);
    sim.run_for(Duration::from_secs(1));
    assert_eq!((of_slow.datagrams().len(), of_fast.datagrams().len()), (4, 20));
    assert_eq!(of_slow.observations()[1], Observation::Dropped { datagrams: 16 });
}

//! What the simulator's networks do to datagrams, with stations that only say and hear.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::{Destination, Evidence, Instant, InterfaceId, Observation, Path, service};
use mcast_tests::sim::{Card, Condition, Host, Link, Log, NodeId, Sim, Socket, Station};

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
    let station = Station::new().0.saying(at(1), Destination::Group, b"hello");
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
    let station = Station::new().0.saying(at(1), Destination::Group, b"anybody?");
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
    let answers = Station::new().0.saying(at(10), Destination::Peer(heard[1].1.from), b"2");
    let answers = answers.saying(at(11), Destination::Peer(heard[0].1.from), b"1");
    let nowhere = Path::new(sim.address(asker)).by(InterfaceId(3));
    sim.restart(host, answers.saying(at(12), Destination::Peer(nowhere), b"3"));
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
    sim.restart(host, Station::new().0.saying(at(1), Destination::Peer(back), b"here"));
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
        let station = station.saying(at(1), Destination::Group, b"hello");
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
    let host = Host { cards: vec![card(group()), card(group_v6())] };
    let (_, log) = add_station(&mut sim, host.clone());
    let station = Station::new().0.saying(at(1), Destination::Group, b"hello");
    let node = sim.add(host, station);
    sim.run_for(5 * MS);
    let addresses: Vec<SocketAddr> = sim.addresses(node).collect();
    assert!(addresses[0].is_ipv4() && addresses[1].is_ipv6());
    let SocketAddr::V6(heard) = sources(&log)[1] else { panic!("{:?}", sources(&log)) };
    assert_eq!((sources(&log)[0], heard.ip().is_unicast_link_local()), (addresses[0], true));
    assert_eq!((heard.scope_id(), addresses[1].ip()), (4, (*heard.ip()).into()));

    // An answer finds its way by the address with the zone.
    let back = Path::new(heard.into()).by(InterfaceId(4));
    let asker = Station::new().0.saying(at(10), Destination::Peer(back), b"hello you");
    sim.add(Host { cards: vec![Card { address: None, ..card(group_v6()) }] }, asker);
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
    let (old, new) = (Destination::Peer(Path::new(before)), Destination::Peer(Path::new(after)));
    let station = Station::new().0.saying(at(1), old, b"to the old").saying(at(2), new, b"no");
    let station = station.saying(at(11), old, b"no").saying(at(12), new, b"to the new");
    let station = station.saying(at(13), Destination::Group, b"to all");
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
            let to = Destination::Peer(Path::new(sim.address(to)));
            let station = Station::new().0.saying(at(1), to, &fits).saying(at(5), to, &too_long);
            let station = station.saying(at(10), Destination::Group, &fits);
            let station = station.saying(at(15), Destination::Group, &too_long);
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
    let to_group = Destination::Group;
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
    let peer = Destination::Peer(Path::new(first));
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
    let station = Station::new().0.saying(at(1), Destination::Group, b"hello");
    sim.add(Host::new(group(), false), station);
    sim.run_for(5 * MS);
    assert_eq!(logs.iter().map(|log| log.datagrams().len()).collect::<Vec<_>>(), [1, 1, 0]);
}

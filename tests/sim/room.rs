//! Room is shared fairly: who has many services is found, and who makes up many hides nobody.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mcast_proto::service::{Discovery, Responding};
use mcast_proto::wire::{Datagram, Reply, Slice, Tlv, TlvBuf};
use mcast_proto::{Change, Doubts, Event, Instant, Key};
use mcast_tests::sim::{Forger, NodeId, Packet, offer_with};
use mcast_tests::stage::{Stage, bytes, group, here, on_query, printer, printers, quiet, there};

/// So many services of one host, which share its address.
fn services_of_one_host(stage: &mut Stage, count: u32, loss: f64) {
    let at = SocketAddr::new(stage.sim.free_ip(group().ip()), group().port());
    stage.add_many(count, &there(loss).at(at), &quiet(printer()));
}

#[test]
fn a_thousand_services_of_one_host_are_found_and_complete() {
    for capacity in [200_000, 1_000] {
        let mut stage = Stage::new(1);
        services_of_one_host(&mut stage, 1_000, 0.1);
        let verdict = stage.discover(Discovery { capacity, ..printers() });
        assert!(verdict.is_complete() && verdict.is_whole(), "{:?}", verdict.summary);
        assert_eq!(verdict.told, 1_000);
    }
}

#[test]
fn with_one_place_too_few_all_are_told_and_it_is_not_complete() {
    let mut stage = Stage::new(2);
    services_of_one_host(&mut stage, 1_000, 0.1);
    let deadline = Some(Duration::from_secs(2));
    let asker = stage.ask(here(), Discovery { capacity: 999, deadline, ..printers() });
    assert!(stage.sim.run_until_done(asker, Instant::from_millis(10_000)));
    let verdict = stage.truth.judge(&stage.sim, asker);
    assert!(!verdict.is_complete() && verdict.never_whole.is_empty());
    assert!(verdict.summary.unwrap().doubts.contains(Doubts::NO_ROOM));
}

/// The number that has this place in a session's order: anybody can find it who hears a question.
fn id_at(place: u64, txn: u64) -> u64 {
    let unshift = |value: u64, bits: u32| value ^ (value >> bits) ^ (value >> (2 * bits));
    let value = unshift(place, 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
    let value = unshift(value, 27).wrapping_mul(0x96de_1b17_3f11_9089);
    let id = unshift(value, 30) ^ txn;
    assert!(Slice::of(id, txn, 20).index() == (place >> 44) as u32);
    id
}

/// What somebody makes up.
#[derive(Debug, Clone, Copy, PartialEq)]
enum MadeUp {
    /// Responders whose numbers lie far apart in the session's order.
    Apart,
    /// Responders whose numbers lie side by side in it.
    SideBySide,
    /// Responders that promise long answers.
    Promises,
}

/// One who answers each query with a hundred new responders, from so many addresses, until he has made
/// up so many.
fn inventing(ids: u64, addresses: u64, how: MadeUp) -> Forger {
    let mut next = 0;
    let mut tlvs = TlvBuf::new();
    if how == MadeUp::Promises {
        tlvs.push(Tlv::Digest(1)).unwrap();
    }
    on_query(move |query, packet, wire| {
        for _ in 0..100 {
            if next == ids {
                return;
            }
            next += 1;
            let [.., a, b, c] = (next % addresses).to_be_bytes();
            let from = SocketAddr::from(([10, 128 | a, b, c], 50_009));
            let reply = Reply {
                txn: query.txn,
                id: if how == MadeUp::SideBySide { id_at(next, query.txn) } else { next },
                round: query.round,
                copy: 0,
                whole: (how == MadeUp::Promises).then_some(600),
                busy: false,
                lease_s: 120,
                tlvs: tlvs.as_tlvs(),
            };
            let wait = wire.rng().u64(0..8_000);
            let packet = Packet::new(from, packet.from, &bytes(Datagram::Reply(reply)));
            wire.send_after(Duration::from_micros(wait), packet);
        }
    })
}

#[test]
fn however_many_are_made_up_an_honest_host_of_64_services_is_told_whole() {
    // A fifth of what is made up has room, as of a million by the usual capacity.
    const CAPACITY: usize = 2_000;
    for (made_up, addresses) in [(10_000, 1), (10_000, 625), (10_000, 10_000)] {
        for (attribute_bytes, how) in [
            (0, MadeUp::Apart),
            (200, MadeUp::Apart),
            (200, MadeUp::SideBySide),
            (0, MadeUp::Promises),
            (200, MadeUp::Promises),
        ] {
            let mut stage = Stage::new(3);
            let at = SocketAddr::new(stage.sim.free_ip(group().ip()), group().port());
            let honest = quiet(offer_with("printer", attribute_bytes));
            stage.add_many(64, &there(0.1).at(at), &honest);
            stage.sim.add_forger(inventing(made_up, addresses, how));
            let asker = stage.ask(here(), Discovery { capacity: CAPACITY, ..printers() });
            assert!(stage.sim.run_until_done(asker, Instant::from_millis(60_000)));
            let verdict = stage.truth.judge(&stage.sim, asker);
            println!(
                "{made_up} {how:?} from {addresses}, {attribute_bytes} bytes: {} told, {} of 64 honest ones not, {:?}",
                verdict.told,
                verdict.never_whole.len(),
                verdict.summary.unwrap().doubts
            );
            assert!(verdict.never_whole.is_empty());
            assert!(!verdict.is_complete());
            assert!(verdict.summary.unwrap().doubts.contains(Doubts::NO_ROOM));
        }
    }
}

/// While others make up many, which of 64 services of a host a watcher loses although they are there, and
/// which it does not have at the end.
fn lost_by_a_watcher(addresses: u64, how: MadeUp) -> (usize, usize) {
    let mut stage = Stage::new(4);
    let at = SocketAddr::new(stage.sim.free_ip(group().ip()), group().port());
    let lease = Duration::from_secs(10);
    stage.add_many(64, &there(0.0).at(at), &Responding { lease, ..quiet(printer()) });
    let watcher = stage.watch(here(), Discovery { capacity: 2_000, ..printers() });
    stage.run_ms(15_000);
    stage.sim.add_forger(inventing(u64::MAX, addresses, how));
    stage.run_ms(25_000);
    let lost = stage.told(watcher).filter_map(|(_, event)| match event {
        Event::Lost { key: Key::Service(id), .. } => Some(id),
        _ => None,
    });
    let lost = lost.filter(|id| stage.truth.ids().contains(id)).count();
    let verdict = stage.truth.judge(&stage.sim, watcher);
    println!(
        "{how:?} from {addresses}: {} told, honest ones lost {lost} times, {} missing",
        verdict.told,
        verdict.missing.len()
    );
    assert!(verdict.told > 10_000);
    (lost, verdict.missing.len())
}

#[test]
fn in_a_watchers_table_an_honest_host_stays_while_one_address_makes_up_many() {
    assert_eq!(lost_by_a_watcher(1, MadeUp::Apart), (0, 0));
}

#[test]
fn in_a_watchers_table_an_honest_host_stays_wherever_what_is_made_up_lies() {
    assert_eq!(lost_by_a_watcher(1, MadeUp::SideBySide), (0, 0));
}

#[test]
fn in_a_watchers_table_an_honest_host_stays_while_many_addresses_make_up_many() {
    assert_eq!(lost_by_a_watcher(625, MadeUp::Apart), (0, 0));
}

/// A responder at a first address, and a watcher that has found it.
fn roaming() -> (Stage, NodeId, NodeId) {
    let mut stage = Stage::new(5);
    let lease = Duration::from_secs(20);
    let responding = Responding { id: Some(7), boot: 1, lease, announce: true, ..quiet(printer()) };
    let (node, _) = stage.add(there(0.1), &responding);
    let watcher = stage.watch(here(), printers());
    stage.run_ms(10_000);
    (stage, node, watcher)
}

fn moved(stage: &mut Stage, node: NodeId, to: IpAddr) {
    let before = stage.sim.address(node);
    let after = SocketAddr::new(to, before.port());
    stage.sim.renumber(node, before, after);
    stage.truth.add(7, &printer(), [after]);
}

/// From where a watcher has told that it heard it, one after the other.
fn places(stage: &Stage, watcher: NodeId) -> Vec<IpAddr> {
    let told = stage.told(watcher).filter_map(|(_, event)| match event {
        Event::Found(finding) => Some(finding.from.remote.ip()),
        Event::Changed { finding, change: Change::Address } => Some(finding.from.remote.ip()),
        _ => None,
    });
    told.collect()
}

#[test]
fn of_one_that_moved_three_times_a_watcher_knows_the_last_address_only() {
    let (mut stage, node, watcher) = roaming();
    let mut expected = vec![stage.sim.address(node).ip()];
    for _ in 0..3 {
        let to = stage.sim.free_ip(expected[0]);
        moved(&mut stage, node, to);
        expected.push(to);
        stage.run_ms(60_000);
        assert_eq!(places(&stage, watcher), expected);
        assert!(stage.truth.judge(&stage.sim, watcher).is_whole());
    }
    // Each address that it left is forgotten: it is news when it is heard from there again.
    for back in [2, 1, 0] {
        let to = expected[back];
        moved(&mut stage, node, to);
        expected.push(to);
        stage.run_ms(60_000);
        assert_eq!(places(&stage, watcher), expected);
    }
    let lost = stage.told(watcher).filter(|(_, event)| matches!(event, Event::Lost { .. }));
    assert_eq!(lost.count(), 0);
}

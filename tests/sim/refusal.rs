//! Refusal is not absence: many askers at one address, and floods of questions forged in an asker's.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mcast_proto::service::{Discovery, Responding};
use mcast_proto::wire::{Datagram, Epoch, Query, Tlv, TlvBuf};
use mcast_proto::{Event, Instant, Summary, plain};
use mcast_tests::sim::{Forger, Host, NodeId, Packet, Sim, Socket, What};
use mcast_tests::stage::{
    Stage, bytes, goodbye, group, here, on_turn, per_second, printer, printers, quiet, there,
};

/// What an ordinary responder remembers.
fn ordinary() -> Responding {
    Responding { announce: false, ..Responding::of(printer()) }
}

fn ask_at(
    stage: &mut Stage,
    ip: IpAddr,
    number: u16,
    start: Instant,
    discovery: Discovery,
) -> NodeId {
    let machine = mcast_proto::service::Discoverer::new(discovery, stage.sim.draw());
    stage.sim.add_at(start, here().at(SocketAddr::new(ip, 40_000 + number)), machine)
}

#[test]
fn of_150_askers_at_one_address_140_are_complete_and_none_is_complete_and_not_whole() {
    for (seed, within) in [(1, 0), (2, 1_000)] {
        let mut stage = Stage::new(seed);
        stage.add_many(100, &there(0.0), &ordinary());
        let ip = stage.sim.free_ip(group().ip());
        let askers: Vec<NodeId> = (0..150)
            .map(|number| {
                let start = Instant::from_millis(within * u64::from(number) / 150);
                ask_at(&mut stage, ip, number, start, printers())
            })
            .collect();
        // `end` sees to it that none is complete and not whole.
        let verdicts: Vec<_> = askers.into_iter().map(|asker| stage.end(asker)).collect();
        let complete = verdicts.iter().filter(|verdict| verdict.is_complete()).count();
        let slowest = verdicts.iter().map(|verdict| verdict.summary.unwrap().elapsed).max();
        println!("within {within} ms: {complete} of 150 are complete, the last after {slowest:?}");
        assert!(complete >= 140, "{complete}");
    }
}

/// Which questions are forged.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flood {
    /// Each of a session of its own, in the asker's address.
    Sessions,
    /// From the asker's port too, with as many copies and as long an answer as can be had.
    Greedy,
    /// Such that one responder alone is to answer.
    AtOne(u64),
    /// From all kinds of addresses, so that the limit on all is reached.
    Everywhere,
}

fn flood(kind: Flood, victim: SocketAddr, rate: u32) -> Forger {
    let mut slices = 0..;
    on_turn(move |wire| {
        let txn = wire.rng().u64(..);
        let port = wire.rng().u16(1024..);
        let mut query = Query { window_ms: 8, ..Query::new(txn, 1) };
        let mut from = SocketAddr::new(victim.ip(), port);
        match kind {
            Flood::Sessions => {}
            Flood::Greedy => {
                (query.copies, query.length, from) = (3, 1200, victim);
            }
            Flood::AtOne(id) => {
                // A session in which its slice of 16 is the first.
                let is_its = |txn: &u64| Query { slice: slice(0), ..Query::new(*txn, 1) }.is_in(id);
                query.txn = slices.find(is_its).expect("one in 16 is");
                query.slice = slice(0);
            }
            Flood::Everywhere => {
                let [a, b] = wire.rng().u16(..).to_be_bytes();
                from.set_ip(IpAddr::from([10, 8, a, b]));
            }
        }
        wire.send(Packet::new(from, group(), &bytes(Datagram::Query(query))));
    })
    .every(per_second(rate))
}

fn slice(index: u32) -> mcast_proto::wire::Slice {
    mcast_proto::wire::Slice::new(4, index).expect("there are 16")
}

/// Under a flood that began a while before: what an asker of four came to.
fn under_flood(seed: u64, loss: f64, rate: u32, kind: &impl Fn(u64) -> Flood) -> (Summary, usize) {
    let mut stage = Stage::new(seed);
    let (_, id) = stage.add(there(loss), &ordinary());
    stage.add_many(3, &there(loss), &ordinary());
    let at = SocketAddr::new(stage.sim.free_ip(group().ip()), 40_000);
    stage.sim.add_forger(flood(kind(id), at, rate));
    let start = Instant::from_millis(1_000);
    stage.sim.run_until(start);
    let discovery = Discovery { deadline: Some(Duration::from_secs(2)), ..printers() };
    let asker = ask_at(&mut stage, at.ip(), 0, start, discovery);
    // `end` sees to it that it is not complete with one missing.
    let verdict = stage.end(asker);
    (verdict.summary.unwrap(), verdict.missing.len())
}

/// Under floods of a kind `under_flood` sees to it that nobody is complete with one missing.
fn nobody_is_hidden(kind: impl Fn(u64) -> Flood) {
    for (rate, loss) in [(400, 0.1), (2_000, 0.3), (10_000, 0.1), (10_000, 0.3)] {
        let runs: Vec<_> = (0..3).map(|seed| under_flood(seed, loss, rate, &kind)).collect();
        let complete = runs.iter().filter(|(done, _)| done.complete == Some(true)).count();
        let missing: usize = runs.iter().map(|(_, missing)| missing).sum();
        println!(
            "{:?} at {rate}/s, loss {loss}: {complete} of 3 complete, {missing} of 12 missing",
            kind(0)
        );
    }
}

#[test]
fn questions_forged_in_an_askers_address_hide_nobody_behind_complete() {
    nobody_is_hidden(|_| Flood::Sessions);
}

#[test]
fn greedy_questions_forged_in_an_askers_address_hide_nobody_behind_complete() {
    nobody_is_hidden(|_| Flood::Greedy);
}

#[test]
fn questions_forged_to_one_responder_alone_do_not_hide_it_behind_complete() {
    nobody_is_hidden(Flood::AtOne);
}

#[test]
fn questions_from_everywhere_hide_nobody_behind_complete() {
    nobody_is_hidden(|_| Flood::Everywhere);
}

#[test]
fn under_such_a_flood_forged_goodbyes_remove_nobody() {
    for rate in [400, 2_000, 10_000] {
        let mut stage = Stage::new(7);
        let responding =
            |id| Responding { id: Some(id), lease: Duration::from_secs(60), ..ordinary() };
        let nodes: Vec<NodeId> =
            (1..=5).map(|id| stage.add(there(0.1), &responding(id)).0).collect();
        let watcher = stage.watch(here(), printers());
        stage.run_ms(3_000);
        assert!(stage.truth.judge(&stage.sim, watcher).is_whole());
        let at = stage.sim.address(watcher);
        let until = Instant::from_millis(15_000);
        stage.sim.add_forger(flood(Flood::Greedy, at, rate).between(Instant::ZERO, until));
        stage.run_ms(1_000);
        let addresses: Vec<SocketAddr> =
            nodes.iter().map(|node| stage.sim.address(*node)).collect();
        let mut seq = 0;
        let goodbyes = on_turn(move |wire| {
            seq += 1;
            for (number, from) in addresses.iter().enumerate() {
                let forged = goodbye(number as u64 + 1, Epoch { boot: 9, seq });
                wire.send(Packet::new(*from, group(), &forged));
            }
        });
        stage.sim.add_forger(goodbyes.every(per_second(5)).between(Instant::ZERO, until));
        stage.sim.run_until(until + Duration::from_secs(10));
        let lost = stage.told(watcher).filter(|(_, event)| matches!(event, Event::Lost { .. }));
        assert_eq!(lost.count(), 0, "at {rate} a second");
        assert!(stage.truth.judge(&stage.sim, watcher).is_whole());
    }
}

#[test]
fn at_300_forged_probes_a_second_in_its_address_a_plain_asker_is_answered_nine_times_in_ten() {
    let group: SocketAddr = (plain::GROUP_V4, plain::PORT).into();
    let mut sim = Sim::new(8).without_trace();
    let responder = plain::Responder::new(plain::Responding::default(), sim.draw());
    sim.add(Host::new(group, true), responder);
    let at: SocketAddr = "10.50.0.1:40000".parse().unwrap();
    let probes = on_turn(move |wire| {
        let from = SocketAddr::new(at.ip(), wire.rng().u16(1024..));
        wire.send(Packet::new(from, group, plain::PROBE));
    });
    sim.add_forger(probes.every(per_second(300)));
    sim.run_for(Duration::from_secs(10));
    let answered = (0..10)
        .filter(|number| {
            let at = SocketAddr::new(at.ip(), at.port() + number);
            let host = Host::new(group, false).at(at).socket(Socket::default());
            let machine = plain::Discoverer::new(plain::Discovery::default(), sim.draw());
            let asker = sim.add(host, machine);
            sim.run_for(Duration::from_secs(5));
            sim.records_of(asker).any(|record| matches!(record.what, What::Found { .. }))
        })
        .count();
    assert!(answered >= 9, "{answered} of 10");
}

#[test]
fn a_forged_refusal_delays_and_never_ends_a_discovery_wrongly() {
    let mut stage = Stage::new(9);
    stage.add_many(10, &there(0.1), &quiet(printer()));
    let discovery = Discovery { deadline: Some(Duration::from_secs(3)), ..printers() };
    let asker = stage.ask(here(), discovery);
    let at = stage.sim.address(asker).ip();
    let refusals = on_turn(move |wire| {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Refused(Some(at))).unwrap();
        let busy = mcast_proto::wire::Busy { id: 1, tlvs: tlvs.as_tlvs() };
        let from = SocketAddr::from(([10, 9, 9, 9], 50_009));
        wire.send(Packet::new(from, group(), &bytes(Datagram::Busy(busy))));
    });
    stage.sim.add_forger(refusals.every(per_second(100)));
    let verdict = stage.end(asker);
    assert!(!verdict.is_complete() && verdict.is_whole());
    let done = verdict.summary.unwrap();
    println!("{done:?}");
    assert_eq!(done.doubts.to_string(), "deadline, refused");
}

//! Every run ends, whatever happens, and what it costs grows gently.

use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::service::{self, Discovery, Effort};
use mcast_proto::wire::{self, Datagram, Reply, Tlv, TlvBuf};
use mcast_proto::{
    Action, Arrival, Cast, Event, Evidence, Instant, Machine, Observation, Path, plain,
};
use mcast_tests::sim::{Host, NodeId, Packet, Sim, Socket};
use mcast_tests::stage::{
    Stage, bytes, group, here, on_query, on_turn, per_second, printer, printers, quiet, there,
};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Whether a node ends within so many seconds from now, and after how many.
fn ends_within(sim: &mut Sim, node: NodeId, seconds: u64) -> Duration {
    let start = sim.now();
    assert!(sim.run_until_done(node, start + secs(seconds)), "no end within {seconds} s");
    sim.now() - start
}

#[test]
fn a_plain_discovery_ends_although_somebody_new_answers_all_the_time() {
    let group: SocketAddr = (plain::GROUP_V4, plain::PORT).into();
    let discovery = plain::Discovery::default();
    for (name, repeat) in [("once", 1), ("thrice", 3)] {
        let mut sim = Sim::new(1).without_trace();
        let machine = plain::Discoverer::new(plain::Discovery { repeat, ..discovery.clone() }, 1);
        let host = Host::new(group, false).socket(Socket::default());
        let asker = sim.add(host, machine);
        let (to, mut port) = (sim.address(asker), 1_024);
        let answers = on_turn(move |wire| {
            port += 1;
            let from = SocketAddr::from(([10, 9, 9, 9], port));
            wire.send(Packet::new(from, to, b"Me!"));
        });
        sim.add_forger(answers.every(secs(2)));
        let elapsed = ends_within(&mut sim, asker, 60);
        println!("asking {name}: {elapsed:?}");
    }
}

/// What each query is answered with by somebody who wants it never to end.
#[derive(Debug, Clone, Copy)]
enum Delay {
    /// Somebody new.
    New,
    /// Somebody new whose answer is truncated.
    NewAndLong,
    /// One who says something else each time.
    Changing,
}

#[test]
fn a_discovery_ends_by_its_deadline_whatever_it_hears_and_asks() {
    for delay in [Delay::New, Delay::NewAndLong, Delay::Changing] {
        for expected in [None, Some(0), Some(1), Some(u64::MAX)] {
            let mut stage = Stage::new(2);
            stage.add_many(3, &there(0.1), &quiet(printer()));
            let mut number = 0u32;
            stage.sim.add_forger(on_query(move |query, packet, wire| {
                number += 1;
                let mut tlvs = TlvBuf::new();
                tlvs.push(Tlv::Payload(&number.to_be_bytes())).unwrap();
                let long = matches!(delay, Delay::NewAndLong);
                if long {
                    tlvs.push(Tlv::Digest(number.into())).unwrap();
                }
                let reply = Reply {
                    txn: query.txn,
                    id: if matches!(delay, Delay::Changing) { 9 } else { number.into() },
                    round: query.round,
                    copy: 0,
                    whole: long.then_some(1200),
                    busy: false,
                    lease_s: 120,
                    tlvs: tlvs.as_tlvs(),
                };
                let from = SocketAddr::from(([10, 9, 9, 9], 50_009));
                wire.send(Packet::new(from, packet.from, &bytes(Datagram::Reply(reply))));
            }));
            let deadline = Some(secs(3));
            let asker = stage.ask(here(), Discovery { deadline, expected, ..printers() });
            let elapsed = ends_within(&mut stage.sim, asker, 4);
            assert!(elapsed <= secs(3), "{delay:?}, {expected:?} expected: {elapsed:?}");
            let verdict = stage.truth.judge(&stage.sim, asker);
            assert_eq!(verdict.told, verdict.summary.unwrap().found);
            assert!(!verdict.is_complete() || matches!(delay, Delay::Changing), "{verdict:?}");
        }
    }
}

#[test]
fn configurations_that_nobody_would_write_find_everybody_and_end() {
    let usual = printers();
    let odd = [
        Discovery { capacity: usize::MAX, ..usual.clone() },
        Discovery { expected: Some(u64::MAX), ..usual.clone() },
        Discovery { expected: Some(0), ..usual.clone() },
        Discovery { query_rate: u32::MAX, answer_rate: u32::MAX, ..usual.clone() },
        Discovery { query_rate: 100, answer_rate: 1_000, ..usual.clone() },
        Discovery { effort: Effort::Thorough, silence: Some(secs(20)), ..usual.clone() },
        Discovery { deadline: None, silence: None, ..usual.clone() },
    ];
    for (number, discovery) in odd.into_iter().enumerate() {
        let mut stage = Stage::new(3);
        stage.add_many(20, &there(0.2), &quiet(printer()));
        let verdict = stage.discover(discovery);
        println!("{number}: {:?}", verdict.summary.unwrap().elapsed);
        assert!(verdict.missing.is_empty(), "{number}: {verdict:?}");
    }
    for discovery in [
        Discovery { query_rate: 0, ..usual.clone() },
        Discovery { answer_rate: 0, ..usual.clone() },
        Discovery { capacity: 0, ..usual.clone() },
        Discovery { deadline: Some(Duration::ZERO), ..usual.clone() },
        Discovery { silence: Some(Duration::ZERO), ..usual.clone() },
        Discovery { count: Some(0), ..usual.clone() },
    ] {
        let mut stage = Stage::new(4);
        stage.add_many(20, &there(0.2), &quiet(printer()));
        let asker = stage.ask(here(), discovery);
        ends_within(&mut stage.sim, asker, 31);
        let verdict = stage.truth.judge(&stage.sim, asker);
        assert_eq!(verdict.told, verdict.summary.unwrap().found);
    }
}

#[test]
fn a_machine_is_never_due_for_ever() {
    let at_rest = |mut machine: Box<dyn Machine>| {
        let mut calls = 0;
        while machine.deadline().is_some_and(|due| due == Instant::ZERO) {
            let asked = matches!(machine.handle_timeout(Instant::ZERO), Some(Action::Audit));
            if asked {
                machine.handle_observation(Instant::ZERO, Observation::Audit(Evidence::CLEAN));
            }
            calls += 1;
            assert!(calls < 1_000, "it is due at one moment a thousand times");
        }
    };
    let zero = Duration::ZERO;
    at_rest(Box::new(plain::Watcher::new(plain::Watching { every: zero, ..Default::default() })));
    let discovery = plain::Discovery { repeat: u32::MAX, ..Default::default() };
    at_rest(Box::new(plain::Discoverer::new(discovery, 1)));
    at_rest(Box::new(service::Watcher::new(Discovery::all(), 1)));
    let discovery =
        Discovery { query_rate: u32::MAX, expected: Some(u64::MAX), ..Discovery::all() };
    at_rest(Box::new(service::Discoverer::new(discovery, 1)));
}

/// A watcher that is driven by hand, and how often it was called.
struct Driven {
    watcher: service::Watcher,
    now: Instant,
    calls: u64,
    lost: u64,
}

impl Driven {
    fn run_until(&mut self, end: Instant) {
        while let Some(due) = self.watcher.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.calls += 1;
            match self.watcher.handle_timeout(self.now) {
                Some(Action::Audit) => {
                    let evidence = Observation::Audit(Evidence::CLEAN);
                    self.watcher.handle_observation(self.now, evidence);
                }
                Some(Action::Emit(Event::Lost { .. })) => self.lost += 1,
                _ => {}
            }
        }
        self.now = end;
    }
}

#[test]
fn as_many_steps_as_responders_see_to_the_end_of_all_leases() {
    const RESPONDERS: u64 = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
    let watcher = service::Watcher::new(Discovery::all(), 1);
    let mut driven = Driven { watcher, now: Instant::ZERO, calls: 0, lost: 0 };
    let Some(Action::Send { message, .. }) = driven.watcher.handle_timeout(Instant::ZERO) else {
        panic!("it asks at once")
    };
    let mut scout = Vec::new();
    message.encode(&mut scout);
    let Ok(Datagram::Query(query)) = wire::decode(&scout) else { panic!("it asks") };
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Service("printer")).unwrap();
    for id in 0..RESPONDERS {
        for network in [10, 11] {
            let [.., a, b, c] = id.to_be_bytes();
            let from = SocketAddr::from(([network, a, b, c], 50_009));
            let reply = Reply {
                txn: query.txn,
                id,
                round: 0,
                copy: 0,
                whole: None,
                busy: false,
                lease_s: 10,
                tlvs: tlvs.as_tlvs(),
            };
            let arrival = Arrival::new(Path::new(from), Cast::Unicast, true);
            let said = bytes(Datagram::Reply(reply));
            let _told = driven.watcher.handle_datagram(Instant::from_millis(1), arrival, &said);
        }
    }
    assert_eq!(driven.watcher.present() as u64, RESPONDERS);
    driven.run_until(Instant::from_millis(60_000));
    println!("{} steps, {} lost", driven.calls, driven.lost);
    assert_eq!((driven.lost, driven.watcher.present()), (RESPONDERS, 0));
    assert!(driven.calls < 5 * RESPONDERS, "{} steps", driven.calls);
    // And nothing is left behind that costs any later.
    let before = driven.calls;
    driven.run_until(Instant::from_millis(3_600_000));
    let hours = driven.calls - before;
    assert!(hours < 10_000, "{hours} steps in an hour with nobody there");
}

#[test]
fn under_any_flood_a_watcher_takes_few_steps() {
    let mut stage = Stage::new(5);
    stage.add_many(10, &there(0.0), &quiet(printer()));
    let watcher = stage.watch(here(), printers());
    stage.run_ms(5_000);
    stage.sim.record_datagrams();
    let junk = on_turn(|wire| {
        let id = wire.rng().u64(..);
        let epoch = wire::Epoch { boot: 9, seq: 1 };
        let from = SocketAddr::from(([10, 9, 9, 9], 50_009));
        for said in [
            mcast_tests::stage::announcement(id, 60, &printer(), epoch),
            mcast_tests::stage::goodbye(id % 20, epoch),
        ] {
            wire.send(Packet::new(from, group(), &said));
        }
    });
    stage.sim.add_forger(junk.every(per_second(1_000)));
    stage.run_ms(30_000);
    let asked = stage.sim.sent().iter().filter(|(from, _)| *from == watcher).count();
    println!("{asked} questions in half a minute");
    assert!(asked < 2_000, "{asked} questions in half a minute");
}

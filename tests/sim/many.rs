//! One machine with hundreds of services: found whole and soon, and no more of a weapon than a few.

use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::Event;
use mcast_proto::Loss;
use mcast_proto::service::{Answering, Discovery, Offer};
use mcast_proto::wire::{Binding, Datagram, DecodeError, Key, Keyring, Query};
use mcast_tests::sim::{Forger, Host, NodeId, Packet, Socket};
use mcast_tests::stage::{Stage, bytes, group, here, lossy, on_turn, per_second, printers, there};

const MANY: u64 = 500;
/// Soon: a discovery that finds nobody new for 16 sweeps takes 0.62 s at the least.
const SOON: Duration = Duration::from_secs(1);

/// So many printers, each with a name of its own and a note of so many bytes.
fn offers(count: u64, note: usize) -> Vec<Offer> {
    let offer = |number| {
        let offer = Offer::new("printer")?.name(&format!("lab-{number:03}"))?.port(631)?;
        if note == 0 { Ok(offer) } else { offer.attr("note", &vec![b'x'; note]) }
    };
    let offers: Result<Vec<Offer>, DecodeError> = (0..count).map(offer).collect();
    offers.expect("valid")
}

fn quiet() -> Answering {
    Answering { announce: false, ..Answering::default() }
}

#[test]
fn five_hundred_are_found_whole_and_soon_also_where_one_in_ten_datagrams_is_lost() {
    for loss in [0.0, 0.1] {
        let mut slowest = Duration::ZERO;
        for seed in 0..10 {
            let mut stage = Stage::new(seed);
            let node = stage.add_all(there(loss), quiet(), &offers(MANY, 0));
            let verdict = stage.discover(printers());
            let summary = verdict.summary.expect("it has ended");
            assert!(verdict.is_whole() && verdict.is_complete(), "{verdict:?}");
            assert_eq!(verdict.told, MANY);
            assert_eq!(stage.sim.traffic().overflows, 0);
            slowest = slowest.max(summary.elapsed);
            // One event for each question that asked any of them, and none was refused.
            assert!(stage.told(node).count() < 40);
            let is_admitted = |event| matches!(event, Event::Asked { refused: None, .. });
            assert!(stage.told(node).all(|(_, event)| is_admitted(event)));
        }
        println!("{loss} lost: complete after {slowest:?} at the most");
        assert!(slowest < SOON, "{slowest:?}");
    }
}

/// Answers that do not fit a short question are asked for again, and count for more.
#[test]
fn long_answers_of_five_hundred_are_had_whole() {
    for (note, within) in [(100, 2), (200, 4)] {
        let mut stage = Stage::new(note as u64);
        stage.add_all(there(0.02), quiet(), &offers(MANY, note));
        let verdict = stage.discover(printers());
        println!("{note} bytes more: {:?}", verdict.summary);
        assert!(verdict.is_whole() && verdict.is_complete(), "{:?}", verdict.summary);
        let elapsed = verdict.summary.expect("it has ended").elapsed;
        assert!(elapsed < Duration::from_secs(within), "{elapsed:?}");
    }
}

#[test]
fn who_is_behind_a_firewall_finds_them_by_the_group() {
    let mut stage = Stage::new(3);
    stage.add_all(there(0.0), quiet(), &offers(MANY, 0));
    let asker = stage.ask(here(), printers());
    stage.sim.drop_unicasts_to(asker);
    let verdict = stage.end(asker);
    let summary = verdict.summary.expect("it has ended");
    println!("by the group: {summary:?}");
    assert!(verdict.is_whole() && verdict.is_complete());
    assert_eq!((summary.found_by_group, stage.sim.traffic().overflows), (MANY, 0));
}

#[test]
fn of_four_who_ask_at_once_at_one_address_each_is_soon_complete() {
    let mut stage = Stage::new(4);
    stage.add_all(there(0.0), quiet(), &offers(MANY, 0));
    let ip = stage.sim.free_ip(group().ip());
    let askers: Vec<NodeId> =
        (0..4).map(|n| stage.ask(here().at(SocketAddr::new(ip, 40_000 + n)), printers())).collect();
    for asker in askers {
        let verdict = stage.end(asker);
        println!("{:?}", verdict.summary);
        assert!(verdict.is_whole() && verdict.is_complete());
        assert!(verdict.summary.expect("it has ended").elapsed < SOON);
    }
}

fn victim() -> SocketAddr {
    SocketAddr::from(([10, 66, 6, 6], 53))
}

/// Queries of this length for three copies, all in the victim's name, and each a session of its own but some.
fn flood(length: usize, rate: u32) -> Forger {
    on_turn(move |wire| {
        let txn = wire.rng().u64(..);
        let txn = if txn % 2 == 0 { txn % 64 } else { txn };
        let round = wire.rng().u16(1..);
        let query = Query { copies: 3, length, window_ms: 8, ..Query::new(txn, round) };
        wire.send(Packet::new(victim(), group(), &bytes(Datagram::Query(query))));
    })
    .every(per_second(rate))
}

/// The bound of section 9.2: four times what one service may send, in bytes, with what sessions have besides.
#[test]
fn a_forged_source_draws_no_more_of_hundreds_than_of_four() {
    const SECONDS: u64 = 5;
    const BURST: u64 = 2;
    const TO_ONE: u64 = 4 * (400 + 32 * 8) * 128;
    for (services, note, length, rate) in
        [(4, 0, 128, 2_000), (MANY, 0, 128, 1), (MANY, 0, 128, 2_000), (MANY, 200, 1200, 500)]
    {
        let mut stage = Stage::new(1).with_account();
        let node = stage.add_all(Host::new(group(), true), quiet(), &offers(services, note));
        stage.sim.add_forger(flood(length, rate));
        stage.sim.run_for(Duration::from_secs(SECONDS));
        let flow = stage.sim.account().flow(node, victim());
        println!(
            "{services} services, {rate}/s of {length} bytes: {} bytes a second, {} datagrams",
            flow.bytes_out / SECONDS,
            flow.datagrams_out,
        );
        assert!(flow.bytes_out <= TO_ONE * (SECONDS + BURST), "{flow:?}");
        // And of each service three bytes for one.
        assert!(flow.bytes_out <= 3 * services * flow.bytes_in, "{flow:?}");
        assert!(flow.bytes_out > 0);
        // It says that it refuses, ten times a second at the most.
        let said = stage.sim.account().flow(node, group());
        assert!(said.datagrams_out <= 10 * SECONDS + 2);
        assert!(said.datagrams_out > 0 || rate == 1);
    }
}

#[test]
fn under_a_flood_in_its_own_address_an_asker_is_not_complete_and_wrong() {
    let mut not_whole = 0;
    for seed in 0..10 {
        let mut stage = Stage::new(seed);
        stage.add_all(there(0.0), quiet(), &offers(MANY, 0));
        stage.sim.add_forger(flood(128, 2_000));
        // What was in the buckets is used up by then.
        stage.run_ms(1_000);
        let discovery = Discovery { deadline: Some(Duration::from_secs(3)), ..printers() };
        let asker = stage.ask(here().at(SocketAddr::new(victim().ip(), 40_000)), discovery);
        // Which `end` sees to.
        let verdict = stage.end(asker);
        println!("{} found, {:?}", verdict.told, verdict.summary.map(|summary| summary.doubts));
        not_whole += u32::from(!verdict.is_whole());
    }
    assert!(not_whole > 0, "the flood is none");
}

/// With a key a goodbye is a fact, so that a watcher loses exactly those that it heard one of.
#[test]
fn all_goodbyes_reach_a_watcher_within_two_seconds_and_no_buffer_overflows() {
    let key = Key::new(b"correct horse battery staple", Binding::Source).expect("long enough");
    let keyring = Keyring::new(key, Vec::new());
    let mut stage = Stage::new(6);
    let answering = Answering { keyring: Some(keyring.clone()), ..Answering::default() };
    let node =
        stage.add_all(Host::new(group(), true).link(lossy(0.0)), answering, &offers(MANY, 0));
    let of_printers = Discovery { keyring: Some(keyring), ..printers() };
    let watcher = stage.watch(here().socket(Socket::default()), of_printers);
    stage.run_ms(6_000);
    let lost = |stage: &Stage| {
        let is_goodbye =
            |event: &Event<'_>| matches!(event, Event::Lost { reason: Loss::Goodbye, .. });
        stage.told(watcher).filter(|(_, event)| is_goodbye(event)).count() as u64
    };
    assert_eq!(lost(&stage), 0);
    stage.sim.close(node);
    stage.run_ms(2_000);
    assert!(stage.sim.is_done(node));
    assert_eq!((lost(&stage), stage.sim.traffic().overflows), (MANY, 0));
}

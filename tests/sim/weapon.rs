//! No machine is a weapon: what it sends to somebody who proved nothing, beside what came in his name.

use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::service::{self, Offer, Responding};
use mcast_proto::wire::{Datagram, Epoch, Query, Reply, Tlv, TlvBuf};
use mcast_proto::{Rate, plain};
use mcast_tests::sim::{Flow, Forger, Host, NodeId, Packet, Sim, offer_with};
use mcast_tests::stage::{
    Stage, announcement, bytes, goodbye, group, here, on_query, on_turn, per_second, printer,
    printers, there,
};

/// Seconds for which each flood lasts.
const SECONDS: u64 = 5;
/// A second's worth of the default rate to one address, in bytes, and of what its sessions have besides.
const TO_ONE: u64 = 400 * 128;
const TO_SESSIONS: u64 = 32 * 8 * 128;
/// The same to all.
const TO_ALL: u64 = 4_000 * 128;
/// What may go in one burst, in seconds' worth.
const BURST: u64 = 2;

fn victim() -> SocketAddr {
    SocketAddr::from(([10, 66, 6, 6], 53))
}

/// What a responder with the default limits sends, in reaction to what a forger sends.
fn responding_to(offer: Offer, allow_off_link: bool, forger: Forger) -> (Stage, NodeId) {
    let mut stage = Stage::new(1).with_account();
    let responding = Responding { announce: false, allow_off_link, ..Responding::of(offer) };
    let (node, _) = stage.add(Host::new(group(), true), &responding);
    stage.sim.add_forger(forger);
    stage.sim.run_for(Duration::from_secs(SECONDS));
    (stage, node)
}

/// Queries of this length, each with all its numbers new, for three copies at once, in the victim's name
/// or in anybody's.
fn queries(length: usize, rate: u32, anybodys: bool, off_link: bool) -> Forger {
    on_turn(move |wire| {
        let txn = wire.rng().u64(..);
        let mut from = victim();
        if anybodys {
            let [a, b] = wire.rng().u16(..).to_be_bytes();
            from.set_ip([10, 66, a, b].into());
        }
        // One whose session is used again is dearer: its share is its own.
        let txn = if txn % 2 == 0 { txn % 64 } else { txn };
        let round = wire.rng().u16(1..);
        let query = Query { copies: 3, length, window_ms: 8, ..Query::new(txn, round) };
        let to = if off_link { unicast() } else { group() };
        let packet = Packet::new(from, to, &bytes(Datagram::Query(query)));
        wire.send(if off_link { packet.off_link() } else { packet });
    })
    .every(per_second(rate))
}

/// The responder's own address: the first that the simulator gives.
fn unicast() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], group().port()))
}

#[test]
fn to_an_unproven_address_a_responder_sends_three_bytes_a_byte_at_the_most_and_at_its_rates() {
    for attribute_bytes in [0, 200, 1000] {
        for (length, rate) in [(40, 2_000), (128, 50), (128, 2_000), (600, 2_000), (1200, 2_000)] {
            let offer = offer_with("printer", attribute_bytes);
            let (stage, node) = responding_to(offer, false, queries(length, rate, false, false));
            let flow = stage.sim.account().flow(node, victim());
            println!(
                "{attribute_bytes} bytes of attributes, {rate}/s of {length} bytes: {:.2} bytes a byte, {} bytes a second",
                flow.amplification(),
                flow.bytes_out / SECONDS
            );
            assert!(flow.amplification() <= 3.0);
            let most = (TO_ONE + TO_SESSIONS) * (SECONDS + BURST);
            assert!(flow.bytes_out <= most, "{} of {most}", flow.bytes_out);
            assert!(flow.bytes_out > 0 || length == 40);
        }
    }
}

#[test]
fn to_all_together_it_sends_no_more_than_its_rate() {
    for attribute_bytes in [0, 1000] {
        let offer = offer_with("printer", attribute_bytes);
        let (stage, node) = responding_to(offer, false, queries(1200, 10_000, true, false));
        let flow = stage.sim.account().flow_where(node, |to| to != group());
        println!("{attribute_bytes}: {} bytes a second", flow.bytes_out / SECONDS);
        assert!(flow.amplification() <= 3.0);
        assert!(flow.bytes_out <= (TO_ALL + TO_SESSIONS) * (SECONDS + BURST));
    }
}

#[test]
fn beyond_the_link_it_sends_one_byte_for_a_byte_if_at_all() {
    for allow_off_link in [false, true] {
        let offer = offer_with("printer", 200);
        let (stage, node) = responding_to(offer, allow_off_link, queries(1200, 1_000, false, true));
        let flow = stage.sim.account().flow(node, victim());
        println!("allowed: {allow_off_link}, {flow:?}");
        assert_eq!(flow.bytes_out > 0, allow_off_link);
        assert!(flow.amplification() <= 1.0);
        assert!(flow.bytes_out <= (TO_ONE + TO_SESSIONS) * (SECONDS + BURST));
    }
}

#[test]
fn a_word_of_refusal_and_answers_to_the_group_have_a_rate_too() {
    // Refusals: ten a second. Answers to the group: five a second, whoever asks for them.
    let (stage, node) = responding_to(printer(), false, queries(128, 10_000, false, false));
    let flow = stage.sim.account().flow(node, group());
    println!("refusals: {flow:?}");
    assert!(flow.datagrams_out <= 10 * SECONDS + 2 && flow.bytes_out <= flow.datagrams_out * 128);
    assert!(flow.datagrams_out > 0);
    let by_group = on_turn(|wire| {
        let txn = wire.rng().u64(..);
        let query = Query { multicast_reply: true, length: 1200, ..Query::new(txn, 1) };
        wire.send(Packet::new(victim(), group(), &bytes(Datagram::Query(query))));
    });
    let offer = offer_with("printer", 200);
    let (stage, node) = responding_to(offer, false, by_group.every(per_second(2_000)));
    let flow = stage.sim.account().flow(node, group());
    println!("answers to the group: {flow:?}");
    assert!(flow.datagrams_out <= 5 * SECONDS + 2 && flow.bytes_out <= flow.datagrams_out * 1200);
    assert!(flow.datagrams_out > 0);
    assert_eq!(stage.sim.account().flow(node, victim()).bytes_out, 0);
}

#[test]
fn a_plain_answer_that_is_longer_than_three_probes_is_paid_from_the_rates() {
    for (answer, probe) in [(3, 1), (1400, 1), (1400, 466), (1400, 467), (1400, 1400)] {
        let group: SocketAddr = (plain::GROUP_V4, plain::PORT).into();
        let mut sim = Sim::new(2).without_trace().with_account();
        let responding = plain::Responding {
            reply: vec![7; answer],
            rate: Some(Rate::default()),
            ..Default::default()
        };
        let node = sim.add(Host::new(group, true), plain::Responder::new(responding, 1));
        let probes = on_turn(move |wire| {
            wire.send(Packet::new(victim(), group, &vec![1; probe]));
        });
        sim.add_forger(probes.every(per_second(2_000)));
        sim.run_for(Duration::from_secs(SECONDS));
        let flow = sim.account().flow(node, victim());
        println!("{answer} bytes for {probe}: {} bytes a second", flow.bytes_out / SECONDS);
        assert!(flow.bytes_out > 0);
        assert!(flow.bytes_out <= (TO_ONE + TO_SESSIONS) * (SECONDS + BURST), "{flow:?}");
    }
}

/// Whatever can be said to those who ask, in the victim's name: truncated answers, goodbyes,
/// announcements, queries, refusals.
fn provoking() -> Forger {
    on_query(|query, _, wire| {
        for id in 0..16 {
            let epoch = Epoch { boot: 9, seq: query.round.into() };
            let mut tlvs = TlvBuf::new();
            tlvs.push(Tlv::Digest(id)).unwrap();
            tlvs.push(Tlv::Epoch(epoch)).unwrap();
            let reply = Reply {
                txn: query.txn,
                id,
                round: query.round,
                copy: 0,
                whole: Some(1200),
                busy: true,
                lease_s: 10,
                tlvs: tlvs.as_tlvs(),
            };
            let watching = Query { watch: true, multicast_reply: true, ..*query };
            for said in [
                bytes(Datagram::Reply(reply)),
                goodbye(id, epoch),
                announcement(id, 10, &printer(), epoch),
                bytes(Datagram::Query(Query { txn: query.txn ^ 1, ..watching })),
            ] {
                let (by_group, off_link) = (wire.rng().bool(), wire.rng().bool());
                let to =
                    if by_group { group() } else { SocketAddr::from(([10, 0, 0, 17], 40_000)) };
                let packet = Packet::new(victim(), to, &said);
                wire.send(if off_link { packet.off_link() } else { packet });
            }
        }
    })
}

/// What one who asks sends while he is provoked for a minute.
fn provoked(watches: bool) -> (Flow, Flow) {
    let mut stage = Stage::new(3).with_account();
    for id in 0..16 {
        let lease = Duration::from_secs(10);
        let responding = Responding { id: Some(id), lease, ..Responding::of(printer()) };
        stage.add(there(0.0), &responding);
    }
    let node = if watches {
        stage.watch(here(), printers())
    } else {
        let machine = service::Discoverer::new(printers(), 1);
        stage.sim.add(here(), machine)
    };
    assert_eq!(stage.sim.address(node), SocketAddr::from(([10, 0, 0, 17], 40_000)));
    stage.sim.add_forger(provoking());
    stage.sim.run_for(Duration::from_secs(60));
    let account = stage.sim.account();
    (account.flow(node, group()), account.flow_where(node, |to| to != group()))
}

#[test]
fn askers_and_watchers_send_nothing_to_anybody_alone_whatever_they_hear() {
    for watches in [false, true] {
        let (to_group, to_others) = provoked(watches);
        println!("watches: {watches}, to the group {to_group:?}");
        assert_eq!((to_others.datagrams_out, to_others.bytes_out), (0, 0));
        assert!(to_others.datagrams_in > 1_000, "{to_others:?}");
        // What goes to all is what a discovery takes, and for a watcher a run of sweeps in two seconds.
        let runs = if watches { 30 + 8 + 8 } else { 1 };
        assert!(to_group.datagrams_out <= runs * 64 + 800, "{to_group:?}");
        // Of each run 24 sweeps may be long ones.
        assert!(to_group.bytes_out <= runs * (24 * 1200 + 64 * 200) + 200_000, "{to_group:?}");
    }
}

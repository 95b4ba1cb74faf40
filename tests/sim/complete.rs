//! Complete is evidence: what was not asked, or may not have been heard, makes no sweep quiet.

use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::wire::{self, Datagram, MIN_QUERY};
use mcast_proto::{Doubts, Instant, Observation, Summary};
use mcast_tests::sim::{Card, Condition, NodeId, Packet, Socket, Verdict};
use mcast_tests::stage::{
    Stage, group, here, on_turn, per_second, printer, printers, quiet, there,
};

fn summary(verdict: &Verdict) -> Summary {
    verdict.summary.expect("it has ended")
}

fn stage_of(count: u32, seed: u64, loss: f64) -> Stage {
    let mut stage = Stage::new(seed);
    stage.add_many(count, &there(loss), &quiet(printer()));
    stage.sim.record_datagrams();
    stage
}

/// Rounds of sweeps in which a node asked anything from the `first` of its queries on.
fn sweeps_from(stage: &Stage, node: NodeId, first: usize) -> usize {
    let sent = stage.sim.sent()[first..].iter().filter(|(from, _)| *from == node);
    let round = |bytes| match wire::decode(bytes) {
        Ok(Datagram::Query(query)) if query.length == MIN_QUERY => Some(query.round),
        _ => None,
    };
    let mut rounds: Vec<u16> = sent.filter_map(|(_, bytes)| round(bytes)).collect();
    rounds.dedup();
    rounds.len()
}

/// How long a discovery of ten takes that nothing disturbs.
fn undisturbed(seed: u64) -> Duration {
    let verdict = stage_of(10, seed, 0.1).discover(printers());
    assert!(verdict.is_complete());
    summary(&verdict).elapsed
}

#[test]
fn a_cable_that_is_pulled_on_the_way_leaves_no_complete_result() {
    let whole = undisturbed(1);
    for ms in (0..whole.as_millis() as u64).step_by(20) {
        let mut stage = stage_of(10, 1, 0.1);
        let asker = stage.ask(here(), printers());
        stage.run_ms(ms);
        let card = stage.sim.address(asker);
        stage.sim.set_condition(asker, card, Condition::Unplugged);
        let verdict = stage.end(asker);
        assert!(!verdict.is_complete(), "pulled at {ms} ms");
        let doubts = summary(&verdict).doubts;
        assert!(doubts.contains(Doubts::NOT_SENT | Doubts::DEADLINE), "{ms} ms: {doubts}");
    }
}

#[test]
fn so_does_one_of_two_cables_and_a_card_that_stops_to_send() {
    for (condition, ms) in [(Condition::Unplugged, 250), (Condition::Refuses, 250)] {
        let mut stage = stage_of(10, 2, 0.1);
        let second = Card { interface: 2, island: 1, port: 40_000, ..Card::new(group(), true) };
        let asker = stage.ask(here().card(second), printers());
        stage.run_ms(ms);
        let card = stage.sim.addresses(asker).nth(1).unwrap();
        stage.sim.set_condition(asker, card, condition);
        let verdict = stage.end(asker);
        assert!(!verdict.is_complete() && verdict.missing.is_empty());
        assert!(summary(&verdict).doubts.contains(Doubts::NOT_SENT), "{condition:?}");
    }
}

#[test]
fn a_cable_that_is_put_back_makes_it_complete_later_with_everybody() {
    for ms in [5, 100, 250, 500, 600] {
        let mut stage = stage_of(10, 3, 0.3);
        let asker = stage.ask(here(), printers());
        stage.run_ms(ms);
        let card = stage.sim.address(asker);
        stage.sim.set_condition(asker, card, Condition::Unplugged);
        stage.run_ms(300);
        stage.sim.set_condition(asker, card, Condition::Works);
        let asked = stage.sim.sent().len();
        let verdict = stage.end(asker);
        assert!(verdict.is_complete() && verdict.is_whole(), "{ms} ms");
        // What was quiet before is forgotten: others may be there now.
        let sweeps = sweeps_from(&stage, asker, asked);
        assert!(sweeps >= 16, "{ms} ms: {sweeps} sweeps since");
    }
}

#[test]
fn a_card_that_refuses_from_the_start_keeps_no_result_from_being_complete() {
    let mut stage = stage_of(10, 4, 0.1);
    let vpn = Card { interface: 2, port: 40_000, ..Card::new(group(), true) };
    let asker = stage.ask(here().card(vpn), printers());
    let card = stage.sim.addresses(asker).nth(1).unwrap();
    stage.sim.set_condition(asker, card, Condition::Refuses);
    let verdict = stage.end(asker);
    assert!(verdict.is_complete() && verdict.is_whole());
    assert_eq!(summary(&verdict).doubts, Doubts::NONE);
}

/// An asker with a small buffer, at which somebody throws junk so that some of it is dropped in each
/// sweep, until then.
fn flooded(stage: &mut Stage, until: Instant) -> NodeId {
    let socket = Socket { buffer: 64, drain: 20_000, ..Socket::default() };
    let asker = stage.ask(here().socket(socket), printers());
    let to = stage.sim.address(asker);
    let junk = on_turn(move |wire| {
        // More than fit, each hundredth of a second; most of the time there is room for answers.
        for _ in 0..80 {
            wire.send(Packet::new(SocketAddr::from(([10, 9, 9, 9], 9)), to, b"junk"));
        }
    });
    stage.sim.add_forger(junk.every(per_second(100)).between(Instant::ZERO, until));
    asker
}

#[test]
fn own_drops_in_every_sweep_leave_no_complete_result() {
    let mut stage = stage_of(10, 5, 0.1);
    let asker = flooded(&mut stage, Instant::FAR_FUTURE);
    let verdict = stage.end(asker);
    assert!(stage.sim.traffic().overflows > 10_000);
    assert!(!verdict.is_complete() && verdict.missing.is_empty());
    assert_eq!(summary(&verdict).doubts, Doubts::DROPPED | Doubts::DEADLINE);
    assert!(summary(&verdict).dropped > 0);
}

#[test]
fn once_the_drops_stop_it_is_complete() {
    let mut stage = stage_of(10, 6, 0.3);
    let asker = flooded(&mut stage, Instant::from_millis(2_000));
    let verdict = stage.end(asker);
    let elapsed = summary(&verdict).elapsed;
    assert!(verdict.is_complete() && verdict.is_whole());
    assert!((2_300..3_500).contains(&elapsed.as_millis()), "{elapsed:?}");
}

/// Ten responders on the asker's network, and five on another.
fn two_networks() -> (Stage, NodeId) {
    let mut stage = stage_of(10, 7, 0.1);
    for _ in 0..5 {
        let (node, id) = stage.add(there(0.5), &quiet(printer()));
        stage.sim.move_to_island(node, 1);
        stage.truth.add_passing(id);
    }
    let second = Card { interface: 2, island: 2, port: 40_000, ..Card::new(group(), true) };
    let asker = stage.ask(here().card(second), printers());
    (stage, asker)
}

#[test]
fn after_an_interface_has_changed_everybody_is_asked_again_by_sixteen_sweeps() {
    let (mut stage, asker) = two_networks();
    let undisturbed = summary(&stage.end(asker)).elapsed.as_millis() as u64;
    for before in [1, 5, 20, 45, 100, 300, 600] {
        let (mut stage, asker) = two_networks();
        stage.run_ms(undisturbed - before);
        assert!(!stage.sim.is_done(asker));
        // The second card comes to the other network and has another address there.
        let card = stage.sim.addresses(asker).nth(1).unwrap();
        let other = SocketAddr::new(stage.sim.free_ip(card.ip()), card.port());
        stage.sim.renumber(asker, card, other);
        stage.sim.move_card_to_island(asker, other, 1);
        let asked = stage.sim.sent().len();
        let verdict = stage.end(asker);
        assert!(verdict.is_complete() && verdict.is_whole(), "{before} ms before the end");
        assert_eq!(verdict.told, 15, "{before} ms before the end");
        let sweeps = sweeps_from(&stage, asker, asked);
        assert!(sweeps >= 16, "{before} ms before the end: {sweeps} sweeps since");
    }
}

#[test]
fn so_it_is_when_its_driver_says_that_the_network_has_changed() {
    let undisturbed = undisturbed(1).as_millis() as u64;
    for before in [1, 20, 45, 300] {
        let mut stage = stage_of(10, 1, 0.1);
        let asker = stage.ask(here(), printers());
        stage.run_ms(undisturbed - before);
        assert!(!stage.sim.is_done(asker));
        stage.sim.tell(asker, Observation::NetworkChanged);
        let asked = stage.sim.sent().len();
        assert!(stage.end(asker).is_complete());
        let sweeps = sweeps_from(&stage, asker, asked);
        assert!(sweeps >= 16, "{before} ms before the end: {sweeps} sweeps since");
    }
}

#[test]
fn a_network_that_never_stays_as_it_is_leaves_no_complete_result() {
    let mut stage = stage_of(10, 8, 0.1);
    let asker = stage.ask(here(), printers());
    while !stage.sim.is_done(asker) {
        let card = stage.sim.address(asker);
        stage.run_ms(200);
        for condition in [Condition::Unplugged, Condition::Works] {
            stage.sim.set_condition(asker, card, condition);
        }
    }
    let verdict = stage.end(asker);
    assert!(!verdict.is_complete() && verdict.missing.is_empty());
    let doubts = summary(&verdict).doubts;
    assert!(doubts.contains(Doubts::NETWORK_CHANGED | Doubts::DEADLINE), "{doubts}");
}

//! Askers behind firewalls that let only what is sent to the group through share its answers.

use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::service::{Discovery, Responding};
use mcast_proto::wire::{Datagram, Query};
use mcast_tests::sim::{Forger, NodeId, Packet, Verdict};
use mcast_tests::stage::{
    Stage, bytes, group, here, on_turn, per_second, printer, printers, there,
};

/// Questions of sessions that do not exist, for answers to the group.
fn forged_questions(rate: u32) -> Forger {
    on_turn(|wire| {
        let txn = wire.rng().u64(..);
        let [a, b] = wire.rng().u16(..).to_be_bytes();
        let from = SocketAddr::from(([10, 9, a, b], 40_000));
        let query = Query { multicast_reply: true, window_ms: 24, ..Query::new(txn, 1) };
        wire.send(Packet::new(from, group(), &bytes(Datagram::Query(query))));
    })
    .every(per_second(rate))
}

/// So many askers at once, all of them behind firewalls, among ten responders.
fn behind_firewalls(
    askers: u32,
    forged: Option<u32>,
    loss: f64,
    seed: u64,
) -> Vec<(Verdict, Duration)> {
    let mut stage = Stage::new(seed);
    let responding = Responding { announce: false, ..Responding::of(printer()) };
    stage.add_many(10, &there(loss), &responding);
    if let Some(rate) = forged {
        stage.sim.add_forger(forged_questions(rate));
        stage.run_ms(1_000);
    }
    let deadline = Some(Duration::from_secs(60));
    let start = stage.sim.now();
    let askers: Vec<NodeId> = (0..askers)
        .map(|_| {
            let asker = stage.ask(here(), Discovery { deadline, ..printers() });
            stage.sim.drop_unicasts_to(asker);
            asker
        })
        .collect();
    let told = |asker| {
        let verdict = stage.end(asker);
        let last = stage.told(asker).map(|(at, _)| at).max();
        (verdict, last.expect("somebody is told") - start)
    };
    askers.into_iter().map(told).collect()
}

fn all_find_everybody(askers: u32, forged: Option<u32>) {
    for loss in [0.0, 0.3] {
        let verdicts = behind_firewalls(askers, forged, loss, 1);
        let complete = verdicts.iter().filter(|(verdict, _)| verdict.is_complete()).count();
        let done =
            verdicts.iter().map(|(verdict, _)| verdict.summary.unwrap().elapsed).max().unwrap();
        let found = verdicts.iter().map(|(_, last)| *last).max().unwrap();
        println!(
            "{askers} askers, forged: {forged:?}/s, loss {loss}: all found after {found:?}, {complete} \
             complete, the last after {done:?}"
        );
        for (verdict, _) in verdicts {
            assert!(verdict.is_whole(), "{verdict:?}");
            assert_eq!(verdict.summary.unwrap().found_by_group, 10);
        }
        assert_eq!(complete as u32, askers);
    }
}

#[test]
fn one_asker_finds_everybody() {
    all_find_everybody(1, None);
}

#[test]
fn five_at_once_find_everybody() {
    all_find_everybody(5, None);
}

#[test]
fn five_at_once_find_everybody_beside_400_forged_questions_a_second() {
    all_find_everybody(5, Some(400));
}

#[test]
fn fifty_at_once_find_everybody() {
    all_find_everybody(50, None);
}

#[test]
fn fifty_at_once_find_everybody_beside_400_forged_questions_a_second() {
    all_find_everybody(50, Some(400));
}

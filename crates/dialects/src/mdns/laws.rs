//! Whatever is said to a machine, and in whatever order: it keeps the laws of all machines, and its stores stay
//! within their caps.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::ops::{Choices, Did, OP_BYTES, Op, Outcome, any_bytes, run, run_from};
use mcast_proto::{Arrival, Cast, Doubts, Event, Instant, InterfaceId, Machine, Observation, Path};
use proptest::prelude::*;

use super::fixtures::FIXTURES;
use super::wire::Message;
use super::{Discoverer, Discovery, GROUP_V4, PORT, Port, Watcher, Watching};

const CAPACITY: usize = 8;

/// The operations that these bytes decide.
fn ops(bytes: &[u8]) -> Vec<Op> {
    bytes.chunks(OP_BYTES).map(|chunk| op(&mut Choices::new(chunk))).collect()
}

fn op(choices: &mut Choices<'_>) -> Op {
    match choices.below(32) {
        0..2 => Op::Poke,
        2..9 => Op::Wait(Duration::from_micros(choices.below(3_000_000))),
        9 => Op::Wait(Duration::from_secs(choices.below(8_000))),
        10 => Op::Observe(Observation::NetworkChanged),
        11 => Op::ReadMany(choices.one_in(2)),
        12 => Op::Again(choices.pick(&[0, 1, 5]), None),
        13 if choices.one_in(4) => Op::Close,
        _ => {
            let arrival = arrival(choices);
            let mut bytes = FIXTURES[choices.below(FIXTURES.len() as u64) as usize].1.to_vec();
            // Some are broken, some say goodbye, and some invent names.
            for _ in 0..choices.pick(&[0, 0, 0, 1, 1, 3]) {
                let at = choices.below(bytes.len() as u64) as usize;
                bytes[at] = choices.pick(&[0, 0xff, b'x', b'y', 0xc0, bytes[at] ^ 1]);
            }
            Op::Datagram(arrival, bytes)
        }
    }
}

fn arrival(choices: &mut Choices<'_>) -> Arrival {
    let group = Cast::Group((GROUP_V4, PORT).into());
    let cast = choices.pick(&[group, group, Cast::Unicast, Cast::Unknown]);
    let port = choices.pick(&[PORT, PORT, PORT, 40_000]);
    let from = Path::new(([10, 0, 0, choices.pick(&[1, 2, 2, 3])], port).into());
    let from = from.by(InterfaceId(choices.pick(&[1, 1, 2])));
    Arrival::new(from, cast, !choices.one_in(16)).at_local(([10, 0, 0, 1], PORT).into())
}

fn discovery() -> Discovery {
    Discovery { capacity: CAPACITY, ..Discovery::default() }
}

fn watching(port: Port) -> Watching {
    Watching { capacity: CAPACITY, port, ..Watching::default() }
}

/// All that is sent are questions; what is found is counted, and changes and goes only when it was found.
fn is_sound(outcome: &Outcome, forgets: bool) {
    for (.., bytes) in outcome.sent() {
        let message = Message::read(bytes).expect("it is a message");
        assert!(!message.is_response() && message.questions().all(|question| !question.is_unicast));
        assert!(bytes.len() <= 1_440);
    }
    let mut there = BTreeSet::new();
    let mut found = 0;
    for (_, event) in outcome.events() {
        match event {
            Event::Found(finding) => {
                found += 1;
                let mcast_proto::Key::Foreign(key) = finding.key() else { panic!("{finding:?}") };
                assert!(there.insert(key.to_vec()) || forgets, "{finding:?} was found before");
                assert!(finding.addresses().count() <= 17 && finding.attrs().count() <= 256);
                assert!(finding.service().is_some() && finding.name().is_some());
            }
            Event::Changed { finding, .. } => {
                let mcast_proto::Key::Foreign(key) = finding.key() else { panic!("{finding:?}") };
                assert!(there.contains(key), "{finding:?} was not found");
            }
            Event::Lost { key: mcast_proto::Key::Foreign(key), .. } => {
                assert!(there.remove(key), "{key:?} was not found");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(forgets || there.len() <= CAPACITY);
    if let Some((_, end)) = outcome.end() {
        assert_eq!(end.found, found);
        assert!(end.ignored + end.duplicates <= end.received);
    }
}

/// The same happens again, and at another time.
fn is_the_same_again<M: Machine + Clone>(mut machine: M, ops: &[Op]) -> Outcome {
    let (mut twin, mut later) = (machine.clone(), machine.clone());
    let outcome = run(&mut machine, ops);
    assert_eq!(run(&mut twin, ops), outcome);
    let shift = Duration::from_secs(1_000_000_000);
    let shifted = run_from(Instant::ZERO + shift, &mut later, ops);
    assert_eq!(shifted.log.len(), outcome.log.len());
    for ((then, did), (at, did_then)) in shifted.log.iter().zip(&outcome.log) {
        assert!(*then == *at + shift && (did == did_then || matches!(did, Did::Heard(..))));
    }
    outcome
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_run_keeps_the_laws_and_ends(bytes in any_bytes(0..60), seed: u64) {
        let mut ops = ops(&bytes);
        ops.push(Op::Wait(Duration::from_secs(30)));
        let outcome = is_the_same_again(Discoverer::new(discovery(), seed), &ops);
        is_sound(&outcome, true);
        prop_assert!(outcome.done);
    }

    #[test]
    fn a_watcher_keeps_the_laws(bytes in any_bytes(0..60), seed: u64, is_private: bool) {
        let port = if is_private { Port::Private } else { Port::Own };
        let ops = ops(&bytes);
        let outcome = is_the_same_again(Watcher::new(watching(port), seed), &ops);
        is_sound(&outcome, false);
        prop_assert_eq!(outcome.done, ops.contains(&Op::Close));
    }

    #[test]
    fn whatever_is_heard_stays_within_its_room(bytes in any_bytes(0..60)) {
        let mut discoverer = Discoverer::new(discovery(), 7);
        let mut watcher = Watcher::new(watching(Port::Own), 7);
        let ops = ops(&bytes);
        run(&mut discoverer, &ops);
        run(&mut watcher, &ops);
        for table in [discoverer.table(), watcher.table()] {
            table.check(CAPACITY);
        }
    }
}

#[test]
fn there_is_something_to_see() {
    let bytes: Vec<u8> = (0..200 * OP_BYTES as u32)
        .map(|nth| (nth.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let ops: Vec<Op> = ops(&bytes).into_iter().filter(|op| *op != Op::Close).collect();
    let mut machine = Watcher::new(watching(Port::Own), 7);
    let outcome = run(&mut machine, &ops);
    let count =
        |is: fn(&Event<'_>) -> bool| outcome.events().filter(|(_, event)| is(event)).count();
    assert!(count(|event| matches!(event, Event::Found(_))) > 10);
    assert!(count(|event| matches!(event, Event::Changed { .. })) > 0);
    assert!(count(|event| matches!(event, Event::Lost { .. })) > 3);
    assert!(machine.summary(outcome.now).doubts.contains(Doubts::NO_ROOM));
}

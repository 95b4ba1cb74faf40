//! Any bytes as a message of multicast DNS: they are read or refused, without a panic; what is read is within the
//! format's limits; and, of one in [`IN_DEPTH`], a run and a watcher that hear it, and hear it again, have something
//! to do for a bounded number of calls.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcast_dialects::mdns::wire::{Data, Message};
use mcast_dialects::mdns::{Discoverer, Discovery, GROUP_V4, PORT, Watcher, Watching};
use mcast_dialects_fuzz::is_in_depth;
use mcast_proto::{Action, Arrival, Cast, Instant, Machine, Path};

/// The longest name, with the length byte of each label but the last.
const MAX_NAME: usize = 254;
/// Two minutes of two machines take thousands of times as long as to read a message.
const IN_DEPTH: u32 = 512;
/// Far more calls than a moment needs.
const MOST_CALLS: usize = 10_000;

fuzz_target!(|bytes: &[u8]| {
    if let Some(message) = Message::read(bytes) {
        within_limits(&message, bytes.len());
    }
    if !is_in_depth(bytes, IN_DEPTH) {
        return;
    }
    let group = Cast::Group((GROUP_V4, PORT).into());
    let discovery = Discovery { capacity: 16, ..Discovery::default() };
    let watching = Watching { capacity: 16, ..Watching::default() };
    hear(&mut Discoverer::new(discovery, 7), Cast::Unicast, bytes);
    hear(&mut Watcher::new(watching, 7), group, bytes);
});

fn within_limits(message: &Message<'_>, length: usize) {
    let names = message.questions().map(|question| question.name);
    let owners = message.records().map(|record| record.name);
    let targets = message.records().filter_map(|record| match record.data {
        Data::Ptr(target) | Data::Srv { host: target, .. } => Some(target),
        _ => None,
    });
    for name in names.chain(owners).chain(targets) {
        assert!(name.is(name));
        assert!(name.labels().map(|label| 1 + label.len()).sum::<usize>() <= MAX_NAME);
    }
    // A record takes eleven bytes at the least, a question five.
    assert!(message.records().count() * 11 + message.questions().count() * 5 <= length);
}

fn hear(machine: &mut dyn Machine, cast: Cast, bytes: &[u8]) {
    let from = Path::new(([10, 0, 0, 2], PORT).into()).from_local(([10, 0, 0, 1], PORT).into());
    let arrival = Arrival::new(from, cast, true);
    let told = drain(machine, Instant::ZERO);
    assert_eq!(told, 0);
    for millis in [1, 2] {
        let now = Instant::from_millis(millis);
        assert!(machine.handle_datagram(now, arrival, bytes).is_none());
        drain(machine, now);
    }
    // And for two minutes.
    let mut now = Instant::from_millis(2);
    for _ in 0..MOST_CALLS {
        match machine.deadline() {
            Some(due) if due < Instant::from_millis(120_000) => now = now.max(due),
            _ => break,
        }
        drain(machine, now);
    }
    machine.close(now);
    drain(machine, now);
    assert_eq!(machine.deadline(), None);
}

/// Does what is due; says how often something was told.
fn drain(machine: &mut dyn Machine, now: Instant) -> usize {
    let mut told = 0;
    for calls in 0.. {
        assert!(calls < MOST_CALLS, "it is not done with a moment");
        if machine.deadline().is_none_or(|due| due > now) {
            break;
        }
        told += usize::from(matches!(machine.handle_timeout(now), Some(Action::Emit(_))));
    }
    told
}

//! Any bytes as an answer to the question that a machine has put: they are taken or refused, without a panic;
//! what is told of them has its bounds; and both one who asks and one who watches have something to do for a
//! bounded number of calls.
//!
//! Parsers need many runs, and a machine's whole course takes hundreds of times as long as to read an answer. So most
//! bytes are heard once, by one who asks; one in [`IN_DEPTH`] goes through all of it.

#[path = "../../tests/said/mod.rs"]
pub mod said;

use std::time::Duration;

use mcast_dialects::scan::{Dialect, Discoverer, Discovery, Watcher, Watching};
use mcast_proto::{Action, Arrival, Body, Cast, Event, Finding, Instant, Machine, Message, Path};

/// Of so many inputs one goes through the whole course, which then takes about as much time as all others.
pub const IN_DEPTH: u32 = 32;
/// Far more calls than a moment needs.
const MOST_CALLS: usize = 10_000;
/// The bytes of all facts of one find.
const MOST_FACTS: usize = 9 * 1_024;

/// Whether these bytes are to go through the whole course, where one in so many is. It depends on nothing else, so
/// that what was found is found again.
pub fn is_in_depth(bytes: &[u8], one_in: u32) -> bool {
    let sum =
        bytes.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    (sum >> 8).is_multiple_of(one_in)
}

/// Gives the bytes to a dialect, in depth or once. `answer` makes them an answer to a question.
pub fn hear<D: Dialect + Clone>(
    dialect: D,
    answer: impl Fn(&[u8], &[u8]) -> Vec<u8>,
    bytes: &[u8],
) {
    let discovery = Discovery { capacity: 16, ..Discovery::default() };
    if !is_in_depth(bytes, IN_DEPTH) {
        return hear_once(&mut Discoverer::new(dialect, discovery, 7), answer, bytes);
    }
    run(&mut Discoverer::new(dialect.clone(), discovery, 7), Cast::Unicast, &answer, bytes);
    let watching = Watching { capacity: 16, ..Watching::default() };
    let group = Cast::Group(([239, 255, 255, 250], 1_900).into());
    run(&mut Watcher::new(dialect, watching, 7), group, &answer, bytes);
}

fn hear_once(machine: &mut dyn Machine, answer: impl Fn(&[u8], &[u8]) -> Vec<u8>, bytes: &[u8]) {
    let now = Instant::from_millis(1_000);
    let mut question = Vec::new();
    drain(machine, now, &mut question);
    let from = Path::new(([10, 0, 0, 2], 1_900).into());
    let arrival = Arrival::new(from, Cast::Unicast, true);
    assert!(machine.handle_datagram(now, arrival, &answer(&question, bytes)).is_none());
    drain(machine, now, &mut question);
}

fn run(
    machine: &mut dyn Machine,
    cast: Cast,
    answer: impl Fn(&[u8], &[u8]) -> Vec<u8>,
    bytes: &[u8],
) {
    let mut now = Instant::from_millis(1_000);
    let mut question = Vec::new();
    drain(machine, now, &mut question);
    for from in [1_900, 3_702, 5_683] {
        let arrival = Arrival::new(Path::new(([10, 0, 0, 2], from).into()), cast, true);
        let answer = answer(&question, bytes);
        let heard = machine.handle_datagram(now, arrival, &answer);
        assert!(heard.is_none());
        now = now + Duration::from_millis(700);
        drain(machine, now, &mut question);
    }
    machine.close(now);
    drain(machine, now, &mut question);
    assert_eq!(machine.deadline(), None);
}

fn drain(machine: &mut dyn Machine, now: Instant, question: &mut Vec<u8>) {
    for _ in 0..MOST_CALLS {
        if machine.deadline().is_none_or(|due| due > now) {
            return;
        }
        match machine.handle_timeout(now) {
            Some(Action::Send { message: Message::Plain(bytes), .. }) => *question = bytes.to_vec(),
            Some(Action::Emit(Event::Found(finding) | Event::Changed { finding, .. })) => {
                has_bounds(&finding);
            }
            _ => {}
        }
    }
    panic!("more than {MOST_CALLS} calls at {now:?}");
}

fn has_bounds(finding: &Finding<'_>) {
    let Body::Facts(facts) = finding.body else { panic!("{finding:?}") };
    let text = |text: Option<&str>| text.map_or(0, str::len);
    let attributes = finding.attrs().map(|attr| attr.key.len() + attr.value.map_or(0, <[u8]>::len));
    let all = text(finding.name()) + text(finding.url()) + attributes.sum::<usize>();
    assert!(all <= MOST_FACTS && facts.iter().count() <= MOST_FACTS / 3, "{finding:?}");
}

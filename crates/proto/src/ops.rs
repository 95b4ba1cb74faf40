//! Everything that can happen to a machine, as values, for property tests, simulators and fuzzers.
//!
//! ```
//! use mcast_proto::{ops, plain};
//! use proptest::prelude::*;
//!
//! proptest!(|(ops in ops::any_ops(0..50), seed: u64)| {
//!     let mut responder = plain::Responder::new(plain::Responding::default(), seed);
//!     let outcome = ops::run(&mut responder, &ops);
//!     prop_assert_eq!(outcome.done, ops.contains(&ops::Op::Close));
//! });
//! ```

mod service;

pub use service::{any_service_datagram, any_service_ops};

use alloc::{vec, vec::Vec};
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use core::ops::Range;
use core::time::Duration;

use proptest::collection::vec as vec_of;
use proptest::prelude::*;

use crate::{
    Action, Arrival, Cast, Destination, Event, Evidence, Instant, InterfaceId, Machine,
    Observation, Path, Refusal, Summary, plain,
};

/// One thing that happens to a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A datagram arrives.
    Datagram(Arrival, Vec<u8>),
    /// Time passes, and whatever becomes due on the way is done at its time.
    Wait(Duration),
    /// `handle_timeout` is called, due or not.
    Poke,
    /// The application closes the machine.
    Close,
}

/// Operations in which a few peers, on a few interfaces, send things that matter to the protocol and
/// things that don't.
pub fn any_ops(
    count: impl Into<proptest::collection::SizeRange>,
) -> impl Strategy<Value = Vec<Op>> {
    vec_of(any_op(), count)
}

/// One operation; see [`any_ops`].
pub fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (any_arrival(), any_payload()).prop_map(|(arrival, bytes)| Op::Datagram(arrival, bytes)),
        4 => any_wait(0..5_000_000).prop_map(Op::Wait),
        // A day: a host that slept.
        1 => any_wait(0..86_400_000_000).prop_map(Op::Wait),
        2 => Just(Op::Poke),
        1 => Just(Op::Close),
    ]
}

fn any_wait(micros: Range<u64>) -> impl Strategy<Value = Duration> {
    micros.prop_map(Duration::from_micros)
}

/// How a datagram arrived: mostly as an honest one would.
pub fn any_arrival() -> impl Strategy<Value = Arrival> {
    let cast = prop_oneof![
        6 => Just(Cast::Group(SocketAddr::from((plain::GROUP_V4, plain::PORT)))),
        2 => Just(Cast::Unicast),
        1 => Just(Cast::Unknown),
    ];
    (any_remote(), proptest::option::of(1..4u32), cast, prop::bool::weighted(0.9)).prop_map(
        |(remote, interface, cast, on_link)| {
            let from = Path { interface: interface.map(InterfaceId), ..Path::new(remote) };
            Arrival::new(from, cast, on_link)
        },
    )
}

/// An address among few, so that they come again: honest ones, the well-known port, and some that no
/// peer can have.
fn any_remote() -> impl Strategy<Value = SocketAddr> {
    let v4 = (0..8u8, prop::sample::select(&[40_000, 40_001, plain::PORT][..]))
        .prop_map(|(host, port)| SocketAddr::from((Ipv4Addr::new(10, 0, 0, host), port)));
    let v6 = (0..4u16, 0..3u32).prop_map(|(host, scope)| {
        let ip = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, host);
        SocketAddr::V6(SocketAddrV6::new(ip, 40_000, 0, scope))
    });
    let never_a_peer = prop::sample::select(vec![
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 40_000)),
        SocketAddr::from((Ipv4Addr::BROADCAST, 40_000)),
        SocketAddr::from((plain::GROUP_V4, plain::PORT)),
        SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), 0)),
    ]);
    prop_oneof![8 => v4, 3 => v6, 1 => never_a_peer]
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => Just(plain::PROBE.to_vec()),
        2 => Just(plain::REPLY.to_vec()),
        2 => vec_of(any::<u8>(), 0..64),
        1 => vec_of(any::<u8>(), 1400..1600),
    ]
}

/// Everything that a machine did in a run, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What it did, and when.
    pub log: Vec<(Instant, Did)>,
    /// Whether it has finished.
    pub done: bool,
    /// The time at the end of the run.
    pub now: Instant,
}

/// What a machine did, with everything it borrowed copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Did {
    /// It sent these bytes.
    Sent(Destination, Vec<u8>),
    /// It found a responder.
    Found(Path, Duration, Vec<u8>),
    /// It reported a probe.
    Request(Path, Option<Refusal>),
    /// It reported any other event, here as its debug text.
    Other(alloc::string::String),
    /// It asked what became of what was sent.
    Audited,
    /// It finished.
    Done(Summary),
}

impl From<Action<'_>> for Did {
    fn from(action: Action<'_>) -> Did {
        match action {
            Action::Send { to, message } => {
                let mut bytes = Vec::new();
                message.encode(&mut bytes);
                Did::Sent(to, bytes)
            }
            Action::Emit(Event::Found { from, round_trip, payload, .. }) => {
                Did::Found(from, round_trip, payload.to_vec())
            }
            Action::Emit(Event::Request { from, refused, .. }) => Did::Request(from, refused),
            Action::Emit(event) => Did::Other(alloc::format!("{event:?}")),
            Action::Audit => Did::Audited,
            Action::Done(summary) => Did::Done(summary),
        }
    }
}

/// The calls of `handle_timeout` that one moment may need; a machine that needs more is stuck.
pub const MOST_DUE_AT_ONCE: usize = 100_000;

/// Runs a machine through operations, from [`Instant::ZERO`] on.
///
/// # Panics
///
/// Where the machine breaks a law that holds for all machines: it sends in reaction to a datagram, it
/// is not done with a moment after [`MOST_DUE_AT_ONCE`] calls, or it goes on after [`Action::Done`].
pub fn run(machine: &mut dyn Machine, ops: &[Op]) -> Outcome {
    run_from(Instant::ZERO, machine, ops)
}

/// Like [`run`], from another moment on.
///
/// # Panics
///
/// As [`run`] does.
pub fn run_from(start: Instant, machine: &mut dyn Machine, ops: &[Op]) -> Outcome {
    let mut run = Run { machine, outcome: Outcome { now: start, ..Outcome::default() } };
    run.drain();
    for op in ops {
        run.step(op);
    }
    run.outcome
}

struct Run<'m> {
    machine: &'m mut dyn Machine,
    outcome: Outcome,
}

impl Run<'_> {
    fn step(&mut self, op: &Op) {
        let now = self.outcome.now;
        match op {
            Op::Datagram(arrival, bytes) => {
                let did = self.machine.handle_datagram(now, *arrival, bytes).map(Did::from);
                assert!(!matches!(did, Some(Did::Sent(..))), "sent in reaction to a datagram");
                self.record(did);
            }
            Op::Wait(duration) => {
                let end = now + *duration;
                while let Some(due) = self.machine.deadline().filter(|due| *due <= end) {
                    self.outcome.now = self.outcome.now.max(due);
                    self.drain();
                }
                self.outcome.now = end;
            }
            Op::Poke => {
                let did = self.machine.handle_timeout(now).map(Did::from);
                self.record(did);
            }
            Op::Close => self.machine.close(now),
        }
        self.drain();
    }

    fn drain(&mut self) {
        let now = self.outcome.now;
        for _ in 0..MOST_DUE_AT_ONCE {
            if self.machine.deadline().is_none_or(|due| due > now) {
                return;
            }
            let did = self.machine.handle_timeout(now).map(Did::from);
            self.record(did);
        }
        panic!("more than {MOST_DUE_AT_ONCE} timeouts due at {now:?}");
    }

    fn record(&mut self, did: Option<Did>) {
        let Some(did) = did else { return };
        if did == Did::Audited {
            let clean = Observation::Audit(Evidence::CLEAN);
            self.machine.handle_observation(self.outcome.now, clean);
        }
        assert!(!self.outcome.done, "{did:?} after it was done");
        self.outcome.done = matches!(did, Did::Done(_));
        if self.outcome.done {
            assert_eq!(self.machine.deadline(), None, "a deadline after it was done");
        }
        self.outcome.log.push((self.outcome.now, did));
    }
}

//! Everything that can happen to a machine, as values, for property tests, simulators and fuzzers.
//!
//! Operations are decided by bytes, so that a property test, which makes bytes up, and a fuzzer, which is
//! given them, do the same.
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

mod answer;
mod arrivals;
mod choices;
pub mod laws;
mod run;
mod scene;

pub use answer::Answer;
pub use arrivals::{OWN_V4, OWN_V6};
pub use choices::Choices;
pub use run::{Did, MOST_DUE_AT_ONCE, Outcome, run, run_from};
pub use scene::Scene;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::collection::{SizeRange, vec as vec_of};
use proptest::prelude::*;

use crate::{Arrival, Evidence, Observation, plain};
use arrivals::Peers;

/// One thing that happens to a machine, or that its driver does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A datagram arrives.
    Datagram(Arrival, Vec<u8>),
    /// An answer arrives, to a question that the machine has put.
    Answer(Box<Answer>),
    /// A datagram that the machine heard or sent, so many before the last one, arrives again: as it came
    /// then, or like this.
    Again(usize, Option<Arrival>),
    /// Time passes, and whatever becomes due on the way is done at its time.
    Wait(Duration),
    /// `handle_timeout` is called, due or not.
    Poke,
    /// The application closes the machine.
    Close,
    /// The driver reports what it knows. An [`Observation::Audit`] waits until it is asked for, and is the
    /// answer to one audit.
    Observe(Observation),
    /// From now on the driver answers audits so, at first with [`Evidence::CLEAN`], or not at all.
    AnswerAudits(Option<Evidence>),
    /// From now on the operating system has taken a datagram in so long before it is handed over; `None`,
    /// as at first: when it has is not known.
    Lag(Option<Duration>),
    /// From now on all datagrams that come at one time are handed over before what is due is done; or
    /// else, as at first, what is due is done after each.
    ReadMany(bool),
}

/// So many bytes decide an operation.
pub const OP_BYTES: usize = 32;

/// Operations in which a few peers of the plain protocol, on a few interfaces, send things that matter to
/// it and things that don't.
pub fn any_ops(count: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Op>> {
    any_bytes(count).prop_map(|bytes| plain_ops(&bytes))
}

/// Operations of a scene.
pub fn any_ops_of(scene: Scene, count: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Op>> {
    any_bytes(count).prop_map(move |bytes| scene.ops(&bytes))
}

/// Bytes that decide so many operations.
pub fn any_bytes(count: impl Into<SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec_of(any::<[u8; OP_BYTES]>(), count).prop_map(|chunks| chunks.concat())
}

/// The operations that these bytes decide, one for each [`OP_BYTES`] of them; see [`any_ops`].
pub fn plain_ops(bytes: &[u8]) -> Vec<Op> {
    bytes.chunks(OP_BYTES).map(|chunk| plain_op(&mut Choices::new(chunk))).collect()
}

fn plain_op(choices: &mut Choices<'_>) -> Op {
    match choices.below(64) {
        0..4 => Op::Poke,
        4..20 => Op::Wait(scene::wait(choices)),
        // Up to a day: a host that slept.
        20 => Op::Wait(Duration::from_secs(choices.below(86_400))),
        21 => Op::Close,
        22..25 => Op::Observe(scene::observation(choices)),
        25..28 => scene::driver(choices),
        28..32 => {
            let elsewhere = choices.one_in(2).then(|| Peers::Plain.arrival(choices));
            Op::Again(choices.pick(&[0, 1, 5]), elsewhere)
        }
        _ => Op::Datagram(Peers::Plain.arrival(choices), plain_payload(choices)),
    }
}

fn plain_payload(choices: &mut Choices<'_>) -> Vec<u8> {
    match choices.below(16) {
        0..8 => plain::PROBE.to_vec(),
        8..12 => plain::REPLY.to_vec(),
        // Few of these, so that they come again.
        12 => alloc::vec![b'a'; choices.below(3) as usize],
        13 | 14 => {
            let length = choices.below(64) as usize;
            choices.bytes(length)
        }
        _ => {
            let length = 1_400 + choices.below(200) as usize;
            choices.bytes(length)
        }
    }
}

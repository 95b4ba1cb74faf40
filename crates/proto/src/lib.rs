//! Multicast discovery as pure state machines.
//!
//! Nothing in this crate opens a socket, reads a clock, starts a thread or asks for entropy: datagrams
//! and the passing of time go in, [`Action`]s come out. So the same machines run over real sockets
//! (the `mcast-net` crate), under any async runtime, on a microcontroller, or ten thousand at a time
//! in a simulator, and a run is repeated byte for byte by repeating its seed and its inputs.
//!
//! # Driving a machine
//!
//! Every protocol role is a [`Machine`]. A driver does this, for ever or until [`Action::Done`]:
//!
//! 1. While [`Machine::deadline`] is at or before now, call [`Machine::handle_timeout`] and carry out
//!    the action that it returns. The first call starts the machine.
//! 2. Wait until a datagram arrives or until the deadline, whichever comes first.
//! 3. Give each datagram that arrived to [`Machine::handle_datagram`] and carry out what it returns.
//!
//! A machine never sends in reaction to a datagram: it schedules, and the sending comes out of
//! `handle_timeout`. A driver that reads 64 datagrams at once therefore writes its 64 answers at once.
//!
//! What sockets a machine needs it says itself: [`Networked`].
//!
//! # What later versions may add
//!
//! What machines report may grow: enums of reasons and of what protocols say, and structs of results, are
//! non-exhaustive. The kinds of [`Event`] and of [`Action`] are not: they are all that there are.
//! Configurations may grow too, and stay plain structs all the same, so that they can be written down: end
//! each with `..Default::default()`.
//!
//! See [`plain`] and [`service`] for examples in which a discoverer and a responder find each other.
//!
//! # Features
//!
//! - `auth`, by default: authentication by a shared secret ([`wire::Keyring`]). Without it no key can be made.
//! - `proptest`: everything that can happen to a machine, as values for property tests.
//!
//! On a small machine [`Message::encode_to`] fills a buffer of fixed size.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

use alloc::boxed::Box;

mod doubts;
mod event;
mod finding;
mod life;
mod limit;
mod message;
mod networked;
#[cfg(feature = "proptest")]
pub mod ops;
mod owned;
mod path;
pub mod plain;
mod rng;
mod schedule;
mod secret;
pub mod service;
mod time;
pub mod wire;

pub use doubts::Doubts;
pub use event::{Event, Evidence, Observation, Question, Refusal, Summary};
pub use finding::{
    Body, Change, Fact, FactIter, Facts, FactsBuf, FactsFull, Finding, Key, Loss, Protocol, Via,
};
pub use limit::Rate;
pub use message::Message;
pub use networked::{Networked, Role};
pub use owned::{OwnedEvent, OwnedFinding, OwnedKey};
pub use path::{Arrival, Cast, Destination, InterfaceId, Path};
pub use time::Instant;

/// A protocol role: one input, at most one action, and a deadline.
///
/// See the [crate's documentation](crate) for the loop that drives it.
pub trait Machine {
    /// Takes a datagram that came in. Harmless whatever its bytes are; never returns
    /// [`Action::Send`].
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>>;

    /// Does one thing that is due. Call it whenever [`deadline`](Self::deadline) is at or before
    /// `now`, again and again until it is not. Calls before the deadline do nothing.
    ///
    /// The first call starts the machine: its times count from that `now`.
    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>>;

    /// When to call [`handle_timeout`](Self::handle_timeout) next: at or before now means at once,
    /// `None` means that the machine has finished, or waits for a datagram alone.
    fn deadline(&self) -> Option<Instant>;

    /// Asks the machine to come to its end: what it still has to say, and then [`Action::Done`],
    /// come out of [`handle_timeout`](Self::handle_timeout). Closing twice is closing once.
    fn close(&mut self, now: Instant);

    /// Takes what the driver knows of its sockets. A machine that asks many slows down by it; to the
    /// others it means nothing.
    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        let _ = (now, observation);
    }
}

/// So that machines of several kinds are driven by one piece of code.
impl<M: Machine + ?Sized> Machine for Box<M> {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        (**self).handle_datagram(now, arrival, datagram)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        (**self).handle_timeout(now)
    }

    fn deadline(&self) -> Option<Instant> {
        (**self).deadline()
    }

    fn close(&mut self, now: Instant) {
        (**self).close(now);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        (**self).handle_observation(now, observation);
    }
}

/// What a machine wants done. There is nothing else: a driver that knew not all of it would leave work
/// undone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a machine's action is lost unless it is carried out"]
pub enum Action<'a> {
    /// Send this datagram.
    Send {
        /// Where to.
        to: Destination,
        /// What: the driver encodes it into a buffer of its own.
        message: Message<'a>,
    },
    /// A result for the application.
    Emit(Event<'a>),
    /// Say what became of what was sent and heard: the driver first sends what waits to be sent, then
    /// reads what the operating system dropped and whether an interface has changed, and answers at
    /// once, by [`Observation::Audit`], before it calls
    /// [`handle_timeout`](Machine::handle_timeout) again. Datagrams that have come by then it hands over
    /// first. A machine that gets no answer takes it that
    /// nothing is known, and never says that it is complete.
    Audit,
    /// The machine has finished: it wants no more datagrams and has no further deadline.
    Done(Summary),
}

/// Compiles and runs the page on testing, so that it can't drift.
#[cfg(all(doctest, feature = "proptest"))]
#[doc = include_str!("../../../docs/testing.md")]
struct Testing;

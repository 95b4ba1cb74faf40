//! Drives [`mcast_proto`] machines with real multicast sockets, on every interface.
//!
//! To find a service, and to offer one, on every interface and over both families:
//!
//! ```no_run
//! use mcast_proto::Event;
//! use mcast_proto::service::Offer;
//!
//! let printer = Offer::new("printer")?.name("lab-3")?.port(631)?;
//! let offered = mcast_net::offer(printer)?.into_events()?;
//! for heard in mcast_net::discover("printer")?.into_events()? {
//!     if let Event::Found(printer) = heard.as_heard().event {
//!         println!("{:?} at {}", printer.name(), printer.from.remote.ip());
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Both are a [`Driver`], which runs a machine that knows a protocol on an [`Endpoint`], which is a set of
//! sockets. [`Driver::open`] opens the sockets that a machine needs. What it reports is taken in one of
//! three ways.
//!
//! # By a function
//!
//! [`Driver::run`] blocks until the machine has finished, and starts no thread:
//!
//! ```no_run
//! use mcast_net::{Driver, Settings, seed};
//! use mcast_proto::plain::{Discoverer, Discovery};
//!
//! let machine = Discoverer::new(Discovery::default(), seed());
//! let mut driver = Driver::open(machine, &Settings::default())?;
//! let report = driver.run(|heard| println!("{heard:?}"))?;
//! println!("{} found", report.summary.found);
//! # Ok::<(), mcast_net::Error>(())
//! ```
//!
//! # From an iterator
//!
//! [`Driver::into_events`] runs it in a thread of its own, which ends when the iterator is dropped:
//!
//! ```no_run
//! # use mcast_net::{Driver, Settings, seed};
//! # use mcast_proto::plain::{Discoverer, Discovery};
//! # let machine = Discoverer::new(Discovery::default(), seed());
//! let mut events = Driver::open(machine, &Settings::default())?.into_events()?;
//! for heard in &mut events {
//!     println!("{:?}", heard.as_heard());
//! }
//! println!("{} found", events.finish()?.summary.found);
//! # Ok::<(), mcast_net::Error>(())
//! ```
//!
//! # From a stream
//!
//! With the features `tokio` and `async-io`, on Linux, it is a stream that runs without a thread while it is
//! polled: `Driver::into_tokio` and `Driver::into_async_io`; `examples/find.rs` finds a printer and goes on.
//!
//! # Until it is stopped or changed
//!
//! A responder answers until a [`Handle`] ends it, from any thread: the machine says what it still has to,
//! and the run returns its report. The same handle changes what it says while it runs.
//!
//! ```no_run
//! use mcast_net::{Driver, Settings, seed};
//! use mcast_proto::plain::{Responder, Responding};
//!
//! let machine = Responder::new(Responding::default(), seed());
//! let mut driver = Driver::open(machine, &Settings::default())?;
//! let handle = driver.handle();
//! std::thread::spawn(move || {
//!     std::thread::sleep(std::time::Duration::from_secs(60));
//!     handle.stop();
//! });
//! println!("{} answers sent", driver.run(|_| {})?.summary.sent);
//! # Ok::<(), mcast_net::Error>(())
//! ```
//!
//! # On which interfaces
//!
//! Without more words it is [all that make sense](Selector#the-default-choice), and those that come
//! later. [`Settings::interfaces`] takes what the command line takes after `-i`:
//!
//! ```
//! use mcast_net::Settings;
//!
//! let wired = Settings { interfaces: vec!["eth*".parse()?], ..Settings::default() };
//! let by_address = Settings { interfaces: vec!["10.0.0.1".parse()?], ..Settings::default() };
//! let all_but = Settings { interfaces: vec!["!wlan0".parse()?], ..Settings::default() };
//! # Ok::<(), std::convert::Infallible>(())
//! ```
//!
//! [`interfaces`] lists what there is. Through the `log` crate an endpoint tells at the level of info
//! which interfaces it uses and why, warns once of each that fails, and traces datagrams.
//!
//! # What each system tells
//!
//! | | Linux | Windows | macOS, FreeBSD, NetBSD, OpenBSD |
//! | --- | --- | --- | --- |
//! | to whom a datagram was sent | yes | yes | yes |
//! | by which interface it came | yes | yes | over IPv6; over IPv4 the one that its socket is for |
//! | how far it came (its TTL) | yes | no | no |
//! | when the system took it in, how many it dropped | yes | no | no |
//! | single sources are heard | both families | IPv4 | IPv4 |
//! | what an answer leaves from is | chosen | the system's choice | the system's choice |
//! | interfaces that come and go are seen | at once | within 2 s | within 2 s |
//!
//! Without the TTL a peer of another network on the same link is taken for one from beyond the link. Where
//! the system does not say what it dropped, a report says 0, and what is called complete may lack that. A
//! port that an asker sends from is nobody else's, on Windows by `SO_EXCLUSIVEADDRUSE`.
//!
//! # Without this crate
//!
//! The machines need none of this: `examples/tokio.rs`, `smol.rs` and `fixed_buffers.rs` drive them
//! under other runtimes, and as firmware does.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod clock;
mod driver;
mod ear;
mod endpoint;
mod error;
pub mod exchange;
mod faces;
mod identity;
mod interfaces;
mod report;
mod settings;
mod sockets;
mod sys;
mod waiting;

pub use driver::handle::{Ended, Handle};
pub use driver::{Driver, Heard};
pub use ear::{Batch, Ear, Origin};
pub use endpoint::Endpoint;
pub use endpoint::drops::Drops;
pub use error::{Error, ErrorKind};
pub use faces::brief::{discover, offer, watch};
pub use faces::events::{Events, OwnedHeard};
#[cfg(all(target_os = "linux", any(feature = "tokio", feature = "async-io")))]
pub use faces::stream::EventStream;
pub use identity::{ClaimedId, IdSource};
pub use interfaces::choice::Chosen;
pub use interfaces::interface::{Interface, Network, Prefix, needs_zone};
pub use interfaces::link::{Link, Snooping};
pub use interfaces::selector::{Pattern, Selector};
pub use interfaces::{choice, interfaces, is_neighbour, links, route_to};
pub use report::Report;
pub use settings::Settings;
pub use sockets::account::{InterfaceReport, Refused};
pub use waiting::waker::Stopper;

/// A seed for a machine, from the system's source of randomness.
///
/// # Panics
///
/// When the system has none: no machine should then run in step with another's.
pub fn seed() -> u64 {
    getrandom::u64().expect("the system has a source of randomness")
}

/// Compiles the examples of the project's README, of this crate's and of the tutorial, so that they can't drift.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../../../docs/tutorial.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use mcast_proto::service::Responder;

    use super::*;

    fn is_sent_and_shared<T: Send + Sync>() {}
    fn is_sent<T: Send>() {}

    #[test]
    fn what_a_program_has_goes_from_thread_to_thread() {
        is_sent_and_shared::<(Endpoint, Error, Settings, Selector, Interface, Drops, ClaimedId)>();
        is_sent_and_shared::<(Handle<Responder>, Stopper, Report, OwnedHeard)>();
        is_sent::<(Driver<Responder>, Events)>();
        #[cfg(all(target_os = "linux", any(feature = "tokio", feature = "async-io")))]
        is_sent::<EventStream<Responder>>();
    }
}

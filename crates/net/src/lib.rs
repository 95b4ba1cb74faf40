//! Drives [`mcast_proto`] machines with real multicast sockets, on every interface.
//!
//! A [`Driver`] runs a machine, which knows the protocol, on an [`Endpoint`], which is a set of
//! sockets. There are two ways to take what it reports: by a function, or from an iterator.
//!
//! # By a function
//!
//! [`Driver::run`] blocks until the machine has finished, and starts no thread:
//!
//! ```no_run
//! use mcast_net::{Driver, Endpoint, Settings, seed};
//! use mcast_proto::plain::{Discoverer, Discovery};
//!
//! let endpoint = Endpoint::asker(&Settings::default())?;
//! let machine = Discoverer::new(Discovery::default(), seed());
//! let report = Driver::new(machine, endpoint).run(|heard| println!("{heard:?}"))?;
//! println!("{} found", report.summary.found);
//! # Ok::<(), mcast_net::Error>(())
//! ```
//!
//! # From an iterator
//!
//! [`Driver::into_events`] runs it in a thread of its own, which ends when the iterator is dropped:
//!
//! ```no_run
//! # use mcast_net::{Driver, Endpoint, Settings, seed};
//! # use mcast_proto::plain::{Discoverer, Discovery};
//! # let endpoint = Endpoint::asker(&Settings::default())?;
//! # let machine = Discoverer::new(Discovery::default(), seed());
//! let mut events = Driver::new(machine, endpoint).into_events()?;
//! for heard in &mut events {
//!     println!("{:?}", heard.as_heard());
//! }
//! println!("{} found", events.finish()?.summary.found);
//! # Ok::<(), mcast_net::Error>(())
//! ```
//!
//! # Until it is stopped
//!
//! A responder answers until a [`Stopper`] ends it, from any thread: the machine says what it still has
//! to, and the run returns its report.
//!
//! ```no_run
//! use mcast_net::{Driver, Endpoint, Settings, seed};
//! use mcast_proto::plain::{Responder, Responding};
//!
//! let endpoint = Endpoint::member(&Settings::default())?;
//! let mut driver = Driver::new(Responder::new(Responding::default(), seed()), endpoint);
//! let stopper = driver.stopper();
//! std::thread::spawn(move || {
//!     std::thread::sleep(std::time::Duration::from_secs(60));
//!     stopper.stop();
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
//! # With services
//!
//! The machines of [`mcast_proto::service`] run in the same way: `examples/services.rs` offers a printer,
//! and finds it.
//!
//! # Without this crate
//!
//! The machines need none of this: `examples/tokio.rs`, `smol.rs` and `fixed_buffers.rs` drive them
//! under other runtimes, and as firmware does.
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod account;
mod audit;
mod channel;
mod choice;
pub mod clock;
mod driver;
mod drops;
mod endpoint;
mod error;
mod events;
#[cfg(not(target_os = "linux"))]
mod getifaddrs;
mod identity;
mod interface;
mod membership;
mod neighbours;
mod numbers;
mod plan;
mod receive;
mod resolving;
#[cfg(target_os = "linux")]
mod rtnetlink;
mod selector;
mod send;
mod settings;
mod sys;
mod upkeep;
mod wait;
mod waker;
mod watch;

pub use account::{InterfaceReport, Refused};
pub use driver::{Driver, Heard, Report};
pub use drops::Drops;
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind};
pub use events::{Events, OwnedHeard};
#[cfg(not(target_os = "linux"))]
use getifaddrs::Kernel;
pub use identity::ClaimedId;
pub use interface::{Interface, Network, Prefix, interfaces};
#[cfg(target_os = "linux")]
use rtnetlink::Rtnetlink as Kernel;
pub use selector::Selector;
pub use settings::Settings;
pub use waker::Stopper;

/// A seed for a machine, from the system's source of randomness.
///
/// # Panics
///
/// When the system has none: no machine should then run in step with another's.
pub fn seed() -> u64 {
    getrandom::u64().expect("the system has a source of randomness")
}

/// Compiles the examples of the project's README and of this crate's, so that they can't drift.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../README.md")]
struct Readme;

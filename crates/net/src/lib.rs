//! Drives [`mcast_proto`] machines with real multicast sockets, on every interface.
//!
//! An [`Endpoint`] is a set of sockets, opened by [`Settings`]; a [`Driver`] runs a machine on it:
//!
//! ```no_run
//! use mcast_net::{Driver, Endpoint, Settings};
//! use mcast_proto::plain::{Discoverer, Discovery};
//!
//! let endpoint = Endpoint::asker(&Settings::default())?;
//! let machine = Discoverer::new(Discovery::default(), mcast_net::seed());
//! let report = Driver::new(machine, endpoint).run(|heard| println!("{heard:?}"))?;
//! println!("{} found", report.summary.found);
//! # Ok::<(), mcast_net::Error>(())
//! ```
//!
//! Through the `log` crate it tells at the level of info which interfaces it uses and why, warns once
//! of each that fails, and traces datagrams.
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod account;
mod channel;
mod choice;
pub mod clock;
mod driver;
mod endpoint;
mod error;
mod interface;
mod membership;
mod plan;
mod selector;
mod settings;
mod sys;
mod traffic;
mod waker;
mod watch;

pub use account::InterfaceReport;
pub use driver::{Driver, Heard, Report};
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind};
pub use interface::{Interface, Network, interfaces};
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

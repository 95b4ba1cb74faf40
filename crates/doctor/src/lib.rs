//! Why multicast does or does not work on a machine.
//!
//! In three steps, of which only the first two touch the machine: [`gather`] reads what its kernel says,
//! [`probe`] finds out what a datagram really does, and [`verdict`] draws [`Finding`]s from these
//! [`Facts`]. The last is pure: the same facts give the same findings, on any machine.
//!
//! A finding names a cause only where the facts exclude the others; else it is
//! [`Unsure`](Level::Unsure), and says what would decide.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod examine;
pub mod facts;
pub mod finding;
pub mod gather;
pub mod probe;
pub mod verdict;

pub use examine::{Examination, examine, glance};
pub use facts::Facts;
pub use finding::{Code, Finding, Level};

/// Compiles the README's example, so that it can't drift.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! The discovery protocols that devices speak, as pure state machines.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(feature = "mdns")]
pub mod mdns;
mod scan;

//! The discovery protocols that devices speak, as pure state machines.
//!
//! A protocol is a [`scan::Dialect`], which knows its questions and what its answers mean, and nothing else;
//! [`scan::Discoverer`] asks in one once, and [`scan::Watcher`] goes on. Each is a feature of this crate.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(feature = "coap")]
pub mod coap;
#[cfg(feature = "describe")]
pub mod describe;
#[cfg(any(feature = "ssdp", feature = "presets", feature = "describe"))]
#[cfg_attr(not(feature = "ssdp"), allow(dead_code, reason = "presets know no kinds of messages"))]
mod headers;
#[cfg(feature = "mdns")]
pub mod mdns;
pub mod meaning;
#[cfg(feature = "presets")]
pub mod preset;
pub mod scan;
#[cfg(feature = "ssdp")]
pub mod ssdp;
#[cfg(any(feature = "ssdp", feature = "wsd", feature = "describe"))]
mod url;
#[cfg(feature = "wsd")]
pub mod wsd;
#[cfg(any(feature = "wsd", feature = "presets", feature = "describe"))]
mod xml;

//! Drives [`mcast_proto`] machines with real multicast sockets, on every interface.
#![deny(unsafe_code)]
#![warn(missing_docs)]

/// Time for the driver: the one place that reads a clock.
pub mod clock;

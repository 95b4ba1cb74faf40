//! `mcast scan` among real peers, which nobody here wrote: each in a host of its own, all on one segment.
//!
//! They are fetched, and take their time, so all of it is ignored, and prints what it saw:
//!
//! ```text
//! .ci/deep scan
//! ```
#![cfg(target_os = "linux")]

mod bytes;
mod crowd;
mod everybody;
mod finding;
mod lab;
mod long;
mod loss;
mod peer;
mod service_file;
mod watch;
mod watching;
mod words;

//! `mcast doctor` among hosts that are network namespaces: each fault beside a harmless twin, and healthy networks.
//!
//! Every scene is examined as root and as an ordinary user. `cargo test -p mcast-cli --test doctor -- --nocapture`
//! prints the table of fault, verdict and evidence.
#![cfg(target_os = "linux")]

mod examine;
mod faults;
mod healthy;
mod partner;
mod scene;

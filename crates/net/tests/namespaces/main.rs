//! The library in worlds of its own: what it makes of cards, addresses and routes.
//!
//! A test's second half runs in a host of the world that the first half makes: this program is started
//! there again, with the name of an ignored test.
#![cfg(target_os = "linux")]

mod evidence;
#[cfg(not(feature = "portable"))]
mod lanes;
mod listing;
// The portable path has neither filters nor a choice of what a datagram leaves from.
#[cfg(not(feature = "portable"))]
mod membership;
#[cfg(not(feature = "portable"))]
mod sending;

use mcast_net::Settings;
use mcast_proto::plain;
use mcast_tests::netns::{Host, Process};

/// Starts an ignored test of this program in a host.
fn inside(host: &Host<'_>, test: &str) -> Process {
    let program = std::env::current_exe().expect("a test knows where it is");
    host.start(program, [test, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
}

/// On all cards, for the tutorial's group.
fn settings() -> Settings {
    let groups = vec![(plain::GROUP_V4, plain::PORT).into()];
    Settings { groups, ..Settings::default() }
}

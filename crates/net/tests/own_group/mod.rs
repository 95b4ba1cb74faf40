//! A group of a test's own on the loopback interface, where nothing leaves the machine.

use std::net::SocketAddr;

use mcast_net::Settings;

/// It is random, so that tests that run at the same time, here or elsewhere on the machine, don't meet.
pub(crate) fn settings() -> Settings {
    let random = mcast_net::seed().to_ne_bytes();
    let ip = [239, 255, random[0], random[1]];
    // Below the ports that systems give out themselves.
    let port = 10_000 + u16::from_ne_bytes([random[2], random[3]]) % 20_000;
    Settings {
        groups: vec![SocketAddr::from((ip, port))],
        interfaces: vec!["lo".parse().expect("a name")],
        ..Settings::default()
    }
}

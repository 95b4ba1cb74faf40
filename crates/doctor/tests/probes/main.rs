//! What the probes say of networks that are made for them: each test's second half runs in a host of its own, and
//! prints the facts.
#![cfg(target_os = "linux")]

mod echo;
mod signal;

use mcast_doctor::facts::Interface;
use mcast_doctor::probe::Conduct;
use mcast_tests::netns::{Host, Process};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Starts an ignored test of this program in a host.
fn inside(host: &Host<'_>, test: &str) -> Process {
    let program = std::env::current_exe().expect("a test knows where it is");
    host.start(program, [test, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
}

/// The facts that the second half of a test prints.
fn facts<T: DeserializeOwned>(host: &Host<'_>, test: &str) -> T {
    read(&inside(host, test))
}

/// The facts that it prints.
fn read<T: DeserializeOwned>(process: &Process) -> T {
    let line = process.line_with("> ");
    let json = line.split_once("> ").expect("it is there").1;
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// Prints facts for the first half of a test.
fn print(facts: &impl Serialize) {
    println!("\n> {}", serde_json::to_string(facts).expect("facts are JSON"));
}

/// The interfaces of this host, of which all but the loopback are used.
fn interfaces() -> Vec<Interface> {
    let listed = mcast_net::interfaces().expect("a list of interfaces").into_iter();
    let fact = |it: mcast_net::Interface| Interface {
        index: it.index,
        name: it.name,
        up: it.up,
        mtu: 1500,
        used: it.up && !it.loopback,
        addresses: it.addresses.iter().map(|n| format!("{}/{}", n.address, n.prefix_len)).collect(),
        ..Interface::default()
    };
    listed.map(fact).collect()
}

/// Runs a probe with nobody who listens, to its end.
fn to_its_end<T>(probe: impl FnOnce(&mut Conduct<'_>) -> T) -> T {
    probe(&mut Conduct::new(&mut |_| {}, &|| false))
}

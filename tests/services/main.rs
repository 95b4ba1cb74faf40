//! Services on real sockets, by the built binary: found through loss and firewalls, watched, kept to
//! those with the key, and no use as a weapon.
//!
//! What takes long is ignored, and prints figures:
//!
//! ```text
//! cargo test --release -p mcast-cli --test services -- --ignored --nocapture --test-threads 1
//! ```
#![cfg(target_os = "linux")]

mod abuse;
mod announce;
mod cable;
mod crowd;
mod doubts;
mod families;
mod firewall;
mod identity;
mod keys;
mod long;
mod loss;
mod many;
mod refused;
mod reload;
mod scale;
mod watch;

use std::process::Command;

use mcast_tests::netns::{Finished, Host, Packet, Process, Segment, World};
use serde_json::Value;

const GROUP: &str = "239.255.80.9";

/// Types of the structured protocol's datagrams.
const QUERY: u8 = 1;
const REPLY: u8 = 2;
const ANNOUNCE: u8 = 3;
const GOODBYE: u8 = 4;

fn command(host: &Host<'_>, words: &str) -> Command {
    let mut command = host.command(env!("CARGO_BIN_EXE_mcast"));
    command.args(words.split_whitespace());
    command
}

/// Starts `mcast` in a host, with these words.
fn mcast(host: &Host<'_>, words: &str) -> Process {
    Process::start(command(host, words))
}

/// Runs `mcast` in a host to its end.
#[track_caller]
fn run(host: &Host<'_>, words: &str) -> Finished {
    mcast(host, words).wait()
}

/// Starts `mcast respond` with services of these names, and waits until it hears the group.
/// Of the words, those that describe a service describe the last.
#[track_caller]
fn offer(host: &Host<'_>, names: &[String], words: &str) -> Process {
    let before = host.joined("eth0", GROUP);
    let services = names.iter().map(|name| format!("--service printer --name {name} --port 631"));
    let services: Vec<String> = services.collect();
    let responder = mcast(host, &format!("respond --no-plain {} {words}", services.join(" ")));
    host.until_joined("eth0", GROUP, before + 1);
    responder
}

/// A host on the segment, with a card `eth0` of the address 10.0.0.`number`.
fn host<'w>(world: &'w World, lan: &Segment, number: usize) -> Host<'w> {
    let host = world.host();
    host.card("eth0", lan, &[&format!("10.0.0.{number}/24")]);
    host
}

/// An asker, and a host that offers `lab-3`.
fn asker_and_printer<'w>(world: &'w World, words: &str) -> (Host<'w>, Host<'w>, Process) {
    let lan = world.segment();
    let [asker, printer] = [1, 2].map(|number| host(world, &lan, number));
    let responder = offer(&printer, &["lab-3".into()], words);
    (asker, printer, responder)
}

#[track_caller]
fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// The events of one kind in JSON Lines.
#[track_caller]
fn events(stdout: &str, kind: &str) -> Vec<Value> {
    stdout.lines().map(json).filter(|event| event["event"] == kind).collect()
}

/// The names of those found, in order.
#[track_caller]
fn found(finished: &Finished) -> Vec<String> {
    let found = events(&finished.stdout, "found");
    let name =
        |event: &Value| event["name"].as_str().unwrap_or_else(|| panic!("{event}")).to_owned();
    let mut names: Vec<String> = found.iter().map(name).collect();
    names.sort_unstable();
    names
}

/// The last line's account.
#[track_caller]
fn done(finished: &Finished) -> Value {
    events(&finished.stdout, "done").pop().unwrap_or_else(|| panic!("{finished:?}"))
}

/// Whether it is a datagram of the structured protocol, of this type.
fn is(packet: &Packet, kind: u8) -> bool {
    packet.payload.starts_with(b"\xf5md1") && packet.payload.get(4) == Some(&kind)
}

/// Its bytes, as the peers take them.
fn hex(packet: &Packet) -> String {
    packet.payload.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends what was recorded, with the source and destination that it had.
#[track_caller]
fn forge(host: &Host<'_>, packet: &Packet) {
    let [source, destination] = [packet.source, packet.destination].map(|end| end.to_string());
    let forged = host.peer("forge.py", &["eth0", &source, &destination, &hex(packet)]).wait();
    assert_eq!(forged.code, Some(0), "{}", forged.stderr);
}

/// The middle one, and the worst.
fn median_and_worst(mut figures: Vec<f64>) -> (f64, f64) {
    figures.sort_by(f64::total_cmp);
    (figures[figures.len() / 2], figures[figures.len() - 1])
}
